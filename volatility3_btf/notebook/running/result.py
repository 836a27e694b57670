# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What one run of a plugin gave: its rows as columns, and all that must be told with them."""

from __future__ import annotations

import datetime
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import pyarrow as pa
from volatility3.framework import interfaces

from .columns import Column, absences

ROW, PARENT, DEPTH, ABSENT = "row", "parent", "depth", "absent"
TREE: Final = (ROW, PARENT, DEPTH)
"""Columns that every table has behind the plugin's own: a row's number, that of the row it stands under, and
how deep; and which of its cells are absent, and of what kind."""

RESERVED: Final = frozenset(
    """
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create
    default deferrable desc describe distinct do else end except false fetch for foreign from group having in
    initially intersect into lambda lateral leading limit not null offset on only or order pivot pivot_longer
    pivot_wider placing primary qualify references returning select show some summarize symmetric table then
    to trailing true union unique unpivot using variadic when where window with
    """.split()
)
"""Words that are no column's name in DuckDB without quotes (duckdb_keywords(), category reserved)."""


@dataclass(frozen=True, eq=False)
class Result:
    """The rows of one run.

    Attributes:
        plugin: the plugin's full name.
        options: what it was told.
        table: its columns by the plugin's own names; then row, parent, depth, and absent, where columns have
            the names that they have in SQL.
        addresses: names of the columns that it shows in hexadecimal.
        lines: what was said of the kernel and during the run.
        files: what it wrote.
        started: when it began.
        error: why it stopped before its end; empty if it did not.
    """

    plugin: str
    options: Mapping[str, Any]
    table: pa.Table
    addresses: frozenset[str]
    lines: tuple[str, ...] = ()
    files: tuple[Path, ...] = ()
    started: datetime.datetime = field(default_factory=lambda: datetime.datetime.now(datetime.timezone.utc))
    error: str = ""

    @property
    def is_tree(self) -> bool:
        """Whether any row stands under another one."""
        parents = self.table.column(self.table.num_columns - 4 + TREE.index(PARENT))
        return bool(parents.null_count < len(self.table))

    @property
    def own_columns(self) -> list[str]:
        """The plugin's columns."""
        return list(self.table.column_names[: -len(TREE) - 1])

    @property
    def sql_names(self) -> list[str]:
        """What all columns are called in SQL."""
        return column_names(self.table.column_names)


class Collector:
    """Takes a grid's rows one by one."""

    def __init__(self, grid: interfaces.renderers.TreeGrid) -> None:
        self.columns = [Column(column.name, column.type) for column in grid.columns]
        self._depths: list[int] = []
        self._parents: list[int | None] = []
        self._above: list[int] = []

    def __call__(self, node: interfaces.renderers.TreeNode, count: Any = None) -> Any:
        """Take a row; called in the order in which they are shown."""
        depth = max(0, node.path_depth - 1)
        del self._above[depth:]
        self._parents.append(self._above[-1] if self._above else None)
        self._above.append(len(self._depths))
        self._depths.append(depth)
        for column, value in zip(self.columns, node.values, strict=True):
            column.add(value)
        return count

    def table(self) -> pa.Table:
        """All rows taken so far."""
        rows = len(self._depths)
        arrays = [column.array() for column in self.columns]
        arrays.append(pa.array(range(rows), pa.int64()))
        arrays.append(pa.array(self._parents, pa.int64()))
        arrays.append(pa.array(self._depths, pa.int32()))
        names = [*(column.name for column in self.columns), *TREE, ABSENT]
        arrays.append(absences(self.columns, column_names(names), rows))
        return pa.table(arrays, names=names)


def column_names(columns: Sequence[str]) -> list[str]:
    """Names that need no quotes: `OFFSET (V)` is `offset_v`, `Offset`, which SQL reserves, is `offset_`."""
    found: list[str] = []
    for column in columns:
        name = re.sub(r"[^0-9a-z]+", "_", column.lower()).strip("_") or "unnamed"
        name = f"_{name}" if name[0].isdigit() else f"{name}_" if name in RESERVED else name
        number, free = 1, name
        while free in found:
            number += 1
            free = f"{name}_{number}"
        found.append(free)
    return found
