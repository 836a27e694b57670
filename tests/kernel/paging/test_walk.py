# SPDX-License-Identifier: Apache-2.0
"""Page tables of every format: an address is translated as the table says, and damage maps nothing."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from volatility3_btf.kernel.address_space import AddressSpace
from volatility3_btf.kernel.arch import arm64 as arm64_
from volatility3_btf.kernel.arch import ppc64 as ppc64_
from volatility3_btf.kernel.arch import riscv64 as riscv64_
from volatility3_btf.kernel.arch import s390x as s390x_
from volatility3_btf.kernel.arch import x86_64 as x86_64_
from volatility3_btf.kernel.paging import walk as walk_module
from volatility3_btf.kernel.paging.format import Format
from volatility3_btf.kernel.paging.walk import Walker, reader
from volatility3_btf.memory.memory import BytesMemory, Memory, SegmentedMemory, UnreadableError

BASE = 0x80000000
"""Physical address of the layer's address 0."""

TABLE, TARGET = 0x20000, 0x200000
Encode = Callable[[int, bool, int], int]


def x86_64(address: int, is_page: bool, shift: int) -> int:
    return address | 1 | (0x80 if is_page and shift > 12 else 0)


def arm64(address: int, is_page: bool, shift: int) -> int:
    """A table or page descriptor; a block where a page stands above the last level."""
    return address | (0b11 if not is_page or shift <= 16 else 0b01)


def riscv64(address: int, is_page: bool, _: int) -> int:
    return address >> 12 << 10 | (0b1111 if is_page else 1)


def s390x(address: int, is_page: bool, shift: int) -> int:
    return address | (0x400 if is_page and shift > 12 else 0)


def ppc64(address: int, is_page: bool, _: int) -> int:
    return address | 1 << 63 | is_page << 62


ENCODERS = {x86_64_: x86_64, arm64_: arm64, riscv64_: riscv64, s390x_: s390x, ppc64_: ppc64}
CASES = [(form, encode) for processor, encode in ENCODERS.items() for form in processor.FORMATS]
FORMS = pytest.mark.parametrize(("form", "encode"), CASES, ids=[form.name for form, _ in CASES])


def address_in(form: Format) -> int:
    """An address of a process whose index differs from level to level."""
    return (
        sum(
            (level + 3) % (1 << width) << shift
            for level, (shift, width) in enumerate(
                zip(reversed(form.shifts), reversed(form.widths), strict=True)
            )
        )
        | 0x123
    )


def tables(form: Format, encode: Encode, virtual: int, depth: int) -> BytesMemory:
    """Tables that map one page, large where `depth` is not the number of levels."""
    image = bytearray(TARGET + (1 << form.page_bits))
    order = "<Q" if form.endian == "little" else ">Q"
    for level in range(depth):
        shift = form.shifts[level]
        is_page = level == depth - 1
        goal = (TARGET + BASE) & -(1 << shift) if is_page else (level + 2) * TABLE + BASE
        index = virtual >> shift & (1 << form.widths[level]) - 1
        place = (level + 1) * TABLE + 8 * index
        struct.pack_into(order, image, place, encode(goal, is_page, shift))
    return BytesMemory(bytes(image))


def walk(memory: Memory, form: Format, root: int, virtual: int) -> int | None:
    """Through a process's tables; the kernel's are nowhere."""
    return Walker(reader(memory), form, root, -1, BASE).translate(virtual)


@FORMS
def test_a_page_is_where_the_tables_say(form: Format, encode: Encode) -> None:
    virtual = address_in(form)
    memory = tables(form, encode, virtual, len(form.shifts))
    inside = virtual & (1 << form.page_bits) - 1
    assert walk(memory, form, TABLE, virtual) == TARGET + inside
    beyond = virtual | -1 << form.significant
    assert walk(memory, form, TABLE, beyond) == TARGET + inside


@FORMS
def test_large_pages(form: Format, encode: Encode) -> None:
    """One level up; riscv64 and arm64 map at any level, s390x segments of 1 MiB."""
    if len(form.shifts) < 3:
        return
    virtual, shift = address_in(form), form.shifts[-2]
    memory = tables(form, encode, virtual, len(form.shifts) - 1)
    expected = ((TARGET + BASE) & -(1 << shift) | virtual & (1 << shift) - 1) - BASE
    assert walk(memory, form, TABLE, virtual) == expected


@FORMS
def test_what_no_table_maps_is_nowhere(form: Format, encode: Encode) -> None:
    virtual = address_in(form)
    memory = tables(form, encode, virtual, len(form.shifts))
    if encode is s390x:
        memory = BytesMemory(
            b"".join(struct.pack(">Q", 0x420) for _ in range(len(memory.read(0, memory.size)) // 8))
        )
        assert walk(memory, form, TABLE, virtual) is None
    else:
        assert walk(memory, form, TABLE, virtual ^ 1 << form.shifts[0]) is None
    assert walk(SegmentedMemory([]), form, TABLE, virtual) is None
    assert walk(memory, form, memory.size + 5, virtual) is None


@FORMS
def test_tables_that_lie_anywhere_do_no_harm(form: Format, encode: Encode) -> None:
    noise = BytesMemory(bytes((index * 37 + index // 251) % 256 for index in range(1 << 16)))
    for virtual in (0, 0xFFFF_FFFF_FFFF_FFFF, 0xFFFF_8000_1234_5678, address_in(form)):
        found = walk(noise, form, 0, virtual)
        assert found is None or isinstance(found, int)


# --- address spaces ---

PAGES = {0x10000: 0x3000, 0x11000: 0x4000, 0x12000: 0x1000, 0x14000: 0x2000}
"""Virtual page → place: two that touch, one elsewhere, a gap, one more."""


def space() -> AddressSpace:
    image = b"".join(bytes([number]) * 4096 for number in range(5))

    def translate(virtual: int) -> int | None:
        page = PAGES.get(virtual & ~0xFFF)
        return None if page is None else page | virtual & 0xFFF

    return AddressSpace(BytesMemory(image), translate, "a table")


def test_pages_that_touch_are_one_run() -> None:
    assert [(run.start, run.length) for run in space().runs(0x10800, 0x2400)] == [
        (0x3800, 0x1800),
        (0x1000, 0xC00),
    ]


def test_reading_goes_from_page_to_page() -> None:
    assert space().read(0x11FFE, 4) == bytes([4, 4, 1, 1])
    assert space().pointer(0x12000, "little") == 0x0101010101010101


def test_reading_ends_at_what_is_not_mapped() -> None:
    assert space().read_available(0x12FFC, 100) == bytes([1]) * 4
    with pytest.raises(UnreadableError) as error:
        space().read(0x12FFC, 8)
    assert error.value.offset == 0x13000
    assert space().pointer(0x13000, "little") is None
    assert space().runs(0x13000, 8) == []


def test_tables_without_end_are_not_all_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every entry leads to another table, as in an image that somebody made."""
    monkeypatch.setattr(walk_module, "_KEPT", 1 << 16)
    form = x86_64_.FORMATS[0]
    image = b"".join(struct.pack("<Q", (number * 4096 % (1 << 22)) | 1) for number in range(1 << 19))
    walker = Walker(reader(BytesMemory(image)), form, 0)
    for index in range(1 << 11):
        walker.lookup(index << 21)
    assert sum(map(len, walker._tables.values())) <= 1 << 16


def test_the_first_pages_of_s390x_are_not_read() -> None:
    """A large page that maps them is no exception."""
    form = s390x_.FORMATS[1]
    memory = tables(form, s390x, address_in(form) & (1 << 20) - 1, len(form.shifts) - 1)
    assert walk(memory, form, TABLE, 0x1FFF) is None
    assert walk(memory, form, TABLE, 0x2000) is not None
