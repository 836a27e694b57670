# SPDX-License-Identifier: Apache-2.0
"""`python -m volatility3_btf COMMAND`: what the project does without being a plugin."""

from __future__ import annotations

import sys
from importlib import import_module
from typing import Final

COMMANDS: Final = {
    "sql": ("notebook.sql.shell", "ask an image with SQL: every plugin is a table"),
}
"""By name: the module whose `main` it is, and what it does."""


def main(words: list[str] | None = None) -> int:
    """Run a command; returns the exit code."""
    words = sys.argv[1:] if words is None else words
    if not words or words[0] in ("-h", "--help"):
        print("usage: python -m volatility3_btf COMMAND …\n")
        for name, (_, about) in COMMANDS.items():
            print(f"  {name:10} {about}")
        return 0 if words else 2
    if words[0] not in COMMANDS:
        print(f"no command {words[0]!r}: there are {', '.join(COMMANDS)}", file=sys.stderr)
        return 2
    module, _ = COMMANDS[words[0]]
    return int(import_module(f".{module}", __package__).main(words[1:]))


if __name__ == "__main__":
    sys.exit(main())
