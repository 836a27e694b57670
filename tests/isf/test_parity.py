# SPDX-License-Identifier: Apache-2.0
"""The comparison of two ISF documents that `make parity` rests on: what it sees, and what it lets pass."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from parity.documents import (
    JOINED,
    NARROW,
    SEVERAL,
    SHARED,
    SIGN,
    Isf,
    compare_enums,
    compare_symbols,
    compare_types,
)

Entry = dict[str, Any]
INT: Entry = {"kind": "base", "name": "int"}
VOID: Entry = {"kind": "base", "name": "void"}


def member(offset: int, entry: Entry, **more: object) -> Entry:
    return {"offset": offset, "type": entry, **more}


def struct(size: int, **fields: Entry) -> Entry:
    return {"kind": "struct", "size": size, "fields": fields}


def bits(position: int, length: int) -> Entry:
    return {"kind": "bitfield", "bit_position": position, "bit_length": length, "type": INT}


def array(count: int, element: Entry) -> Entry:
    return {"kind": "array", "count": count, "subtype": element}


def named(name: str) -> Entry:
    return {"kind": "struct", "name": name}


def isf(endian: str = "little", **parts: dict[str, Entry]) -> Isf:
    base = {"int": {"size": 4, "signed": True, "kind": "int", "endian": endian}}
    return Isf({"base_types": base, "user_types": {}, "enums": {}, "symbols": {}, **parts})


def differences(ours: dict[str, Entry], reference: dict[str, Entry], **variants: list[Entry]) -> Entry:
    found = compare_types(isf(user_types=ours), isf(user_types=reference), variants)
    return {name: found.explained.get(name) for name in found.different}


@pytest.mark.parametrize(
    "other",
    [
        struct(12, a=member(0, INT), b=member(4, INT)),
        struct(8, a=member(0, INT)),
        struct(8, a=member(0, INT), c=member(4, INT)),
        struct(8, a=member(0, INT), b=member(0, INT)),
        struct(8, a=member(0, INT), b=member(4, {"kind": "pointer", "subtype": INT})),
        struct(8, a=member(0, INT), b=member(4, bits(0, 3))),
        {**struct(8, a=member(0, INT), b=member(4, INT)), "kind": "union"},
    ],
)
def test_size_members_offsets_and_types_are_compared(other: Entry) -> None:
    mine = struct(8, a=member(0, INT), b=member(4, INT))
    assert differences({"s": mine}, {"s": mine}) == {}
    assert differences({"s": mine}, {"s": other}) == {"s": None}


def test_bitfields_are_compared_by_their_absolute_bit() -> None:
    in_second = struct(8, a=member(4, bits(2, 3)))
    in_first = struct(8, a=member(0, bits(34, 3)))
    assert differences({"s": in_second}, {"s": in_first}) == {}
    assert differences({"s": in_second}, {"s": struct(8, a=member(4, bits(3, 3)))}) == {"s": None}


def test_a_big_endian_bitfield_is_counted_from_the_other_end() -> None:
    one = isf("big", user_types={"s": struct(4, a=member(0, bits(29, 3)))})
    assert list(one.layout("s")) == [("a", 0, "int:3")]


def test_members_of_anonymous_members_count_as_the_outer_types() -> None:
    inner = struct(8, x=member(0, INT), y=member(4, INT))
    anonymous = member(8, named("unnamed_1"), anonymous=True)
    mine = {"s": struct(16, a=member(0, INT), unnamed_field_8=anonymous), "unnamed_1": inner}
    other = {"s": struct(16, a=member(0, INT), x=member(8, INT), y=member(12, INT))}
    assert differences(mine, other) == {}


def test_types_without_a_tag_are_compared_where_they_are_used() -> None:
    mine = {"s": struct(4, a=member(0, named("unnamed_1"))), "unnamed_1": struct(4, x=member(0, INT))}
    same = {"s": struct(4, a=member(0, named("unnamed_ff"))), "unnamed_ff": struct(4, x=member(0, INT))}
    other = {"s": struct(4, a=member(0, named("unnamed_ff"))), "unnamed_ff": struct(4, y=member(0, INT))}
    assert differences(mine, same) == {}
    assert differences(mine, other) == {"s": None}


def test_joined_dimensions_are_explained() -> None:
    mine = {"s": struct(24, a=member(0, array(6, INT)))}
    assert differences(mine, {"s": struct(24, a=member(0, array(2, array(3, INT))))}) == {"s": JOINED}
    assert differences(mine, {"s": struct(24, a=member(0, array(2, array(2, INT))))}) == {"s": None}


def test_another_units_definition_is_explained() -> None:
    mine, other = struct(4, a=member(0, INT)), struct(4, b=member(0, INT))
    assert differences({"s": mine}, {"s": other}, s=[other, mine]) == {"s": SEVERAL}


def test_equal_structs_under_two_names_are_explained_and_others_are_not() -> None:
    alike = {name: struct(4, b=member(0, INT)) for name in ("guid_t", "uuid_t")}
    mine = {"s": struct(8, a=member(0, array(2, named("guid_t")))), **alike}
    other = {"s": struct(8, a=member(0, array(2, named("uuid_t")))), **alike}
    assert differences(mine, other) == {"s": SHARED}
    assert differences(mine, {**other, "uuid_t": struct(4, c=member(0, INT))})["s"] is None


def test_structs_without_members_are_explained_however_deep_they_lie() -> None:
    def outer(blank: str) -> Entry:
        return {
            "outer": struct(4, inside=member(0, named("unnamed_1"))),
            "unnamed_1": struct(4, number=member(0, INT), end=member(4, named(blank))),
            blank: struct(0),
        }

    assert differences(outer("lockdep_map_p"), outer("unnamed_2"))["outer"] == SHARED


def test_names_that_only_one_has_are_listed() -> None:
    found = compare_types(isf(user_types={"a": struct(0)}), isf(user_types={"b": struct(0)}), {})
    assert (found.missing, found.extra, found.equal) == (["b"], ["a"], 0)


def test_constants_are_compared_and_their_sign_is_explained() -> None:
    def compare(mine: dict[str, int], other: dict[str, int]) -> Entry:
        ours = isf(enums={"e": {"size": 8, "base": "", "constants": mine}})
        found = compare_enums(ours, isf(enums={"e": {"size": 8, "base": "", "constants": other}}), {})
        return {name: found.explained.get(name) for name in found.different}

    assert compare({"A": 1}, {"A": 1}) == {}
    assert compare({"A": 1}, {"A": 2}) == {"e": None}
    assert compare({"A": (1 << 64) - 5}, {"A": -5}) == {"e": SIGN}


def test_constants_that_btf_has_half_of_are_explained() -> None:
    mine = isf(enums={"flags": {"size": 8, "base": "long unsigned int", "constants": {}}})
    other = isf(enums={"flags": {"size": 8, "base": "long unsigned int", "constants": {"HIGH": 1 << 63}}})
    result = compare_enums(mine, other, {})
    assert result.explained == {"flags": NARROW}


def test_symbols_are_counted_by_what_ours_says() -> None:
    def symbols(**types: Entry) -> Isf:
        return isf(symbols={name: {"address": 1, "type": entry} for name, entry in types.items()})

    ours = symbols(same=INT, other=array(2, INT), untyped=VOID, more=INT, mine=INT)
    found = compare_symbols(ours, symbols(same=INT, other=INT, untyped=INT, more=VOID, theirs=INT))
    assert (found.same, list(found.contradicted), found.void, found.beyond) == (1, ["other"], 1, 1)
    assert found.summary()["share typed the same"] == round(1 / 3, 4)


def test_a_symbol_at_another_address_is_told() -> None:
    ours = isf(symbols={"s": {"address": 1, "type": INT}})
    assert list(compare_symbols(ours, isf(symbols={"s": {"address": 2, "type": INT}})).moved) == ["s"]


def test_a_document_is_read_from_a_file(tmp_path: Path) -> None:
    path = tmp_path / "table.json"
    path.write_text(json.dumps({"metadata": {"producer": {"name": "x", "version": "1.0.0"}}}))
    assert Isf.load(path).producer == "x 1.0.0"
