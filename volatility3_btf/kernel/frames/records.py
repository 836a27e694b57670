# SPDX-License-Identifier: Apache-2.0
"""The kernel's record of each frame of physical memory: its array of `struct page`.

`mem_section` leads to it (SPARSEMEM, include/linux/mmzone.h: `section_mem_map` holds the address that the
record of frame 0 would have, and flags in its lowest bits). With SPARSEMEM_VMEMMAP, as on every 64-bit
distribution kernel, that address is the same in all sections.

What a record says (include/linux/mm_types.h, page-flags.h):

- `page_type`, in its highest byte from 6.12 on, is one of `enum pagetype`. VMCOREINFO has the value that the
  first frame of a free block has; `private` is then the block's order (mm/page_alloc.c).
- `_refcount` is 0 of free frames, of some typed ones, and of frames inside of larger pieces. Those have the
  lowest bit of `compound_head` (`compound_info` from 7.0 on), which leads to the first frame, or no mark.
- `mapping` is the file's, or odd for a process's own memory.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Bytes, Int64s, Uint64s
from ...btf import Composite, Enum, Kind, Types
from ...memory.addresses import Virtual
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..structures import member_at, struct_of
from .use import Use

MOST_FRAMES: Final = 1 << 26
"""Frames that are looked at: 256 GiB of memory in pages of 4 KiB."""

_AT_ONCE: Final = 1 << 15
"""Records that are read at once; 2 MiB of them."""

_FLAGS: Final = 0x3F
"""Bits of `section_mem_map` that are flags."""

_LARGEST_RECORD: Final = 1 << 9
"""Bytes of a `struct page`; 56 to 96 in practice."""

_MASKS: Final = 0xFFFFFFFFC0000000
"""Higher numbers in `compound_info` are masks; no kernel keeps its records at such an address."""

_MOST_TAILS: Final = 1 << 18
"""Frames of one piece: 1 GiB."""

_MOST_ORDER: Final = 13
"""Of a free block; MAX_PAGE_ORDER is 10, 13 with pages of 64 KiB on arm64."""

_FREE_TYPE: Final = 0xFFFFFF7F
"""`page_type` of the first frame of a free block, until 6.11: PG_buddy, 0x80, taken from all bits."""

_FREE_TYPE_ENTRY: Final = "NUMBER(PAGE_BUDDY_MAPCOUNT_VALUE)"

_TYPED: Final = (
    ("slab", Use.SLAB),
    ("large_kmalloc", Use.SLAB),
    ("table", Use.PAGE_TABLE),
    ("hugetlb", Use.RESERVED),
)
"""Types that tell a use; `NR_SLAB_UNRECLAIMABLE_B` counts the second with the first."""

_PAGE: Final = 4096


@dataclass(frozen=True)
class Records:
    """Where a kernel's records of frames are, and how they are read.

    Attributes:
        start: virtual address of the record of frame 0.
        size: bytes of a record.
        struct: `struct page`.
    """

    start: Virtual
    size: int
    struct: Composite

    def range_of(self, first: int, count: int) -> tuple[Virtual, int]:
        """Virtual address and bytes of the records of some frames."""
        return Virtual(self.start + first * self.size & (1 << 64) - 1), count * self.size


def find_records(space: AddressSpace, kernel: Kernel) -> Records | None:
    """Find the records of a kernel; None where it has none that can be found."""
    page, section = (struct_of(kernel.blob.types, name) for name in ("page", "mem_section"))
    root = kernel.symbols and (kernel.symbols.get("mem_section") or kernel.found_symbols().get("mem_section"))
    place = section and member_at(section, "section_mem_map")
    if page is None or section is None or not root or not place or not 0 < page.size <= _LARGEST_RECORD:
        return None
    endian = kernel.blob.endian
    roots = space.pointer(root, endian)  # SPARSEMEM_EXTREME: a table of pages with sections
    first = roots and space.pointer(roots, endian)
    data = b"" if not first else space.read_available(Virtual(first), space.page or 4096)
    many = len(data) // section.size if section.size else 0
    maps = [
        int.from_bytes(data[at : at + 8], "big" if endian == "big" else "little")
        for at in range(place[0], many * section.size, section.size)
    ]
    starts = {each & ~_FLAGS for each in maps if each & 2}  # SECTION_HAS_MEM_MAP
    return Records(Virtual(starts.pop()), page.size, page) if len(starts) == 1 else None


class Reader:
    """Tells uses by records.

    Args:
        space: the kernel's address space.
        kernel: the kernel.
        records: where its records are.
    """

    def __init__(self, space: AddressSpace, kernel: Kernel, records: Records) -> None:
        self._space, self._records = space, records
        self._order = ">" if kernel.blob.endian == "big" else "<"
        types = kernel.blob.types
        self._types, self._flags = _values(types, "pagetype", "PGTY_"), _values(types, "pageflags", "PG_")
        self._free_type = _free_type(kernel, self._types)

    def uses(self, first: int, count: int) -> Bytes:
        """The use of each of some frames, as numbers of `Use`."""
        found = np.full(count, Use.UNKNOWN, np.uint8)
        for start in range(0, count, _AT_ONCE):
            self._tell(first, found, start, min(start + _AT_ONCE, count))
        return found

    def _tell(self, first: int, found: Bytes, start: int, stop: int) -> None:
        """Fill in the uses of one batch, as far as its records can be read."""
        size = self._records.size
        at, length = self._records.range_of(first + start, stop - start)
        position = 0
        while position < length:  # what is not mapped is passed over, page by page
            data = self._space.read_available(Virtual(at + position), length - position)
            begin, end = -(-position // size), (position + len(data)) // size
            if end > begin:
                rest = data[begin * size - position :][: (end - begin) * size]
                self._judge(first, found, start + begin, np.frombuffer(rest, np.uint8).reshape(-1, size))
            position += len(data)
            position += _PAGE - (at + position) % _PAGE

    def _judge(self, first: int, found: Bytes, start: int, rows: Bytes) -> None:
        """Fill in the uses of frames whose records were read; `start` is the index of the first."""
        flags, mapping = self._words(rows, "flags"), self._words(rows, "mapping")
        taken = self._numbers(rows, "_refcount") != 0
        uses = np.full(len(rows), Use.KERNEL, np.uint8)
        uses[taken & (mapping != 0) & (mapping & 3 == 0)] = Use.PAGE_CACHE
        uses[taken & (mapping & 1 == 1)] = Use.ANONYMOUS
        if (bit := self._flags.get("reserved")) is not None:
            uses[flags >> np.uint64(bit) & np.uint64(1) == 1] = Use.RESERVED
        self._add_types(uses, rows, flags)
        found[start : start + len(rows)] = uses
        self._follow_heads(first, found, start, rows)
        self._fill_blocks(found, start, rows)

    def _fill_blocks(self, found: Bytes, start: int, rows: Bytes) -> None:
        """Free blocks, of which only the first frame says so."""
        heads = np.flatnonzero(self._numbers(rows, "page_type") == self._free_type)
        orders = self._words(rows, "private")[heads]
        for order in range(_MOST_ORDER + 1):
            alike = heads[orders == order] + start
            for at in alike.tolist():
                found[at : at + (1 << order)] = Use.FREE

    def _add_types(self, found: Bytes, rows: Bytes, flags: Uint64s) -> None:
        if (bit := self._flags.get("slab")) is not None:  # until 6.11
            found[flags >> np.uint64(bit) & np.uint64(1) == 1] = Use.SLAB
        kinds = self._numbers(rows, "page_type") >> 24
        for name, use in _TYPED:
            if (value := self._types.get(name)) is not None:
                found[kinds == value] = use

    def _follow_heads(self, first: int, found: Bytes, start: int, rows: Bytes) -> None:
        """What belongs to a larger piece is used as its first frame is."""
        name = "compound_head" if member_at(self._records.struct, "compound_head") else "compound_info"
        info = self._words(rows, name)
        tails = np.flatnonzero(info & np.uint64(1))
        value = info[tails] - np.uint64(1)
        records = np.uint64(self._records.start)
        tails += start
        own = records + (tails + first).astype(np.uint64) * np.uint64(self._records.size)
        head = np.where(value >= np.uint64(_MASKS), own & value, value)
        index = ((head - records) // np.uint64(self._records.size)).astype(np.int64) - first
        near = (index >= 0) & (index < tails) & (tails - index < _MOST_TAILS)
        found[tails[near]] = found[index[near]]
        found[tails[~near]] = Use.KERNEL

    def _words(self, rows: Bytes, member: str) -> Uint64s:
        return self._column(rows, member, 8).astype(np.uint64)

    def _numbers(self, rows: Bytes, member: str) -> Int64s:
        return self._column(rows, member, 4).astype(np.int64)

    def _column(self, rows: Bytes, member: str, size: int) -> Uint64s:
        place = member_at(self._records.struct, member)
        if place is None or place[1] != size or place[0] + size > rows.shape[1]:
            return np.zeros(len(rows), np.uint64)
        raw = np.ascontiguousarray(rows[:, place[0] : place[0] + size])
        return raw.view(f"{self._order}u{size}").ravel().astype(np.uint64)


def _free_type(kernel: Kernel, types: dict[str, int]) -> int:
    """`page_type` of the first frame of a free block."""
    told = None if kernel.vmcoreinfo is None else kernel.vmcoreinfo.entries.get(_FREE_TYPE_ENTRY, "")
    if told and re.fullmatch(r"-?\d{1,10}", told):
        return int(told) & 0xFFFFFFFF
    return types["buddy"] << 24 if "buddy" in types else _FREE_TYPE


def _values(types: Types, name: str, prefix: str) -> dict[str, int]:
    """The constants of an enumeration, without their prefix."""
    found = types.find(name, Kind.ENUM)
    values = found.values if isinstance(found, Enum) else []
    return {each.name.removeprefix(prefix): each.value for each in values if each.name.startswith(prefix)}
