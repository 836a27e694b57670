# SPDX-License-Identifier: Apache-2.0
"""Commands that need no Volatility: `python -m volatility3_btf COMMAND …`."""

from __future__ import annotations

import argparse
import logging
import sys
from importlib import import_module
from typing import Final

from .pipes import reader_may_leave

COMMANDS: Final = {"isf": "isf", "library": "library"}
"""Each command, and the module in `cli` that does it."""


def main(arguments: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="python -m volatility3_btf", description=__doc__)
    added = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    modules = {name: import_module(f".cli.{home}", __package__) for name, home in COMMANDS.items()}
    for name, module in modules.items():
        text = module.DESCRIPTION
        module.add_arguments(added.add_parser(name, description=text, help=text))
    options = parser.parse_args(arguments)
    logging.basicConfig(format="%(levelname)s: %(message)s", level=logging.WARNING)
    return int(modules[options.command].run(options))


if __name__ == "__main__":
    with reader_may_leave():
        exit_code = main()
    sys.exit(exit_code)
