# SPDX-License-Identifier: Apache-2.0
"""Compressed kdump files, written by hand (makedumpfile's IMPLEMENTATION and diskdump_mod.h)."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import cramjam
import lzallright

PAGE = 4096
ZLIB, LZO, SNAPPY, INCOMPLETE, ZSTD = 0x1, 0x2, 0x4, 0x8, 0x20

PACK: dict[int, Callable[[bytes], bytes]] = {
    ZLIB: zlib.compress,
    LZO: lambda page: bytes(lzallright.LZOCompressor().compress(page)),
    SNAPPY: lambda page: bytes(cramjam.snappy.compress_raw(page)),
    ZSTD: lambda page: bytes(cramjam.zstd.compress(page)),
}
"""What packs a page, by the bit in its flags."""


@dataclass(frozen=True)
class Shape:
    """What is particular about a file; all else is as makedumpfile writes it on x86-64.

    Attributes:
        packing: the bit for what pages are packed with; 0 for not at all.
        memory: how many pages the machine has; the last one that is written, if None.
        excluded: pages of memory that are not in the dump.
        level: which pages makedumpfile was to leave out.
        part: the first page of a part of a dump that was split, and the one behind its last.
        order: byte order.
        wide: whether the machine has 64 bits.
        aligned: whether a 32-bit one aligns numbers of 64 bits.
        status: more bits of the header's status.
        shared_zeros: whether pages of zeros share one place; else each is packed by itself.
        one_bitmap: whether it has only that of the pages in it.
    """

    packing: int = ZLIB
    page: int = PAGE
    memory: int | None = None
    excluded: tuple[int, ...] = ()
    level: int = 0
    part: tuple[int, int] | None = None
    order: str = "<"
    wide: bool = True
    aligned: bool = False
    status: int = 0
    shared_zeros: bool = True
    one_bitmap: bool = False
    version: int = 6
    machine: bytes = b"x86_64"
    notes: bytes = b""


def kdump(pages: Mapping[int, bytes], shape: Shape | None = None, **changes: Any) -> bytes:
    """A kdump file of some pages, by their numbers. Pages of zeros share a descriptor's place."""
    s = shape or Shape(**changes)
    memory = s.memory or max(pages) + 1
    sub = bytearray(-(-(128 + len(s.notes)) // s.page) * s.page)
    sub[128 : 128 + len(s.notes)] = s.notes
    first, last = s.part or (0, 0)
    notes = (s.page + 128, len(s.notes)) if s.notes else (0, 0)
    _fill(sub, s, first, last, notes, memory)
    held = _bitmap(pages, memory, s.page)
    bitmaps = held if s.one_bitmap else _bitmap({*pages, *s.excluded}, memory, s.page) + held
    head = _head(s, len(sub) // s.page, len(bitmaps) // s.page, memory)
    low, high = s.part or (0, memory)
    here = [number for number in sorted(pages) if low <= number < high]
    at = len(head) + len(sub) + len(bitmaps) + 24 * len(here)
    zeros, data, table = at, bytearray(s.page), bytearray()
    packed_pages: dict[bytes, bytes] = {}
    for number in here:
        page = pages[number]
        if page not in packed_pages:
            packed_pages[page] = PACK[s.packing](page) if s.packing else page
        packed = packed_pages[page]
        is_packed = len(packed) < s.page
        place, body = at + len(data), packed if is_packed else page
        if s.shared_zeros and page.count(0) == len(page):
            place, body, is_packed = zeros, b"", False
        size = len(body) or s.page
        table += struct.pack(s.order + "QIIQ", place, size, s.packing if is_packed else 0, 0)
        data += body
    return bytes(head + sub + bitmaps + table + data)


def _head(s: Shape, sub_blocks: int, bitmap_blocks: int, memory: int) -> bytes:
    names = b"".join(
        name.ljust(65, b"\0") for name in (b"Linux", b"host", b"6.1.0", b"#1", s.machine, b"(none)")
    )
    head = b"KDUMP   " + struct.pack(s.order + "i", s.version) + names
    head = head.ljust(424 if s.wide else 412, b"\0")
    numbers = (s.packing | s.status, s.page, sub_blocks, bitmap_blocks, memory if memory < 1 << 32 else 0)
    return (head + struct.pack(s.order + "5I", *numbers)).ljust(s.page, b"\0")


def _fill(sub: bytearray, s: Shape, first: int, last: int, notes: tuple[int, int], memory: int) -> None:
    split = int(s.part is not None)
    if s.wide:
        struct.pack_into(s.order + "QiiQQ", sub, 0, 0, s.level, split, first, last)
        struct.pack_into(s.order + "QQ", sub, 48, *notes)
        struct.pack_into(s.order + "QQQ", sub, 80, first, last, memory)
        return
    struct.pack_into(s.order + "IiiII", sub, 0, 0, s.level, split, first, last)
    if s.aligned:
        struct.pack_into(s.order + "Q", sub, 24, s.page)
    struct.pack_into(s.order + "QQQ", sub, 72 if s.aligned else 56, first, last, memory)


def _bitmap(pages: Iterable[int], memory: int, page: int) -> bytes:
    bits = bytearray(-(-memory // 8 // page) * page or page)
    for number in pages:
        bits[number >> 3] |= 1 << (number & 7)
    return bytes(bits)


def flattened(data: bytes, size: int = 16384, shift: int = 0) -> bytes:
    """A file in pieces, from the one that begins at `shift` on, as a writer that cannot go back sends it."""
    pieces = [(at, data[at : at + size]) for at in range(0, len(data), size)]
    return in_pieces(pieces[shift:] + pieces[:shift])


def in_pieces(pieces: Iterable[tuple[int, bytes]]) -> bytes:
    """A flattened file of pieces: place and bytes, in the order in which they were written."""
    head = (b"makedumpfile".ljust(16, b"\0") + struct.pack(">qq", 1, 1)).ljust(4096, b"\0")
    body = b"".join(struct.pack(">qq", at, len(data)) + data for at, data in pieces)
    return head + body + struct.pack(">qq", -1, -1)
