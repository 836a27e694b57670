# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Cells whatever is in them: hostile names, numbers of any size, every kind of absence."""

from __future__ import annotations

import datetime

import pytest
from volatility3.framework import renderers
from volatility3.framework.renderers import format_hints

from volatility3_btf.notebook.frame import Rows, rows_of
from volatility3_btf.notebook.running.result import Collector, Result, column_names

HOSTILE = "<script>alert(1)</script>\x1b[2J\u202e$x$"


def result(columns: list[tuple[str, type]], rows: list[tuple[int, tuple[object, ...]]]) -> Result:
    grid = renderers.TreeGrid(columns, iter(rows))
    collector = Collector(grid)
    grid.populate(collector, None)
    addresses = frozenset(column.name for column in collector.columns if column.is_address)
    return Result("linux.example.Example", {}, collector.table(), addresses)


def frame(columns: list[tuple[str, type]], *rows: tuple[object, ...]) -> Rows:
    return rows_of(result(columns, [(0, row) for row in rows]))


def test_a_hostile_name_stays_a_cell() -> None:
    rows = frame([("COMM", str), ("x" + HOSTILE, str)], (HOSTILE, "x"))
    shown, text = rows._repr_html_(), repr(rows)
    assert rows["COMM"][0] == HOSTILE
    assert "<script" not in shown and "&lt;script&gt;" in shown
    assert "\x1b" not in shown and "\u202e" not in shown and "mathjax_ignore" in shown
    assert "\x1b" not in text and "\u202e" not in text and "\\x1b[2J" in text
    turned = rows.set_index("COMM")
    assert "\x1b" not in turned._repr_html_() + repr(turned)


def test_names_that_are_no_unicode_are_kept_as_escapes() -> None:
    rows = frame([("COMM", str)], ("ok",), ("\udcff",))
    assert rows["COMM"].tolist() == ["ok", "\\udcff"]


def test_integers_of_any_size_stay_exact() -> None:
    big, negative = 2**64 - 1, -(2**63)
    assert frame([("n", int)], (negative,), (1,))["n"].tolist() == [negative, 1]
    assert frame([("n", int)], (big,), (1,))["n"].tolist() == [big, 1]
    assert frame([("n", int)], (2**70,), (-1,))["n"].tolist() == [str(2**70), "-1"]
    hexadecimal = frame([("n", format_hints.Hex)], (format_hints.Hex(big),), (format_hints.Hex(-1),))
    assert hexadecimal["n"].tolist() == [big, big] and "0xffffffffffffffff" in repr(hexadecimal)


def test_times_have_a_zone_and_any_year() -> None:
    early = datetime.datetime(1, 1, 1)
    late = datetime.datetime(9999, 12, 31, tzinfo=datetime.timezone.utc)
    rows = frame([("t", datetime.datetime)], (early,), (late,))
    assert rows["t"].dt.tz is not None
    assert rows.arrow()["t"].to_pylist()[1] == late


@pytest.mark.parametrize(
    ("kind", "name"),
    [
        (renderers.UnreadableValue, "unreadable"),
        (renderers.UnparsableValue, "unparsable"),
        (renderers.NotApplicableValue, "not applicable"),
        (renderers.NotAvailableValue, "not available"),
    ],
)
def test_every_kind_of_absence_is_kept(kind: type, name: str) -> None:
    rows = frame([("a", int), ("b c", str)], (1, kind()), (kind(), "x"))
    assert rows["a"].isna().tolist() == [False, True] and rows["a"].dtype.name == "Int64"
    cells = list(rows.absent.itertuples(index=False, name=None))
    assert sorted(cells) == [(0, "b c", name), (1, "a", name)]


def test_a_tree_of_rows_knows_who_stands_under_whom() -> None:
    made = result([("n", int)], [(0, (1,)), (1, (2,)), (2, (3,)), (1, (4,)), (0, (5,))])
    rows = rows_of(made)
    assert rows["depth"].tolist() == [0, 1, 2, 1, 0]
    assert rows["parent"].fillna(-1).tolist() == [-1, 0, 1, 0, -1]


def test_columns_have_names_that_sql_takes_without_quotes() -> None:
    given = ["OFFSET (V)", "Offset", "End", "a-b", "a b", "1st", "()"]
    assert column_names(given) == ["offset_v", "offset_", "end_", "a_b", "a_b_2", "_1st", "unnamed"]
