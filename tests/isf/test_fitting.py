# SPDX-License-Identifier: Apache-2.0
"""Declared types tied to the types of one kernel: what exists, what is ambiguous, what has room."""

from __future__ import annotations

import pytest

from support.btfwriter import Writer
from volatility3_btf.btf import Kind, Types
from volatility3_btf.isf import TypeEntries
from volatility3_btf.isf.declarations import Declarations
from volatility3_btf.isf.fitting import SPARE, Fitter

STRUCT_A = {"kind": "struct", "name": "a"}


def types() -> Types:
    writer = Writer()
    number = writer.integer("int", 4, 1)
    long = writer.integer("long unsigned int", 8)
    pointer = writer.ptr(number)
    writer.struct("a", 16, [("x", long, 0), ("y", long, 64)])
    writer.struct("large", 64, [("x", long, 0)])
    writer.struct("twice", 8, [("x", long, 0)])
    writer.struct("twice", 16, [("x", long, 0), ("y", long, 64)])
    nameless = writer.struct("", 16, [("b", number, 0)])
    writer.typedef("guid_t", nameless)
    writer.typedef("uuid_t", nameless)
    writer.fwd("hidden")
    writer.struct("", 24, [("seq", number, 0), ("core", long, 64)])
    writer.struct("", 8, [("pair", number, 0), ("one", number, 32)])
    writer.struct("", 16, [("pair", number, 0), ("two", number, 64)])
    writer.union("", 8, [("core", pointer, 0)])
    writer.reference(Kind.CONST, number)
    return Types(writer.blob())


def fit(text: str, name: str = "s", room: int = 1 << 16) -> object:
    found = Fitter(TypeEntries(types())).descriptors([name], [room], Declarations(text))
    return found.get(0)


def array(count: int, subtype: object) -> object:
    return {"kind": "array", "count": count, "subtype": subtype}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int s;", {"kind": "base", "name": "int"}),
        ("struct a s;", STRUCT_A),
        ("struct a *s;", {"kind": "pointer", "subtype": STRUCT_A}),
        ("void *s;", {"kind": "pointer", "subtype": {"kind": "base", "name": "void"}}),
        ("int (*s)();", {"kind": "pointer", "subtype": {"kind": "function"}}),
        ("struct hidden *s;", {"kind": "pointer", "subtype": {"kind": "struct", "name": "hidden"}}),
        ("struct a s[3];", array(3, STRUCT_A)),
        ("struct a s[0];", array(0, STRUCT_A)),
    ],
)
def test_a_type_that_exists_is_used(text: str, expected: object) -> None:
    assert fit(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "struct b s;",
        "struct b *s;",
        "union a s;",
        "enum a s;",
        "b_t s;",
        "struct hidden s;",
        "struct b s[2];",
        "struct { struct b x; } s;",
    ],
)
def test_a_type_that_does_not_exist_is_not(text: str) -> None:
    assert fit(text) is None


def test_a_tag_that_means_two_things_is_not_used() -> None:
    assert fit("struct twice s;") is None
    assert fit("struct twice *s;") is None


def test_the_first_alternative_that_exists_counts() -> None:
    assert fit("struct b s; struct a s; int s;") == STRUCT_A


def test_the_room_at_the_symbol_decides_too() -> None:
    assert fit("struct large s; struct a s;", room=63) == STRUCT_A
    assert fit("struct large s; struct a s;", room=64) == {"kind": "struct", "name": "large"}
    assert fit("struct a s;", room=15) is None


def test_a_member_of_a_family_has_no_more_room_than_padding_explains() -> None:
    room = 4 * 16 + SPARE
    assert fit("struct a fam_$;", "fam_x", room) == STRUCT_A
    assert fit("struct a fam_$;", "fam_x", room + 1) is None
    assert fit("struct a fam_x;", "fam_x", room + 1) == STRUCT_A


def test_the_room_tells_how_many_large_elements_there_are() -> None:
    large = {"kind": "struct", "name": "large"}
    assert fit("struct large s[];", room=64 * 3 + 63) == array(3, large)
    assert fit("struct large s[];", room=63) is None
    assert fit("struct a s[];", room=160) is None, "elements of 16 bytes cannot be told from padding"


def test_typedefs_of_one_nameless_struct_keep_their_names() -> None:
    assert fit("guid_t s;") == {"kind": "struct", "name": "guid_t"}
    assert fit("uuid_t s;") == {"kind": "struct", "name": "uuid_t"}


def test_a_nameless_struct_is_found_by_its_members() -> None:
    entries = TypeEntries(types())
    fitter = Fitter(entries)
    found = fitter.descriptors(["s"], [24], Declarations("struct { unsigned long core; } s;"))[0]
    assert entries.user_type(found["name"])["size"] == 24
    assert set(entries.user_type(found["name"])["fields"]) == {"seq", "core"}


def test_nameless_structs_that_differ_are_ambiguous() -> None:
    assert fit("struct { int pair; } s;") is None
    assert fit("struct { int pair; int two; } s;") is not None


def test_of_several_symbols_with_one_name_only_a_familys_are_typed() -> None:
    declarations = Declarations("struct a own; struct a fam_$;")
    names = ["own", "fam_x", "own", "fam_x", "own"]
    found = Fitter(TypeEntries(types())).descriptors(names, [16] * 5, declarations)
    assert found == {1: STRUCT_A, 3: STRUCT_A}
