# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Rows of a plugin or a query as a pandas DataFrame that knows what was said of them.

pandas, because it can be subclassed: addresses stay hexadecimal and what was said stays with the rows when
they are filtered, sorted and joined. Others are one call away: `rows.polars()`, `rows.arrow()`.
"""

from __future__ import annotations

import html
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pandas
import pyarrow as pa

from .packages import need
from .running.result import DEPTH, PARENT, Result

MOST_ROWS: Final = 60
"""Rows that are shown whole; of more the first and the last ten are."""

_DTYPES: Final = {
    pa.uint64(): pandas.UInt64Dtype(),
    pa.int64(): pandas.Int64Dtype(),
    pa.int32(): pandas.Int32Dtype(),
    pa.bool_(): pandas.BooleanDtype(),
    pa.float64(): pandas.Float64Dtype(),
    pa.string(): pandas.StringDtype("pyarrow"),
}


@dataclass(frozen=True)
class About:
    """What is to be known of rows beside themselves.

    Attributes:
        what: the plugin, or the query.
        options: what the plugin was told.
        lines: what was said of the kernel and during the run: what is not complete, not certain, not read.
        files: what the plugin wrote.
        addresses: the columns that hold addresses.
        absent: of what kind a missing cell is, by the row's label in the index and the column.
        error: why the plugin stopped before its end; empty if it did not.
    """

    what: str = ""
    options: Mapping[str, Any] = field(default_factory=dict)
    lines: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    addresses: frozenset[str] = frozenset()
    absent: Mapping[tuple[int, str], str] = field(default_factory=dict)
    error: str = ""

    def joined(self, other: About) -> About:
        """Of rows that were made of both; cells cannot be told apart any more."""
        return About(
            what=" and ".join(dict.fromkeys(filter(None, (self.what, other.what)))),
            lines=tuple(dict.fromkeys(self.lines + other.lines)),
            files=tuple(dict.fromkeys(self.files + other.files)),
            addresses=self.addresses | other.addresses,
            error=self.error or other.error,
        )


class Rows(pandas.DataFrame):
    """A DataFrame that shows addresses in hexadecimal, and warnings below the rows.

    Attributes:
        about: where the rows come from, the warnings, and why cells are missing.
    """

    _metadata = ["about"]
    about: About

    def __init__(self, *args: Any, about: About | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.about = about or About()

    @property
    def _constructor(self) -> type[Rows]:
        return Rows

    @property
    def lines(self) -> tuple[str, ...]:
        """The warnings of the run, a line each."""
        return self.about.lines

    @property
    def files(self) -> tuple[Path, ...]:
        """The files that the plugin wrote."""
        return self.about.files

    @property
    def absent(self) -> Rows:
        """Which cells of these rows are missing, and why: index, column, kind of absence."""
        here = set(self.index)
        columns = set(self.columns)
        cells = [
            (label, column, kind)
            for (label, column), kind in self.about.absent.items()
            if label in here and column in columns
        ]
        return Rows(cells, columns=["index", "column", "kind"], about=About("missing cells"))

    def arrow(self) -> pa.Table:
        """The same as an Arrow table."""
        return pa.Table.from_pandas(pandas.DataFrame(self), preserve_index=False)

    def polars(self) -> Any:
        """The same as a polars DataFrame."""
        return need("polars").from_arrow(self.arrow())

    def __finalize__(self, other: Any, method: str | None = None, **kwargs: Any) -> Rows:
        """Keep what was said when pandas makes new rows of these."""
        super().__finalize__(other, method=method, **kwargs)
        if method in ("merge", "concat"):
            parts = getattr(other, "input_objs", None) or getattr(other, "objs", None)
            parts = parts or [getattr(other, "left", None), getattr(other, "right", None)]
            self.about = About()
            for part in parts:
                if isinstance(part, Rows):
                    self.about = self.about.joined(part.about)
        return self

    def __repr__(self) -> str:
        """The rows as text, and under them what was said."""
        few = len(self) <= MOST_ROWS
        shown = self._shown()
        body = shown.to_string(
            max_rows=None if few else 20,
            max_cols=None,
            max_colwidth=60,
            line_width=pandas.get_option("display.width"),
            show_dimensions=True,
            formatters=self._formatters(),
        )
        return "\n".join([body if len(self) else self._nothing(), *self._footnotes()])

    def _repr_html_(self) -> str:
        few = len(self) <= MOST_ROWS
        shown = self._shown()
        body = shown.to_html(
            max_rows=None if few else 20,
            show_dimensions=True,
            notebook=True,
            formatters=self._formatters(),
            classes=["tex2jax_ignore", "mathjax_ignore"],
        )
        notes = [] if len(self) else [self._nothing()]
        return str(body) + as_list(notes + self._footnotes())

    def _shown(self) -> pandas.DataFrame:
        """The same with names of columns and rows that can be shown: a query can make them of cells."""
        shown = pandas.DataFrame(self).copy(deep=False)
        shown.columns = pandas.Index([plain(name) for name in self.columns])
        if pandas.api.types.is_string_dtype(self.index) or pandas.api.types.is_object_dtype(self.index):
            shown.index = self.index.map(plain)
        return shown

    def _formatters(self) -> list[Callable[[Any], str] | None]:
        """How each column's cells are shown; missing ones pandas shows by itself."""
        found: list[Callable[[Any], str] | None] = []
        for name, dtype in self.dtypes.items():
            if name in self.about.addresses and pandas.api.types.is_integer_dtype(dtype):
                found.append(hexadecimal)
            elif pandas.api.types.is_string_dtype(dtype) or pandas.api.types.is_object_dtype(dtype):
                found.append(plain)
            else:
                found.append(None)
        return found

    def _nothing(self) -> str:
        """Why there are no rows, as far as it is known."""
        return f"{self.about.what or 'This'}: no rows. {why_empty(self.about)}"

    def _footnotes(self) -> list[str]:
        notes = list(self.lines)
        if self.about.error:
            notes.insert(0, f"NOT COMPLETE, the plugin stopped: {self.about.error}")
        if self.about.absent:
            counts: dict[tuple[str, str], int] = {}
            for _, column, kind in self.absent.itertuples(index=False):
                counts[column, kind] = counts.get((column, kind), 0) + 1
            told = [f"{column} {kind} ({count})" for (column, kind), count in counts.items()]
            notes += ["Missing: " + ", ".join(told)] if told else []
        notes += [f"Written: {', '.join(str(path) for path in self.files)}"] if self.files else []
        return notes


def why_empty(about: About) -> str:
    """A sentence on why a table is empty."""
    if about.error:
        return "The plugin stopped before it had found anything."
    if about.lines:
        return "What was said during the run may be why:"
    given = ", ".join(f"{key}={value!r}" for key, value in about.options.items())
    return "Nothing went wrong, and nothing was found" + (f" with {given}." if given else ".")


def rows_of(result: Result) -> Rows:
    """A result as a DataFrame; depth and parent are columns where rows stand under others."""
    names = list(result.own_columns)
    own = len(names)
    names += [PARENT, DEPTH] if result.is_tree else []
    places = [*range(own), *([own + 1, own + 2] if result.is_tree else [])]
    about = About(
        what=result.plugin,
        options=result.options,
        lines=result.lines,
        files=result.files,
        addresses=result.addresses,
        absent=_absent(result),
        error=result.error,
    )
    return from_arrow(result.table.select(places), about)


def from_arrow(table: pa.Table, about: About) -> Rows:
    """An Arrow table as rows: integers stay integers where cells are missing, times keep their zone."""
    return Rows(table.to_pandas(types_mapper=_DTYPES.get), about=about)


def _absent(result: Result) -> dict[tuple[int, str], str]:
    column = result.table.column(result.table.num_columns - 1)
    if column.null_count == len(column):
        return {}
    own = dict(zip(result.sql_names, result.table.column_names, strict=True))
    cells = ((row, pair) for row, pairs in enumerate(column.to_pylist()) for pair in pairs or ())
    return {(row, own[name]): kind for row, (name, kind) in cells}


def hexadecimal(value: Any) -> str:
    """An address as it is shown."""
    return f"{int(value):#x}"


def plain(value: Any) -> str:
    """A text in one line: what would move a terminal's cursor or turn text around is shown as an escape."""
    if isinstance(value, str):
        text = value
    elif isinstance(value, bytes):
        return value.hex(" ")
    elif isinstance(value, Iterable):
        parts = [f"{part[0]}: {part[1]}" if isinstance(part, tuple) else str(part) for part in value]
        text = "; ".join(parts)
    else:
        text = str(value)
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def as_list(notes: Sequence[str]) -> str:
    """Lines as HTML, below what they are about; nothing of them is taken for markup."""
    if not notes:
        return ""
    items = "".join(f"<li>{html.escape(note)}</li>" for note in notes)
    return f'<ul class="volatility-lines tex2jax_ignore mathjax_ignore">{items}</ul>'
