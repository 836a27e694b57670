# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A plugin's grid as Arrow columns of its types: nothing becomes text that is no text."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Sequence
from typing import Any, Final

import pyarrow as pa
from volatility3.cli import text_renderer
from volatility3.framework import interfaces, renderers
from volatility3.framework.renderers import format_hints

from ...bits import ALL_BITS

ABSENT: Final[dict[type, str]] = {
    renderers.UnreadableValue: "unreadable",
    renderers.UnparsableValue: "unparsable",
    renderers.NotApplicableValue: "not applicable",
    renderers.NotAvailableValue: "not available",
}
"""What Volatility's kinds of absence are called."""

UTC: Final = datetime.timezone.utc
TIME: Final = pa.timestamp("us", tz="UTC")
_INT64: Final = range(-(1 << 63), 1 << 63)


class Column:
    """One column of a grid while its rows come in.

    Attributes:
        name: as the plugin has it.
        is_address: whether the plugin shows it in hexadecimal.
        absent: by row, of what kind a missing value is.
    """

    def __init__(self, name: str, kind: type) -> None:
        self.name = name
        self.is_address = issubclass(kind, format_hints.Hex)
        self.absent: dict[int, str] = {}
        self._values: list[Any] = []
        self._plain, self._build = _ways(kind)

    def add(self, value: Any) -> None:
        """Take the next row's value."""
        if isinstance(value, interfaces.renderers.BaseAbsentValue):
            self.absent[len(self._values)] = ABSENT.get(type(value), type(value).__name__)
            self._values.append(None)
        else:
            self._values.append(self._plain(value))

    def array(self) -> pa.Array:
        """The values, with nulls for those that are absent."""
        return self._build(self._values)


def _ways(kind: type) -> tuple[Callable[[Any], Any], Callable[[list[Any]], pa.Array]]:
    """How a value of a column's type becomes a plain one, and how those become an array."""
    if issubclass(kind, bool):
        return bool, lambda values: pa.array(values, pa.bool_())
    if issubclass(kind, (format_hints.Hex, format_hints.Bin)):
        return int, _addresses
    if issubclass(kind, int):
        return int, _integers
    if issubclass(kind, float):
        return float, lambda values: pa.array(values, pa.float64())
    if issubclass(kind, datetime.datetime):
        return _time, lambda values: pa.array(values, TIME)
    if issubclass(kind, format_hints.MultiTypeData):
        return text_renderer.multitypedata_as_text, _texts
    if issubclass(kind, bytes):
        return bytes, lambda values: pa.array(values, pa.binary())
    if issubclass(kind, renderers.Disassembly):
        return text_renderer.display_disassembly, _texts
    if issubclass(kind, renderers.LayerData):
        return _bytes_of, lambda values: pa.array(values, pa.binary())
    return str, _texts


def _texts(values: list[str | None]) -> pa.Array:
    try:
        return pa.array(values, pa.string())
    except UnicodeEncodeError:
        whole = [value and value.encode("utf-8", "backslashreplace").decode() for value in values]
        return pa.array(whole, pa.string())


def _addresses(values: list[int | None]) -> pa.Array:
    """Unsigned 64 bits; what a plugin made of negative numbers is taken modulo 2**64."""
    try:
        return pa.array(values, pa.uint64())
    except (OverflowError, pa.ArrowInvalid):
        masked = [None if value is None else value & ALL_BITS for value in values]
        return pa.array(masked, pa.uint64())


def _integers(values: list[int | None]) -> pa.Array:
    """Signed 64 bits; unsigned where a value needs it, and text where none of both holds them all."""
    try:
        return pa.array(values, pa.int64())
    except (OverflowError, pa.ArrowInvalid):
        known = [value for value in values if value is not None]
        if min(known) >= 0 and max(known) <= ALL_BITS:
            return pa.array(values, pa.uint64())
        return pa.array([None if value is None else str(value) for value in values], pa.string())


def _time(value: datetime.datetime) -> datetime.datetime:
    """In UTC; Volatility's times without a zone are in it already."""
    return value.astimezone(UTC) if value.tzinfo else value.replace(tzinfo=UTC)


def _bytes_of(data: renderers.LayerData) -> bytes:
    layer = data.context.layers[data.layer_name]
    return bytes(layer.read(data.offset, data.length, pad=True))


def absences(columns: Sequence[Column], names: Sequence[str], rows: int) -> pa.Array:
    """For each row which cells are absent, and of what kind; null where all are there.

    Args:
        columns: the columns.
        names: what they are called in the answer.
        rows: how many rows there are.
    """
    by_row: dict[int, list[tuple[str, str]]] = {}
    for name, column in zip(names, columns, strict=False):
        for row, kind in column.absent.items():
            by_row.setdefault(row, []).append((name, kind))
    return pa.array([by_row.get(row) for row in range(rows)], pa.map_(pa.string(), pa.string()))
