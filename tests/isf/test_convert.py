# SPDX-License-Identifier: Apache-2.0
"""BTF types as ISF entries: what each kind becomes."""

from __future__ import annotations

import pytest

from support.btfwriter import Writer
from volatility3_btf.btf import Kind, Types
from volatility3_btf.isf import TypeEntries
from volatility3_btf.isf.types import MANDATORY


def entries(writer: Writer) -> TypeEntries:
    return TypeEntries(Types(writer.blob()))


@pytest.fixture
def writer() -> Writer:
    return Writer()


def test_a_struct_has_its_members_at_byte_offsets(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    writer.struct("point", 8, [("x", number, 0), ("y", number, 32)])
    assert entries(writer).user_type("point") == {
        "kind": "struct",
        "size": 8,
        "fields": {
            "x": {"type": {"kind": "base", "name": "int"}, "offset": 0},
            "y": {"type": {"kind": "base", "name": "int"}, "offset": 4},
        },
    }


def test_a_typedef_names_an_anonymous_struct(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    nameless = writer.struct("", 4, [("counter", number, 0)])
    writer.typedef("atomic_t", nameless)
    table = entries(writer)
    assert table.user_type("atomic_t")["size"] == 4
    assert table.describe(nameless) == {"kind": "struct", "name": "atomic_t"}


def test_a_typedef_of_a_named_struct_is_a_second_name(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    named = writer.struct("cpumask", 4, [("bits", number, 0)])
    writer.typedef("cpumask_t", named)
    table = entries(writer)
    assert table.user_type("cpumask_t") == table.user_type("cpumask")
    assert table.describe(named) == {"kind": "struct", "name": "cpumask"}


def test_an_anonymous_member_is_marked_and_two_at_one_offset_are_both_kept(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    first = writer.struct("", 4, [("a", number, 0)])
    second = writer.struct("", 4, [("b", number, 0)])
    writer.union("both", 4, [("", first, 0), ("", second, 0)])
    fields = entries(writer).user_type("both")["fields"]
    assert len(fields) == 2
    assert all(field["anonymous"] and field["offset"] == 0 for field in fields.values())


def test_a_struct_that_contains_itself_is_not_flattened(writer: Writer) -> None:
    writer.struct("", 4, [("", 1, 0)])
    ((name, type_id),) = [item for item in entries(writer).user_types.items() if item[1] is not None]
    assert type_id == 1
    (field,) = entries(writer).user_type(name)["fields"].values()
    assert "anonymous" not in field


def test_structs_of_one_name_are_told_apart(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    writer.struct("slot", 4, [("a", number, 0)])
    other = writer.struct("slot", 8, [("b", number, 0)])
    table = entries(writer)
    assert table.user_type("slot")["size"] == 4
    assert table.describe(other)["name"] != "slot"
    assert table.user_type(table.describe(other)["name"])["size"] == 8


@pytest.mark.parametrize(("endian", "position"), [("little", 3), ("big", 24)])
def test_a_bitfield_is_placed_from_the_least_significant_bit(endian: str, position: int) -> None:
    writer = Writer(endian)  # type: ignore[arg-type]
    number = writer.integer("unsigned int", 4)
    writer.struct("flags", 8, [("five", number, 35, 5)])
    field = entries(writer).user_type("flags")["fields"]["five"]
    assert field["offset"] == 4
    assert field["type"]["bit_position"] == position
    assert field["type"]["bit_length"] == 5
    assert field["type"]["type"] == {"kind": "base", "name": "unsigned int"}


def test_pointers_arrays_and_functions_nest(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    array = writer.array(number, number, 3)
    pointer = writer.ptr(array)
    callback = writer.ptr(writer.func_proto(number, []))
    anything = writer.ptr(0)
    table = entries(writer)
    inner = {"kind": "array", "count": 3, "subtype": {"kind": "base", "name": "int"}}
    assert table.describe(pointer) == {"kind": "pointer", "subtype": inner}
    assert table.describe(callback) == {"kind": "pointer", "subtype": {"kind": "function"}}
    assert table.describe(anything) == {"kind": "pointer", "subtype": {"kind": "base", "name": "void"}}


def test_qualifiers_and_typedefs_of_base_types_leave_no_trace(writer: Writer) -> None:
    number = writer.integer("unsigned char", 1)
    qualified = writer.reference(Kind.CONST, writer.typedef("u8", number))
    assert entries(writer).describe(qualified) == {"kind": "base", "name": "unsigned char"}


def test_both_compilers_spellings_of_base_types_are_there(writer: Writer) -> None:
    writer.integer("unsigned long", 8)
    bases = entries(writer).base_types
    assert bases["long unsigned int"] == bases["unsigned long"]
    assert bases["pointer"]["size"] == 8
    assert bases["void"]["size"] == 0


def test_enumerations_have_values_of_both_signs_and_64_bits(writer: Writer) -> None:
    writer.enum("sign", [("minus", -1), ("plus", 1)], signed=True)
    writer.enum64("wide", [("top", 1 << 63)])
    table = entries(writer)
    assert table.enum("sign") == {"size": 4, "base": "int", "constants": {"minus": -1, "plus": 1}}
    assert table.enum("wide")["constants"] == {"top": 1 << 63}
    assert table.enum("wide")["base"] == "long unsigned int"


def test_constants_of_which_half_is_lost_are_left_out(writer: Writer) -> None:
    """Encoders that knew no ENUM64 wrote 32 bits of each."""
    writer.enum("wide", [("HIGH", 0), ("LOW", 1)], size=8)
    writer.enum("narrow", [("ONE", 1)], size=4)
    table = entries(writer)
    assert table.enum("wide") == {"size": 8, "base": "long unsigned int", "constants": {}}
    assert table.enum("narrow")["constants"] == {"ONE": 1}


def test_members_and_constants_go_by_name(writer: Writer) -> None:
    number = writer.integer("int", 4, encoding=1)
    writer.struct("pair", 8, [("second", number, 0), ("first", number, 32)])
    writer.enum("state", [("running", 0), ("dead", 1)])
    table = entries(writer)
    assert list(table.user_type("pair")["fields"]) == ["first", "second"]
    assert list(table.enum("state")["constants"]) == ["dead", "running"]


def test_what_volatility_demands_is_there_even_if_the_kernel_lacks_it(writer: Writer) -> None:
    writer.integer("int", 4)
    table = entries(writer)
    assert set(MANDATORY) <= set(table.user_types)
    assert table.user_type("unix_sock") == {"kind": "struct", "size": 0, "fields": {}}


def test_a_chain_without_end_becomes_void(writer: Writer) -> None:
    writer.ptr(1)
    end = entries(writer).describe(1)
    depth = 0
    while end["kind"] == "pointer":
        end, depth = end["subtype"], depth + 1
    assert end == {"kind": "base", "name": "void"}
    assert depth == 64


def test_a_member_goes_by_its_own_typedef_of_a_shared_struct(writer: Writer) -> None:
    number = writer.integer("unsigned char", 1)
    nameless = writer.struct("", 1, [("b", number, 0)])
    writer.typedef("guid_t", nameless)
    uuid = writer.typedef("uuid_t", nameless)
    table = entries(writer)
    assert table.describe(nameless) == {"kind": "struct", "name": "guid_t"}
    assert table.describe(uuid) == {"kind": "struct", "name": "uuid_t"}
    assert table.user_type("uuid_t") == table.user_type("guid_t")
