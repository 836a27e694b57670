# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""SQL from the shell: `python -m volatility3_btf sql -f memory.raw "select …"`; a prompt without a query."""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final

from ...vol.pipes import reader_may_leave
from ..errors import NotebookError
from ..image import Image
from ..opening import open_image

HELP: Final = """\
Every plugin is a table: select comm, pid from pslist;
with options in quotes: select * from "linux.lsof --pid 1 437";

.tables          every table, and what it shows
.schema TABLE    a table's columns
.save FILE       keep what was run: FILE.duckdb, or a folder of Parquet files
.format FORMAT   how answers are printed: table, csv, json, jsonl
.help            this
.exit            leave (Ctrl-D does, too)"""

_PROMPT, _MORE = "sql> ", "...> "


def main(words: list[str] | None = None) -> int:
    """Answer a query, a file of them, or whoever sits at the terminal; returns the exit code."""
    options = _parser().parse_args(words)
    try:
        with open_image(
            options.file,
            kernel=options.btf_kernel,
            output=options.output,
            plugin_dirs=options.plugin_dirs.split(os.pathsep) if options.plugin_dirs else (),
            progress=not options.quiet,
        ) as image:
            shell = Shell(image, options.format)
            with reader_may_leave():
                if options.query:
                    return shell.answer_all(options.query)
                if sys.stdin.isatty():
                    return shell.talk()
                return shell.answer_all([text for text in _statements(sys.stdin) if text])
    except NotebookError as error:
        print(error, file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m volatility3_btf sql",
        description="Ask a memory image with SQL: every plugin is a table, and runs when a query names it.",
        epilog=HELP,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("-f", "--file", required=True, type=Path, help="the image")
    parser.add_argument("-r", "--format", default="table", choices=_formats(), help="how answers are printed")
    parser.add_argument("-o", "--output", default=".", help="the folder for files that plugins write")
    parser.add_argument("-p", "--plugin-dirs", default="", help="more folders with plugins")
    parser.add_argument("-q", "--quiet", action="store_true", help="without a progress bar")
    parser.add_argument("--btf-kernel", default="", help="of several kernels, the one to take")
    parser.add_argument("query", nargs="*", help="queries, or .tables and .schema; a prompt without one")
    return parser


def _formats() -> list[str]:
    return ["table", "csv", "json", "jsonl"]


class Shell:
    """Queries in, text out.

    Args:
        image: what is asked.
        form: how answers are printed.
    """

    def __init__(self, image: Image, form: str = "table") -> None:
        self._image = image
        self._form = form
        self._said: set[str] = set()

    def answer_all(self, statements: Iterable[str]) -> int:
        """Answer one after the other; the first that cannot be answered ends it.

        Returns:
            The exit code.
        """
        for statement in statements:
            try:
                self.answer(statement)
            except NotebookError as error:
                sys.stdout.flush()
                print(error, file=sys.stderr)
                return 1
        return 0

    def answer(self, statement: str) -> None:
        """Print the answer to a query or to a command that begins with a point.

        Raises:
            NotebookError: there is none.
        """
        if statement.lstrip().startswith("."):
            self._command(statement.strip().rstrip(";"))
            return
        from .text import FORMATS

        found = self._image.database.ask(statement)
        for line in FORMATS[self._form](found):
            print(line)
        sys.stdout.flush()
        for line in found.lines:
            self._say(line)

    def talk(self) -> int:
        """A prompt, until it is left."""
        with contextlib.suppress(ImportError):
            import readline  # noqa: F401  gives input() its history and keys
        print(f"{self._image.path}: SQL ends with a semicolon; .help tells more")
        for statement in _statements(_typed()):
            if statement in (".exit", ".quit"):
                break
            try:
                self.answer(statement)
            except NotebookError as error:
                print(error, file=sys.stderr)
            except KeyboardInterrupt:
                print("interrupted", file=sys.stderr)
        return 0

    def _say(self, line: str) -> None:
        """What was said during the runs goes to stderr, once."""
        if line not in self._said:
            self._said.add(line)
            print(line, file=sys.stderr)

    def _command(self, text: str) -> None:
        name, _, rest = text.partition(" ")
        argument = rest.strip()
        if name == ".tables":
            for table, about in self._image.database.tables():
                print(f"{table:32} {about}")
        elif name == ".schema" and argument:
            self._schema(argument)
        elif name == ".schema":
            for table, _ in self._image.database.tables():
                self._schema(table, must=False)
        elif name == ".save" and argument:
            print(self._image.save(argument))
        elif name == ".format" and argument in _formats():
            self._form = argument
        elif name == ".help":
            print(HELP)
        else:
            raise NotebookError(f"there is no {text!r}: .help tells what there is")

    def _schema(self, table: str, must: bool = True) -> None:
        """A table as a statement that would make it, with its comments."""
        from .tables import quoted

        name = table.strip("\"'")
        try:
            columns = self._image.database.columns(name)
        except NotebookError as error:
            if must:
                raise
            print(f"-- {table}: {error}")
            return
        about = dict(self._image.database.tables()).get(name.lower(), "")
        print(f"create table {quoted(name)} (" + (f"  -- {about}" if about else ""))
        for number, (column, kind, comment) in enumerate(columns):
            comma = "," if number + 1 < len(columns) else ""
            print(f"    {column} {kind}{comma}" + (f"  -- {comment}" if comment else ""))
        print(");")


def _typed() -> Iterator[str]:
    """Lines that are typed at the prompt."""
    prompt = _PROMPT
    while True:
        try:
            line = input(prompt)
        except EOFError:
            print()
            return
        except KeyboardInterrupt:
            print()
            continue
        yield line
        prompt = _PROMPT if not line.strip() or line.rstrip().endswith(";") or line.startswith(".") else _MORE


def _statements(lines: Iterable[str]) -> Iterator[str]:
    """Statements of lines: each ends with a semicolon at a line's end, commands with their line."""
    held: list[str] = []
    for line in lines:
        text = line.rstrip()
        if not held and text.startswith("."):
            yield text
            continue
        if text or held:
            held.append(text)
        if text.endswith(";"):
            yield "\n".join(held)
            held = []
    if "".join(held).strip():
        yield "\n".join(held)
