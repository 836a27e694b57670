# SPDX-License-Identifier: Apache-2.0
"""What the kernel says of its BTF may be damaged, or lies: that costs rows, never an error."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pytest

from dumpmaker.cache import Dump
from support.btfwriter import Writer
from volatility3_btf import open_memory
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.kernel import Kernel, identify_kernel
from volatility3_btf.kernel.address_space import AddressSpace
from volatility3_btf.kernel.identify.variables import read_contents
from volatility3_btf.kernel.loaded.listing import _btf_modules
from volatility3_btf.kernel.loaded.loaded_btf import loaded_btf
from volatility3_btf.kernel.loaded.module_list import listed_modules
from volatility3_btf.kernel.loaded.struct_btf import LARGEST, layout_of
from volatility3_btf.kernel.symbols import Symbols
from volatility3_btf.memory.memory import BytesMemory, Memory

NAME = "amd64-6.1"
AT, BLOBS = 0x1000, 0x8000


@dataclass
class Small:
    """A kernel's `struct btf`s and blobs in a small memory that is mapped one to one."""

    kernel: Kernel
    image: bytearray
    starts: list[int]

    def entries(self) -> list[str]:
        memory = BytesMemory(bytes(self.image))
        found = loaded_btf(memory, self.kernel).entries
        for entry in found:
            entry.read()
        return [entry.name for entry in found]


@pytest.fixture(scope="module")
def kernel(dump: Callable[[str], Dump]) -> Kernel:
    return identify_kernel(open_memory(dump(NAME).raw))


@pytest.fixture
def small(kernel: Kernel, dump: Callable[[str], Dump], monkeypatch: pytest.MonkeyPatch) -> Small:
    def one_to_one(memory: Memory, _: Kernel) -> AddressSpace:
        return AddressSpace(memory, lambda virtual: virtual if virtual < memory.end else None, "one to one")

    monkeypatch.setattr("volatility3_btf.kernel.loaded.loaded_btf.address_space_of", one_to_one)
    image = bytearray(0x20000)
    starts, place = [], BLOBS
    struct = kernel.blob.types["btf"]
    for number, name in enumerate(("veth", "tun", "loop", "e1000")):
        data = (dump(NAME).btf / name).read_bytes()
        start = AT + number * 512
        starts.append(start)
        fields = {
            "data": place,
            "nohdr_data": place + 24,
            "data_size": len(data),
            "refcnt": 1,
            "id": number + 2,
        }
        fields |= {
            "strings": place + 24 + int.from_bytes(data[16:20], "little"),
            "kernel_btf": 1,
            "base_btf": 8,
        }
        for field, value in fields.items():
            at, size = start + struct[field].offset, struct[field].type.size
            image[at : at + size] = value.to_bytes(size, "little")
        at = start + struct["hdr"].offset
        image[at : at + 24] = data[:24]
        at = start + struct["name"].offset
        image[at : at + len(name)] = name.encode()
        image[place : place + len(data)] = data
        place += len(data) + 0xFFF & ~0xFFF
    return Small(kernel, image, starts)


def test_they_are_read(small: Small) -> None:
    assert small.entries() == ["veth", "tun", "loop", "e1000"]


@pytest.mark.parametrize(
    ("field", "value"),
    [("data", 1 << 60), ("data_size", 99), ("refcnt", 0), ("nohdr_data", 0), ("strings", 7), ("data", 0)],
)
def test_what_does_not_agree_is_no_btf(small: Small, field: str, value: int) -> None:
    member = small.kernel.blob.types["btf"][field]
    at = small.starts[1] + member.offset
    small.image[at : at + member.type.size] = value.to_bytes(member.type.size, "little")
    assert small.entries() == ["veth", "loop", "e1000"]


def test_a_name_is_shown_as_text(small: Small) -> None:
    at = small.starts[0] + small.kernel.blob.types["btf"]["name"].offset
    small.image[at : at + 56] = b"\x1b[31m\xff\n/../" + b"x" * 45
    assert small.entries()[0] == "?[31m??/../" + "x" * 45


@pytest.mark.parametrize("seed", range(40))
def test_noise_is_survived(small: Small, seed: int) -> None:
    noise = random.Random(seed)
    for _ in range(200):
        at = noise.choice([noise.randrange(AT, AT + 2048), noise.randrange(BLOBS, len(small.image))])
        small.image[at] = noise.randrange(256)
    assert len(small.entries()) <= 4


def test_one_blob_is_listed_once(small: Small) -> None:
    for number in range(4, 40):
        start = AT + number * 512
        small.image[start : start + 512] = small.image[AT : AT + 512]
    assert small.entries() == ["veth", "tun", "loop", "e1000"]


def test_a_list_of_modules_that_is_noise(kernel: Kernel) -> None:
    noise = random.Random(1).randbytes(1 << 16)
    memory = BytesMemory(noise)
    space = AddressSpace(memory, lambda virtual: virtual % len(noise), "everything")
    assert not listed_modules(space, kernel).is_complete
    assert not _btf_modules(space, kernel).is_complete


@pytest.mark.parametrize("size", [LARGEST, LARGEST + 1, 1 << 29])
def test_a_struct_btf_of_absurd_size_is_none(size: int) -> None:
    """Else that many bytes would be read around every header."""
    writer = Writer()
    number = writer.integer("unsigned long", 8)
    fields = ("data", "data_size", "refcnt", "hdr")
    writer.struct("btf", size, [(name, number, 64 * at) for at, name in enumerate(fields)])
    blob = next(find_btf(BytesMemory(writer.blob())))
    assert (layout_of(Kernel(blob)) is None) is (size > LARGEST)


def test_a_variable_at_the_end_of_the_address_space(kernel: Kernel) -> None:
    assert kernel.symbols is not None
    last = 2**64 - 2048
    names = b"\0taint_flags\0"
    symbols = Symbols(
        np.array([last], np.uint64),
        np.array([ord("D")], np.uint8),
        np.zeros(1, np.bool_),
        names,
        np.array([1]),
    )
    placed = Kernel(kernel.blob, symbols=symbols, physical_shift=last)
    assert read_contents(BytesMemory(bytes(4096)), placed) == {"taint_flags": bytes(4096)}
