# SPDX-License-Identifier: Apache-2.0
"""Offsets, bits and holes: those that pahole prints, and by example."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import pahole
from support.btfwriter import Writer, every_kind
from support.kernels import KERNELS
from volatility3_btf.btf import Composite, Kind, Types
from volatility3_btf.btf.views.layout import lay_out
from volatility3_btf.btf.views.members import body_under_name
from volatility3_btf.btf.views.table_rows import Row, rows_of
from volatility3_btf.btf.views.text import prototype, render

COMPOSITES = (Kind.STRUCT, Kind.UNION)


@pytest.mark.parametrize("name", KERNELS)
def test_every_struct_is_laid_out_as_pahole_lays_it_out(name: str, dump: Callable[[str], Any]) -> None:
    path = Path(dump(name).btf) / "vmlinux"
    types = Types(path.read_bytes())
    compared = 0
    for block in (block for blocks in pahole.blocks(path).values() for block in blocks):
        ours = [types.by_id(type_id) for type_id in types.ids_named(block.name, Kind[block.kind.upper()])]
        assert any(_agrees(found, block) for found in ours), block.name
        compared += 1
    assert compared > 2000


@pytest.mark.parametrize("name", KERNELS)
def test_typedefs_are_laid_out_as_pahole_lays_them_out(name: str, dump: Callable[[str], Any]) -> None:
    path = Path(dump(name).btf) / "vmlinux"
    types = Types(path.read_bytes())
    named = [found for found in types.of_kind(Kind.TYPEDEF) if body_under_name(found) is not None]
    single = [
        found for found in named if found.type.kind is Kind.STRUCT and len(types.ids_named(found.name)) == 1
    ]
    blocks = pahole.typedefs(path, tuple(found.name for found in single))
    assert len(blocks) > 90
    for found in single:
        rows = [row for row in rows_of(found) if row.member]
        assert _agrees(found, blocks[found.name]), found.name
        assert {(row.type, row.kind, row.size) for row in rows} <= {(found.name, "typedef", found.size)}


def _agrees(found: Any, block: pahole.Block) -> bool:
    body = body_under_name(found)
    assert body is not None
    layout = lay_out(body)
    if block.kind == "struct" and (block.size, block.padding) != (
        found.size,
        (layout.padding, layout.bit_padding),
    ):
        return False
    return list(pahole.numbers(render(found).splitlines())) == block.numbers


def test_no_member_of_a_kernel_is_left_out(dump: Callable[[str], Any]) -> None:
    """Linux 7 is built with -fms-extensions."""
    types = Types((Path(dump("amd64-7").btf) / "vmlinux").read_bytes())
    for name, member in (
        ("filename", "refcnt"),
        ("aes_key", "k"),
        ("pipe_inode_info", "head"),
        ("ns_common", "ns_tree_node"),
        ("sockfs_inode", "vfs_inode"),
    ):
        found = types[name]
        assert isinstance(found, Composite)
        rows = {row.member: row.offset for row in rows_of(found)}
        assert rows[member] == found[member].offset, name


def _holes() -> Types:
    writer = Writer()
    char = writer.integer("char", 1, encoding=2)
    integer = writer.integer("int", 4, encoding=1)
    inner = writer.struct("", 8, [("first", char, 0), ("second", integer, 32)])
    members = [("a", char, 0, 0), ("b", integer, 32, 3), ("c", integer, 37, 7), ("d", integer, 96, 0)]
    writer.struct("outer", 32, [*members, ("e", inner, 128, 0), ("f", char, 192, 0)])
    return Types(writer.blob())


def test_holes_padding_and_bits_by_example() -> None:
    assert render(_holes()["outer"]).splitlines() == [
        "struct outer {",
        "    char a;                                              /*     0     1 */",
        "    /* 3 bytes hole */",
        "    int b:3;                                             /*     4: 0  4 */",
        "    /* 2 bits hole */",
        "    int c:7;                                             /*     4: 5  4 */",
        "    /* 20 bits hole */",
        "    /* 4 bytes hole */",
        "    int d;                                               /*    12     4 */",
        "    struct {",
        "        char first;                                      /*    16     1 */",
        "        /* 3 bytes hole */",
        "        int second;                                      /*    20     4 */",
        "    } e;                                                 /*    16     8 */",
        "    char f;                                              /*    24     1 */",
        "    /* 7 bytes padding */",
        "",
        "    /* size: 32, members: 6, holes: 2 (7 bytes), padding: 7 */",
        "};",
    ]


def test_rows_are_the_members_that_c_can_name() -> None:
    rows = list(rows_of(_holes()["outer"]))
    assert [(row.member, row.offset, row.bits, row.member_type) for row in rows] == [
        ("a", 0, None, "char"),
        ("b", 4, "0:3", "int"),
        ("c", 4, "5:7", "int"),
        ("d", 12, None, "int"),
        ("e", 16, None, "struct {...}"),
        ("e.first", 16, None, "char"),
        ("e.second", 20, None, "int"),
        ("f", 24, None, "char"),
    ]
    assert {(row.type, row.kind, row.size) for row in rows} == {("outer", "struct", 32)}


def _extended() -> Types:
    """As newer kernels are built: `struct file_name { struct head; const head_t; char text[8]; }`."""
    writer = Writer()
    integer = writer.integer("int", 4)
    body = writer.union("", 8, [("word", integer, 0), ("next", writer.ptr(integer), 0)])
    head = writer.struct("head", 16, [("refcnt", integer, 0), ("", body, 64)])
    more = writer.typedef("head_t", writer.struct("", 8, [("audit", integer, 0), ("again", integer, 32)]))
    text = writer.array(writer.integer("char", 1), integer, 8)
    constant = writer.reference(Kind.CONST, more)
    writer.struct("file_name", 32, [("", head, 0), ("", constant, 128), ("text", text, 192)])
    return Types(writer.blob())


def test_members_of_a_member_without_a_name_are_the_outer_ones() -> None:
    """C has it so (-fms-extensions) whether or not its type has a name."""
    assert [(row.member, row.offset) for row in rows_of(_extended()["file_name"])] == [
        ("refcnt", 0),
        ("word", 8),
        ("next", 8),
        ("audit", 16),
        ("again", 20),
        ("text", 24),
    ]
    assert render(_extended()["file_name"]).splitlines()[1:3] == [
        "    struct head;                                         /*     0    16 */",
        "    const head_t;                                        /*    16     8 */",
    ]


def _typedefs() -> Types:
    writer = Writer()
    integer = writer.integer("int", 4)
    writer.typedef("count_t", writer.struct("", 4, [("value", integer, 0)]))
    writer.typedef("empty_t", writer.struct("", 0, []))
    return Types(writer.blob())


def test_rows_of_other_kinds() -> None:
    types = Types(every_kind("little").blob())
    assert [(row.member, row.value) for row in rows_of(types["state"])] == [("RUNNING", 0), ("DEAD", -1)]
    assert list(rows_of(types["task_t"])) == [Row("task_t", "typedef", 32, member_type="struct task_struct")]
    assert list(rows_of(_typedefs()["count_t"])) == [
        Row("count_t", "typedef", 4, "value", 0, member_type="int")
    ]
    assert list(rows_of(_typedefs()["empty_t"])) == [Row("empty_t", "typedef", 0, member_type="struct {...}")]
    assert list(rows_of(types["double"])) == [Row("double", "float", 8)]
    assert [(row.member, row.offset, row.member_type) for row in rows_of(types[".data..percpu"])] == [
        ("current_task", 0, "void *")
    ]


def test_declarations_from_the_inside_out() -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    pointer = writer.ptr(writer.reference(Kind.CONST, integer))
    proto = writer.func_proto(pointer, [("what", integer), ("", 0)])
    handlers = writer.array(writer.reference(Kind.CONST, writer.ptr(proto)), integer, 4)
    tagged = writer.ptr(writer.reference(Kind.TYPE_TAG, integer, "user"))
    empty = writer.func_proto(0, [])
    writer.struct(
        "s", 56, [("handlers", handlers, 0), ("user", tagged, 256), ("grid", writer.ptr(handlers), 320)]
    )
    writer.func("call", proto)
    writer.func("stop", empty)
    types = Types(writer.blob())
    text = [line.split(";")[0].strip() for line in render(types["s"]).splitlines()]
    assert text[1:4] == [
        "const int *(* const handlers[4])(int what, ...)",
        "__user int *user",
        "const int *(* const (*grid)[4])(int what, ...)",
    ]
    assert prototype(types["call"]) == "const int *call(int what, ...)"
    assert render(types["stop"]) == "void stop(void);"


def test_names_cannot_reach_the_terminal() -> None:
    writer = Writer()
    integer = writer.integer("int\x1b[2J", 4)
    writer.struct("evil\nname\x07", 4, [("mem\x1b]0;\u202e", integer, 0)])
    types = Types(writer.blob())
    for found in types:
        assert all(character == "\n" or " " <= character <= "~" for character in render(found))
        assert all(value.isprintable() for row in rows_of(found) for value in (row.type, row.member or ""))


def test_a_body_that_holds_itself_is_shown_once() -> None:
    writer = Writer()
    writer.struct("", 8, [("", 1, 0), ("loop", 1, 0)])
    writer.struct("outer", 8, [("inner", 1, 0)])
    types = Types(writer.blob())
    assert render(types["outer"]).count("struct {") == 3
    assert [row.member for row in rows_of(types["outer"])] == ["inner", "inner.loop"]


def test_bodies_that_double_at_every_level_are_cut_short() -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    body = writer.struct("", 4, [("x", integer, 0)])
    for _ in range(40):
        body = writer.union("", 4, [("a", body, 0), ("b", body, 0)])
    writer.struct("bomb", 4, [("body", body, 0)])
    types = Types(writer.blob())
    assert len(render(types["bomb"])) < 1 << 26
    assert sum(1 for _ in rows_of(types["bomb"])) <= 1 << 17


@pytest.mark.parametrize(("levels", "cause"), [(20, "over 4096 parts"), (100, "nested too deep")])
def test_prototypes_that_double_at_every_level_are_a_comment(levels: int, cause: str) -> None:
    writer = Writer()
    proto = writer.func_proto(0, [])
    for _ in range(levels):
        pointer = writer.ptr(proto)
        proto = writer.func_proto(0, [("a", pointer), ("b", pointer)])
    writer.func("bomb", proto)
    writer.struct("holder", 8, [("call", writer.ptr(proto), 0)])
    types = Types(writer.blob())
    assert render(types["bomb"]).startswith("/* type")
    assert cause in render(types["holder"])
    assert [row.member_type for row in rows_of(types["holder"])] == [None]
