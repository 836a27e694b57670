# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An answer as text: for people, and as CSV and JSON for programs."""

from __future__ import annotations

import csv
import datetime
import io
import json
from collections.abc import Callable, Iterator
from typing import Any, Final

from .database import Answer

ABSENT: Final = "-"
"""What a missing value is in a table for people, as Volatility has it."""

_AT_ONCE: Final = 4096
"""Rows that are turned into text at once."""

_WIDEST: Final = 120
"""Characters of a cell in a table for people."""


def table(answer: Answer) -> Iterator[str]:
    """Lines of a table with aligned columns; widths are those of the first rows."""
    if answer.data is None:
        return
    names = answer.data.column_names
    widths = [len(name) for name in names]
    for number, rows in enumerate(_pieces(answer, _for_people)):
        if number == 0:
            longest = [max(map(len, cells), default=0) for cells in zip(*rows, strict=True)]
            widths = [max(pair) for pair in zip(widths, longest or widths, strict=True)]
            yield _aligned(names, widths)
            yield _aligned(["-" * width for width in widths], widths)
        yield from (_aligned(cells, widths) for cells in rows)


def as_csv(answer: Answer) -> Iterator[str]:
    """Lines of CSV with a head; missing values are empty."""
    if answer.data is None:
        return
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(answer.data.column_names)
    for rows in _pieces(answer, _for_programs):
        writer.writerows(rows)
        yield out.getvalue().removesuffix("\n")
        out.seek(0)
        out.truncate()


def as_json(answer: Answer) -> Iterator[str]:
    """One JSON array."""
    yield "["
    before = ""
    for line in as_json_lines(answer):
        if before:
            yield before + ","
        before = line
    if before:
        yield before
    yield "]"


def as_json_lines(answer: Answer) -> Iterator[str]:
    """A JSON object a line; addresses are numbers, as in Volatility's JSON."""
    if answer.data is None:
        return
    for low in range(0, len(answer.data), _AT_ONCE):
        for row in answer.data.slice(low, _AT_ONCE).to_pylist(maps_as_pydicts="lossy"):
            yield json.dumps(row, default=_for_json, ensure_ascii=False)


FORMATS: Final[dict[str, Callable[[Answer], Iterator[str]]]] = {
    "table": table,
    "csv": as_csv,
    "json": as_json,
    "jsonl": as_json_lines,
}


def _pieces(answer: Answer, cell: Callable[[Any, bool], str]) -> Iterator[list[list[str]]]:
    """The rows as texts, some at a time; at least one piece."""
    data: Any = answer.data
    are_addresses = [name in answer.addresses for name in data.column_names]
    for low in range(0, max(len(data), 1), _AT_ONCE):
        columns = data.slice(low, _AT_ONCE).columns
        texts = [
            [cell(value, is_address) for value in column.to_pylist()]
            for column, is_address in zip(columns, are_addresses, strict=True)
        ]
        yield [list(row) for row in zip(*texts, strict=True)]


def _for_people(value: Any, is_address: bool) -> str:
    text = ABSENT if value is None else _text(value, is_address)
    shown = "".join(
        each if each.isprintable() else each.encode("unicode_escape").decode() for each in text[: _WIDEST + 1]
    )
    return shown if len(shown) <= _WIDEST else shown[: _WIDEST - 3] + "..."


def _for_programs(value: Any, is_address: bool) -> str:
    return "" if value is None else _text(value, is_address)


def _text(value: Any, is_address: bool) -> str:
    if is_address:
        return f"{value:#x}"
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, datetime.datetime):
        return value.isoformat(" ")
    if isinstance(value, (list, dict)):
        return json.dumps(value, default=_for_json, ensure_ascii=False)
    return str(value)


def _for_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex(" ")
    if isinstance(value, datetime.datetime):
        return value.isoformat()
    return str(value)


def _aligned(cells: list[str], widths: list[int]) -> str:
    return "  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip()
