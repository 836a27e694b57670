# SPDX-License-Identifier: Apache-2.0
"""Modules that were built apart from their kernel bring a distilled base along (`.BTF.base`, 6.11)."""

from __future__ import annotations

import pytest

from support.btfwriter import Writer, every_kind
from volatility3_btf import find_btf
from volatility3_btf.blobs.bases import MOST_DISTILLED
from volatility3_btf.btf import Endian, Kind, Types
from volatility3_btf.btf.distilled import is_distilled
from volatility3_btf.memory.memory import BytesMemory

ENDIANS = ("little", "big")
PAD = b"\xfe" * 64


def base(endian: Endian = "little", name: str = "net_device") -> Writer:
    """What pahole leaves of the kernel's types: numbers, declarations, names with sizes."""
    writer = Writer(endian)
    writer.integer("int", 4, 1)
    writer.struct("task_struct", 9472, [])
    writer.record(Kind.UNION, "sockaddr_union", 128)
    writer.record(Kind.ENUM, "pid_type", 4)
    writer.reference(Kind.FWD, 0, name)
    return writer


def split(on: Writer, endian: Endian = "little") -> bytes:
    writer = Writer(endian, on)
    writer.struct("my_card", 24, [("task", 2, 0), ("device", writer.ptr(5), 64)])
    writer.func("my_probe", writer.func_proto(1, []))
    return writer.blob()


@pytest.mark.parametrize("endian", ENDIANS)
@pytest.mark.parametrize("base_first", [True, False])
def test_the_base_is_the_modules_and_the_split_btf_stands_on_it(endian: Endian, base_first: bool) -> None:
    parts = [base(endian).blob(), split(base(endian), endian)]
    kernel = every_kind(endian).blob()
    image = PAD.join([b"\1", *(parts if base_first else parts[::-1]), kernel, PAD])
    found = list(find_btf(BytesMemory(image)))
    assert [(blob.kind, blob.state) for blob in found] == [
        ("module", "complete"),
        ("module", "complete"),
        ("kernel", "complete"),
    ]
    own = found[1 if base_first else 0].types
    assert own.base is not None and own.base.data == parts[0]
    assert own["my_card"]["task"].type.name == "task_struct"
    assert own["my_card"]["device"].type.type.name == "net_device"


def test_without_its_base_the_split_btf_is_damaged() -> None:
    image = PAD.join([b"\1", split(base()), base(name="net").blob(), every_kind("little").blob(), PAD])
    found = list(find_btf(BytesMemory(image)))
    assert [(blob.kind, blob.state) for blob in found] == [
        ("module", "damaged"),
        ("module", "complete"),
        ("kernel", "complete"),
    ]


def test_a_crowd_of_bases_hides_no_module() -> None:
    """Each module stands beside its base."""
    names = [f"device_{number}" for number in range(2 * MOST_DISTILLED)]
    blobs = [blob for name in names for blob in (base(name=name).blob(), split(base(name=name)))]
    found = list(find_btf(BytesMemory(PAD.join([b"\1", *blobs, PAD]))))
    assert {(blob.kind, blob.state) for blob in found} == {("module", "complete")}
    assert len(found) == len(blobs)


def test_what_has_members_or_no_names_is_none() -> None:
    writer = base()
    assert is_distilled(Types(writer.blob()))
    writer.struct("pair", 8, [("first", 1, 0)])
    assert not is_distilled(Types(writer.blob()))
    for other in (Writer(), base(), every_kind("little")):
        other.ptr(0)
        assert not is_distilled(Types(other.blob()))
    numbers = Writer()
    numbers.integer("int", 4)
    assert not is_distilled(Types(numbers.blob()))


@pytest.mark.parametrize("endian", ENDIANS)
def test_a_kernel_is_none(endian: Endian) -> None:
    assert not is_distilled(Types(every_kind(endian).blob()))
