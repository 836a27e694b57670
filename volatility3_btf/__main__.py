# SPDX-License-Identifier: Apache-2.0
"""`python -m volatility3_btf COMMAND …`: what the project does without being a plugin."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module
from typing import Final

from .pipes import reader_may_leave

COMMANDS: Final = {"isf": "isf", "library": "library"}
"""Each command that needs no Volatility, and the module in `cli` that does it."""

SQL: Final = "sql"
_ABOUT_SQL: Final = "ask an image with SQL: every plugin is a table (needs the extra `notebook`)"


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    words = sys.argv[1:] if arguments is None else arguments
    if words[:1] == [SQL]:
        return int(import_module(".notebook.sql.shell", __package__).main(words[1:]))
    parser = argparse.ArgumentParser(prog="python -m volatility3_btf", description=__doc__)
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: import_module(f".cli.{home}", __package__) for name, home in COMMANDS.items()}
    for name, module in modules.items():
        text = module.DESCRIPTION
        module.add_arguments(added.add_parser(name, description=text, help=text))
    added.add_parser(SQL, help=_ABOUT_SQL)
    options = parser.parse_args(words)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    return int(modules[options.command].run(options))


if __name__ == "__main__":
    with reader_may_leave():
        exit_code = main()
    sys.exit(exit_code)
