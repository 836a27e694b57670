# SPDX-License-Identifier: Apache-2.0
"""A few records can stand for millions of lines; no answer has more than a budget's worth."""

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from support.btfwriter import Writer
from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.budget import MOST_SHOWN, ROW, Budget
from volatility3_btf.btf.views.difference import diff
from volatility3_btf.btf.views.search import find_members
from volatility3_btf.btf.views.table_rows import rows_of
from volatility3_btf.btf.views.text import prototype, render

MANY = 2000
LISTED = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.TYPEDEF, Kind.INT, Kind.FLOAT, Kind.FWD)
Ask = Callable[[Types, Budget], int]


def _bodies() -> Writer:
    """Many structs that hold one body of many members."""
    writer = Writer()
    integer = writer.integer("int", 4)
    body = writer.struct("", 4, [(f"m{number}", integer, 0) for number in range(MANY)])
    for number in range(MANY):
        writer.struct(f"s{number}", 4, [("", body, 0)])
    return writer


def _enumerations() -> Writer:
    """Many structs with a member of one enumeration of many values."""
    writer = Writer()
    enum = writer.enum("", [(f"V{number}", number) for number in range(MANY)])
    for number in range(MANY):
        writer.struct(f"s{number}", 4, [("mode", enum, 0)])
    return writer


def _prototypes() -> Writer:
    """Many structs and functions of one type that has many parameters."""
    writer = Writer()
    integer = writer.integer("int", 4)
    proto = writer.func_proto(integer, [("", integer)] * MANY)
    pointer = writer.ptr(proto)
    for number in range(MANY):
        writer.struct(f"s{number}", 8, [("call", pointer, 0)])
        writer.func(f"f{number}", proto)
    return writer


def _names() -> Writer:
    """Many structs with long names, members with long names, and one body in the other."""
    writer = Writer()
    body = writer.integer("int", 4)
    for level in range(20):
        body = writer.struct("", 4, [(f"{level:x}" * 500, body, 0)])
    for number in range(MANY):
        writer.struct(f"{number:04}" * 250, 4, [("inner", body, 0)])
    return writer


def _rows(types: Types, budget: Budget) -> int:
    found = budget.within(types.of_kind(Kind.STRUCT))
    return sum(len(f"{row}") for one in found for row in rows_of(one, budget))


def _text(types: Types, budget: Budget) -> int:
    return sum(len(render(found, budget)) for found in budget.within(types.of_kind(Kind.STRUCT)))


def _changes(types: Types, budget: Budget) -> int:
    return len(list(diff(types, types, budget=budget)))


def _members(types: Types, budget: Budget) -> int:
    return sum(len(f"{row}") for row in find_members(types, "*", budget))


@pytest.mark.parametrize("make", [_bodies, _enumerations, _prototypes, _names])
@pytest.mark.parametrize("ask", [_rows, _text, _changes, _members])
def test_what_few_records_stand_for_is_cut_short(make: Callable[[], Writer], ask: Ask) -> None:
    types = Types(make().blob())
    sizes = []
    for parts in (20_000, 40_000):
        budget = Budget(parts)
        sizes.append(ask(types, budget))
        assert sizes[-1] < 200 * parts
        if (make, ask) not in ((_enumerations, _rows), (_enumerations, _members)):  # they show no values
            assert budget.is_used_up
    assert all(less <= more for less, more in pairwise(sizes))


def test_what_is_left_out_is_said() -> None:
    types = Types(_bodies().blob())
    budget = Budget(MANY)
    assert render(types["s0"], budget).splitlines()[1] == (
        "    struct {...};                                        /*     0     4 */"
    )
    assert budget.is_used_up
    large = Writer()
    large.struct("large", 4, [("m", large.integer("int", 4), 0)] * MANY)
    assert "left out" in render(Types(large.blob())["large"], Budget(MANY))
    assert [row.member for row in rows_of(Types(large.blob())["large"], Budget(MANY))] == [None]


def test_what_suffices_is_left_out_nowhere() -> None:
    types = Types(_bodies().blob())
    budget = Budget()
    assert render(types["s0"], budget).count(";") == MANY + 2
    assert len(list(rows_of(types["s0"], budget))) == MANY
    assert not budget.is_used_up


@pytest.mark.parametrize("name", ["amd64-7", "amd64-5.10"])
def test_no_kernel_comes_near_it(name: str, dump: Callable[[str], Any]) -> None:
    types = Types((Path(dump(name).btf) / "vmlinux").read_bytes())
    budget = Budget(MOST_SHOWN // 2)
    for found in budget.within(types.of_kind(*LISTED)):
        if found.name:
            render(found, budget)
    assert not budget.is_used_up
    budget = Budget(MOST_SHOWN * 3 // 4)
    for found in budget.within(types.of_kind(*LISTED)):
        if found.name:
            assert all(budget.take(ROW) for _ in rows_of(found, budget))
    assert not budget.is_used_up
    budget = Budget(MOST_SHOWN)
    for function in budget.within(types.of_kind(Kind.FUNC)):
        prototype(function, budget)
        budget.take(ROW)
    assert not budget.is_used_up
