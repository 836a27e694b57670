# SPDX-License-Identifier: Apache-2.0
"""A module's blob goes on where the kernel's ends."""

import pytest

from support.btfwriter import Writer, every_kind
from volatility3_btf.btf import BtfError, Endian, Struct, Types, outline


def _module(base: Writer, endian: Endian) -> Writer:
    writer = Writer(endian, base)
    pointer = writer.ptr(8)
    writer.struct("module_state", 24, [("owner", pointer, 0), ("comm", 5, 64)])
    writer.typedef("task_t", pointer)
    return writer


@pytest.mark.parametrize("endian", ["little", "big"])
def test_ids_and_strings_go_on_from_the_base(endian: Endian) -> None:
    kernel = every_kind(endian)
    base = Types(kernel.blob())
    types = Types(_module(kernel, endian).blob(), base)
    assert (types.first_id, types.end_id, len(types)) == (base.end_id, base.end_id + 3, 3)
    state = types["module_state"]
    assert isinstance(state, Struct)
    assert state["owner"].type.type == base["task_struct"]
    assert state["comm"].type.size == 16
    assert types["task_struct"]["comm"].name == "comm"
    assert types.names([types.first_id + 1, 8, 0]) == ["module_state", "task_struct", ""]
    assert types.pointer_size == 8
    assert types.strings.many(types.member_columns.name_off) == ["owner", "comm"]


def test_own_types_go_before_the_bases() -> None:
    kernel = every_kind("little")
    base = Types(kernel.blob())
    types = Types(_module(kernel, "little").blob(), base)
    assert types["task_t"].id == types.first_id + 2
    assert base["task_t"].id < base.end_id
    assert types.ids_named("task_t") == [types["task_t"].id, base["task_t"].id]


def test_outline_tells_split_blobs_and_the_base_they_fit() -> None:
    kernel = every_kind("little")
    base = Types(kernel.blob())
    module = outline(_module(kernel, "little").blob())
    assert module.split
    assert module.fits(base)
    assert sum(module.counts.values()) == 3
    other = every_kind("little")
    other.string("one more string shifts what follows")
    assert not module.fits(Types(other.blob()))
    empty = Writer("little")
    empty.integer("int", 4)
    assert not module.fits(Types(empty.blob()))


def test_without_its_base_a_split_blob_is_refused() -> None:
    kernel = every_kind("little")
    with pytest.raises(BtfError, match="base"):
        Types(_module(kernel, "little").blob())


def test_a_base_of_the_other_byte_order_is_refused() -> None:
    kernel = every_kind("little")
    with pytest.raises(BtfError, match="byte order"):
        Types(_module(kernel, "little").blob(), Types(every_kind("big").blob()))


def test_a_split_blob_may_have_no_strings_of_its_own() -> None:
    kernel = every_kind("little")
    writer = Writer("little", kernel)
    writer.ptr(1)
    blob = writer.blob()
    assert outline(blob).split
    assert len(Types(blob, Types(kernel.blob()))) == 1
