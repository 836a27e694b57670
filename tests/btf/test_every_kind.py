# SPDX-License-Identifier: Apache-2.0
"""What is written is what is read, for each kind in both byte orders."""

import pytest

from support.btfwriter import Writer, every_kind
from volatility3_btf.btf import BtfError, Endian, Enum, FuncProto, Header, Kind, Struct, Types, outline

ENDIANS: tuple[Endian, ...] = ("little", "big")


@pytest.fixture(params=ENDIANS)
def endian(request: pytest.FixtureRequest) -> Endian:
    return request.param


def test_counts_one_record_at_least_of_each_kind(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    assert set(types.counts) == set(Kind) - {Kind.VOID}
    assert sum(types.counts.values()) == len(types) == types.end_id - 1


def test_a_struct_goes_before_a_function_of_its_name(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    assert types["task_struct"].kind is Kind.STRUCT
    assert types.find("task_struct", Kind.FUNC).kind is Kind.FUNC
    assert types.get("task_struct", Kind.UNION) is None
    assert "task" not in types
    with pytest.raises(KeyError):
        types["struct"]


def test_members_bitfields_and_anonymous_unions(endian: Endian) -> None:
    task = Types(every_kind(endian).blob())["task_struct"]
    assert isinstance(task, Struct)
    assert (task.size, task["comm"].offset, task["comm"].type.size) == (32, 0, 16)
    assert (task["pointer"].offset, task["pointer"].type.size) == (16, 8)
    more = task["more"]
    assert (more.offset, more.bit_offset, more.bit_size) == (24, 195, 29)
    assert more.bit_position == (3 if endian == "little" else 0)
    assert task["flag"].bit_position == (0 if endian == "little" else 29)
    with pytest.raises(KeyError, match="task_struct has no member nothing"):
        task["nothing"]


def test_bitfields_of_the_older_encoding_equal_those_of_the_newer(endian: Endian) -> None:
    writer = Writer(endian)
    integer = writer.integer("int", 4, encoding=1)
    narrow = writer.typedef("narrow", writer.integer("int", 4, encoding=1, bits=3, shift=1))
    old = writer.struct("old", 8, [("a", integer, 0), ("b", narrow, 33)])
    new = writer.struct("new", 8, [("a", integer, 0, 0), ("b", integer, 34, 3)])
    types = Types(writer.blob())
    layouts = [[(m.name, m.bit_offset, m.bit_size, m.offset) for m in types[i].members] for i in (old, new)]
    assert layouts[0] == layouts[1] == [("a", 0, 0, 0), ("b", 34, 3, 4)]
    columns = types.member_columns
    for type_id in (old, new):
        span = columns.span(type_id)
        assert columns.bit_offset[span].tolist() == [0, 34]
        assert columns.bit_size[span].tolist() == [0, 3]


def test_enumerations_signed_and_wide(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    state, wide = types["state"], types["wide"]
    assert isinstance(state, Enum)
    assert isinstance(wide, Enum)
    assert state.values == [("RUNNING", 0), ("DEAD", -1)]
    assert wide.values == [("LOW", 1), ("HIGH", 1 << 63)]
    columns = types.enumerator_columns
    assert types.strings.many(columns.name_off) == ["RUNNING", "DEAD", "LOW", "HIGH"]
    assert columns.value.tolist() == [0, -1, 1, -(1 << 63)]


def test_old_blobs_do_not_flag_signed_enumerations(endian: Endian) -> None:
    writer = Writer(endian)
    for number in range(300):
        writer.enum(f"e{number}", [(f"V{number}", -number)])
    types = Types(writer.blob())
    assert types["e7"].values == [("V7", -7)]
    assert types.enumerator_columns.value[7] == -7
    flagged = Writer(endian)
    for number in range(300):
        flagged.enum(f"e{number}", [(f"V{number}", -number)], signed=number == 0)
    assert Types(flagged.blob())["e7"].values == [("V7", 2**32 - 7)]


def test_functions_and_their_parameters(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    function = types.find("task_struct", Kind.FUNC)
    proto = function.type
    assert isinstance(proto, FuncProto)
    assert function.linkage == 1
    assert proto.variadic
    assert proto.type.name == "int"
    assert [(name, of.kind) for name, of in proto.params] == [("task", Kind.PTR)]
    assert types.strings.many(types.parameter_columns.name_off) == ["task", ""]


def test_variables_sections_and_tags(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    (entry,) = types[".data..percpu"].entries
    assert (entry.type.name, entry.type.linkage, entry.offset, entry.size) == ("current_task", 1, 0, 8)
    (tag,) = types.of_kind(Kind.DECL_TAG)
    assert (tag.name, tag.component, tag.type) == ("bpf_kfunc", -1, types["task_struct"])


def test_chains_are_followed_through_typedefs_and_qualifiers(endian: Endian) -> None:
    types = Types(every_kind(endian).blob())
    assert types["task_t"].size == 32
    assert types["task_t"].strip() == types["task_struct"]
    (const,) = types.of_kind(Kind.CONST)
    assert (const.size, const.strip().name) == (1, "char")
    assert types["nothing"].is_union is False
    with pytest.raises(BtfError, match="has no size"):
        _ = types["nothing"].size


@pytest.mark.parametrize("kind", [Kind.TYPEDEF, Kind.CONST, Kind.TYPE_TAG])
def test_endless_chains_are_an_error_that_names_the_type(kind: Kind) -> None:
    writer = Writer()
    writer.reference(kind, 2, "first")
    writer.reference(kind, 1, "second")
    types = Types(writer.blob())
    for ask in (lambda: types[1].size, lambda: types[1].strip()):
        with pytest.raises(BtfError, match="type 1"):
            ask()
    assert types.member_columns.owner.tolist() == []


def test_array_products_are_bounded() -> None:
    writer = Writer()
    inner = writer.integer("int", 4)
    for _ in range(40):
        inner = writer.array(inner, 1, 0x10000)
    types = Types(writer.blob())
    with pytest.raises(BtfError, match=f"type {inner}"):
        _ = types[inner].size


def test_a_struct_inside_itself_is_searched_once() -> None:
    writer = Writer()
    writer.struct("loop", 8, [("", 1, 0), ("", 2, 0)])
    writer.struct("", 8, [("", 1, 0), ("", 2, 64), ("found", 1, 128)])
    types = Types(writer.blob())
    assert types["loop"]["found"].offset == 16
    assert types["loop"].get("lost") is None


def test_an_unknown_kind_is_an_error_that_names_the_type() -> None:
    writer = Writer()
    writer.integer("int", 4)
    writer.record(20, "future", 4)
    with pytest.raises(BtfError, match=r"type 2 at offset 0x10 .*kind 20 is not known"):
        Types(writer.blob())


def test_the_widened_vlen_is_read() -> None:
    writer = Writer()
    values = [(f"V{number % 7}", number) for number in range(70_000)]
    writer.enum("many", values)
    writer.integer("int", 4)
    types = Types(writer.blob())
    assert len(types) == 2
    assert types["many"].values == values


def test_longer_headers_with_and_without_a_layout_section(endian: Endian) -> None:
    writer = every_kind(endian)
    for blob in (writer.blob(hdr_len=32, layout=bytes(80)), writer.blob(hdr_len=40), writer.blob(hdr_len=28)):
        header = Header.parse(blob)
        assert header.size == len(blob)
        types = Types(blob + b"what follows in memory")
        assert types.data == blob
        assert types["task_struct"]["comm"].type.size == 16


def test_pointer_size_is_that_of_long() -> None:
    for size in (4, 8):
        writer = Writer()
        pointer = writer.ptr(0)
        writer.integer("long int", size)
        assert Types(writer.blob())[pointer].size == size


def test_names_that_are_not_utf8_and_names_without_end(endian: Endian) -> None:
    writer = Writer(endian)
    writer.record(Kind.INT, b"\xff\xfe\n", 4, [32])
    writer.record(Kind.INT, b"x" * 5000, 4, [32])
    types = Types(writer.blob())
    assert types[1].name == "\ufffd\ufffd\n"
    assert types[2].name == "x" * 1024
    assert types.names([2, 1]) == [types[2].name, types[1].name]


def test_many_lookups_agree_with_few(endian: Endian) -> None:
    writer = Writer(endian)
    for number in range(200):
        writer.integer(f"u{number % 100}", 4)
    writer.integer("suffix_u7", 4)
    few, many = Types(writer.blob()), Types(writer.blob())
    found = [many.ids_named(f"u{number}") for number in range(101)]
    assert found[:100] == [[number + 1, number + 101] for number in range(100)]
    assert found[100] == few.ids_named("u100") == []
    assert few.ids_named("u7") == [8, 108]


def test_equality_is_by_type_space() -> None:
    writer = every_kind("little")
    first, second = Types(writer.blob()), Types(writer.blob())
    assert first["task_struct"] == first.by_id(first["task_struct"].id)
    assert first["task_struct"] != second["task_struct"]


def test_outline_of_a_blob_that_stands_alone(endian: Endian) -> None:
    blob = every_kind(endian).blob()
    seen = outline(blob)
    assert not seen.split
    assert seen.own_strings_ok
    assert seen.counts == Types(blob).counts
