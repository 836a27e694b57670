# SPDX-License-Identifier: Apache-2.0
"""Finding types by pattern, and members by name and type."""

import pytest

from support.btfwriter import Writer, every_kind
from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.views.search import find_members, find_types


def _types() -> Types:
    writer = Writer()
    integer = writer.integer("int", 4)
    cred = writer.struct("cred", 8, [("uid", integer, 0), ("gid", integer, 32)])
    pointer = writer.ptr(writer.reference(Kind.CONST, cred))
    name = writer.typedef("cred_t", cred)
    body = writer.union("", 8, [("cred", pointer, 0), ("number", integer, 0)])
    outer = writer.struct("", 16, [("", body, 0), ("other", body, 64)])
    writer.struct("task", 32, [("pid", integer, 0), ("", outer, 128)])
    writer.typedef("frozen_t", outer)
    writer.struct("many", 24, [("creds", writer.array(pointer, integer, 2), 0), ("one", name, 128)])
    writer.struct("apart", 4, [("credit", integer, 0)])
    writer.func("cred_get", writer.func_proto(pointer, [("cred", pointer)]))
    writer.fwd("credentials")
    return Types(writer.blob())


def _found(pattern: str) -> list[tuple[str, str | None, int | None]]:
    return [(row.type, row.member, row.offset) for row in find_members(_types(), pattern)]


def test_members_of_a_type_through_pointers_arrays_and_names() -> None:
    expected = [
        ("task", "cred", 16),
        ("task", "other.cred", 24),
        ("frozen_t", "cred", 0),
        ("frozen_t", "other.cred", 8),
        ("many", "creds", 0),
        ("many", "one", 16),
    ]
    assert _found("struct cred") == expected
    assert _found("cred") == expected
    assert _found("cred_t") == [("many", "one", 16)]


def test_members_by_name() -> None:
    assert _found("pid") == [("task", "pid", 0)]
    assert _found("?id") == [("cred", "uid", 0), ("cred", "gid", 4), ("task", "pid", 0)]
    assert _found("nothing") == []
    assert ("apart", "credit", 0) in _found("cred*")


def test_rows_of_members_have_the_size_of_their_struct() -> None:
    (row,) = find_members(_types(), "credit")
    assert (row.type, row.kind, row.size, row.member_type) == ("apart", "struct", 4, "int")


@pytest.mark.parametrize(
    ("pattern", "kinds", "names"),
    [
        ("cred", (), ["cred"]),
        ("cred*", (), ["cred", "cred_t", "cred_get", "credentials"]),
        ("struct cred*", (), ["cred", "credentials"]),
        ("union cred", (), []),
        ("*", (Kind.FUNC,), ["cred_get"]),
        ("long unsigned int", (Kind.INT,), []),
        ("[tm]a*", (), ["task", "many"]),
        ("typedef cred*", (), ["cred_t"]),
        ("struct *", (), ["cred", "task", "many", "apart", "credentials"]),
        ("const struct cred", (), ["cred"]),
        ("struct cred *", (), []),
        ("", (), []),
    ],
)
def test_types_by_pattern(pattern: str, kinds: tuple[Kind, ...], names: list[str]) -> None:
    assert [found.name for found in find_types(_types(), pattern, *kinds)] == names


def test_names_with_blanks_are_names() -> None:
    types = Types(every_kind("little").blob())
    assert [found.name for found in find_types(types, "long unsigned int")] == ["long unsigned int"]


@pytest.mark.parametrize(
    ("name", "spellings"),
    [
        ("int", ["int", "signed", "signed int"]),
        ("unsigned int", ["unsigned", "int unsigned"]),
        ("short unsigned int", ["unsigned short", "short unsigned"]),
        ("long int", ["long", "signed long int"]),
        ("unsigned long", ["long unsigned int", "unsigned long int"]),
        ("long long unsigned int", ["unsigned long long"]),
        ("signed char", ["char signed"]),
        ("unsigned __int128", ["__int128 unsigned"]),
    ],
)
def test_integers_by_any_of_cs_names(name: str, spellings: list[str]) -> None:
    """BTF has gcc's names or clang's."""
    writer = Writer()
    writer.integer("char", 1)
    writer.integer(name, 8)
    types = Types(writer.blob())
    for spelling in (name, *spellings):
        assert [found.name for found in find_types(types, spelling)] == [name], spelling
    assert [found.name for found in find_types(types, "char")] == ["char"]


def test_members_of_a_pointer() -> None:
    writer = Writer()
    integer = writer.integer("long unsigned int", 8)
    cred = writer.struct("cred", 8, [("number", integer, 0)])
    constant = writer.ptr(writer.reference(Kind.CONST, writer.typedef("cred_t", cred)))
    twice = writer.array(writer.ptr(constant), integer, 2)
    members = [("held", cred, 0), ("one", constant, 64), ("two", twice, 128), ("raw", writer.ptr(0), 256)]
    writer.struct("holder", 48, [*members, ("longs", writer.ptr(integer), 320), ("cred", integer, 384)])
    types = Types(writer.blob())

    def found(pattern: str) -> list[str | None]:
        return [row.member for row in find_members(types, pattern) if row.type == "holder"]

    assert found("struct cred") == ["held", "one", "two"]
    assert found("cred") == ["held", "one", "two", "cred"]
    assert found("const struct cred *") == found("cred_t *") == ["one", "two"]
    assert found("struct cred **") == ["two"]
    assert found("unsigned long *") == ["longs"]
    assert found("void *") == ["raw"]


def test_a_module_is_searched_with_its_kernel_behind_it() -> None:
    kernel = every_kind("little")
    writer = Writer("little", kernel)
    writer.struct("module_state", 16, [("task", writer.ptr(8), 0)])
    types = Types(writer.blob(), Types(kernel.blob()))
    assert [row.type for row in find_members(types, "struct task_struct")] == ["module_state"]
    assert [found.name for found in find_types(types, "*_st*t*", Kind.STRUCT)] == [
        "module_state",
        "task_struct",
    ]


def test_members_without_a_name_lend_theirs_whatever_their_type_is_called() -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    head = writer.struct("head", 4, [("refcnt", integer, 0)])
    middle = writer.struct("middle", 8, [("", writer.typedef("head_t", head), 32)])
    writer.struct("outer", 16, [("", writer.reference(Kind.CONST, middle), 64)])
    writer.struct("apart", 4, [("head", head, 0)])
    split = Writer(base=writer)
    split.struct("module_state", 24, [("", middle, 128)])
    kernel = Types(writer.blob())
    module = Types(split.blob(), kernel)
    assert [(row.type, row.offset) for row in find_members(kernel, "refcnt")] == [
        ("head", 0),
        ("middle", 4),
        ("outer", 12),
    ]
    assert [(row.type, row.offset) for row in find_members(module, "refcnt")] == [("module_state", 20)]


def test_bodies_that_hold_each_other_are_searched_once() -> None:
    writer = Writer()
    writer.struct("", 8, [("", 2, 0), ("x", 3, 0)])
    writer.struct("", 8, [("", 1, 0)])
    writer.integer("int", 4)
    writer.struct("outer", 8, [("", 2, 0)])
    assert [row.member for row in find_members(Types(writer.blob()), "x")] == ["x"]
