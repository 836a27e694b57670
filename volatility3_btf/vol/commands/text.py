# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Text for people where a table is for machines: what `-r quick` and `-r pretty` show of a `TextGrid`.

Volatility takes renderers from wherever plugins come from. Those here stand in for its own, and end quietly
where the reader of a pipe leaves early, and with a word where types are lost. Any grid that is no `TextGrid`
they hand on to them. Filtered or with hidden columns, a `TextGrid` is a table too.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from typing import Any

from volatility3.cli import text_renderer
from volatility3.framework import interfaces, renderers

from ...pipes import reader_may_leave
from ..symbols.losses import types_may_be_lost

Rows = Iterable[tuple[int, tuple[Any, ...]]]


class TextGrid(renderers.TreeGrid):
    """A table that is also a text.

    Args:
        columns: the table's columns.
        rows: its rows.
        text: the lines of the text; only one of the two is asked for.
    """

    def __init__(self, columns: list[tuple[str, Any]], rows: Rows, text: Iterable[str]) -> None:
        super().__init__(columns, rows)
        self._text = text

    def lines(self) -> Iterator[str]:
        """The lines of the text."""
        self._populated = True
        yield from self._text


class _Piped(text_renderer.CLIRenderer):
    """Minds that its reader may leave, and that a plugin may miss what a damaged image has lost."""

    hidden = True

    def render(self, grid: interfaces.renderers.TreeGrid) -> None:
        """Write a grid to the standard output."""
        with reader_may_leave(), types_may_be_lost():
            self.write(grid)

    def write(self, grid: interfaces.renderers.TreeGrid) -> None:
        """The same; BrokenPipeError where the reader is gone."""
        super().render(grid)


class _TextFirst(_Piped):
    """Shows a `TextGrid` as text."""

    def write(self, grid: interfaces.renderers.TreeGrid) -> None:
        """Write a grid to the standard output."""
        wants_table = self.column_hide_list or getattr(self.filter, "_filters", None)
        if wants_table or not isinstance(grid, TextGrid) or grid.populated:
            super().write(grid)
            return
        sys.stdout.write("\n")
        for line in grid.lines():
            sys.stdout.write(line + "\n")


class QuickText(_TextFirst, text_renderer.QuickTextRenderer):
    """Volatility's default renderer, for `TextGrid` too."""

    name = "quick"
    hidden = False


class PrettyText(_TextFirst, text_renderer.PrettyTextRenderer):
    """Volatility's renderer `pretty`, for `TextGrid` too."""

    name = "pretty"
    hidden = False


class Csv(_Piped, text_renderer.CSVRenderer):
    """Volatility's renderer `csv`."""

    name = "csv"
    hidden = False


class Json(_Piped, text_renderer.JsonRenderer):
    """Volatility's renderer `json`."""

    name = "json"
    hidden = False


class JsonLines(_Piped, text_renderer.JsonLinesRenderer):
    """Volatility's renderer `jsonl`."""

    name = "jsonl"
    hidden = False
