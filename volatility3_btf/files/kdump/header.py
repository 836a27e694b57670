# SPDX-License-Identifier: Apache-2.0
"""The headers of a compressed kdump file: where its bitmaps, page descriptors and notes lie.

Source of the format: makedumpfile's IMPLEMENTATION ("The kdump-compressed format") and diskdump_mod.h; QEMU's
include/sysemu/dump.h, which writes the same. Numbers are in the byte order of the machine that was dumped;
the headers of a 32-bit machine are shorter.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from ..formats import KDUMP, FormatError
from ..segments import MAX_OFFSET, ReadAt

ZLIB, LZO, SNAPPY, INCOMPLETE, ZSTD = 0x1, 0x2, 0x4, 0x8, 0x20
"""Bits of a dump's status, and but for `INCOMPLETE` of a page's flags (DUMP_DH_*)."""

PACKINGS: Final = ZLIB | LZO | SNAPPY | ZSTD

MOST_VERSION, MOST_SUB_BLOCKS = 64, 1 << 20
PAGE_SIZES: Final = tuple(1 << bits for bits in range(12, 17))

MOST_PAGES: Final = 1 << 31
"""Of 4 KiB: 8 TiB; the bitmap has a bit for each."""

MOST_NOTES: Final = 16 << 20
"""Bytes of notes; a processor has some hundred of them, or a few thousand with vector registers."""

_NAMES: Final = struct.Struct("65s65s65s65s65s65s")
"""`struct new_utsname` behind signature and version: system, node, release, version, machine, domain."""

_WIDE, _NARROW = 424, 412
"""Where `status` lies: behind a `struct timeval` of 16 bytes at 408, or of 8 at 404."""


@dataclass(frozen=True)
class Header:
    """What the main header and the sub header say. Sizes in bytes, page numbers as the file has them.

    Attributes:
        order: "<" or ">", as `struct` has it.
        names: system, node, release, version, machine and domain, each filled up to 65 bytes.
        machine: `uname -m` of the dumped machine, "" where the writer did not say.
        status: how pages are compressed, and whether the disk was full before all was written.
        page_size: bytes of a page, and of a block of the file.
        max_page: the number behind the last page that there can be.
        dump_level: which pages makedumpfile was to leave out (its `-d`).
        is_split: whether the file has the pages from `first` to before `last` only.
        bitmaps: where the bitmaps start.
        bitmap_size: bytes of both together.
        notes: place and length of the ELF notes.
    """

    order: str
    names: bytes
    machine: str
    status: int
    page_size: int
    max_page: int
    dump_level: int
    is_split: bool
    first: int
    last: int
    bitmaps: int
    bitmap_size: int
    notes: tuple[int, int]

    @property
    def descriptors(self) -> int:
        """Where the page descriptors start."""
        return self.bitmaps + self.bitmap_size

    @property
    def has_two_bitmaps(self) -> bool:
        """Whether a bitmap of all memory stands in front of that of the pages in the file."""
        return self.max_page <= self.bitmap_size * 4


def read_header(read_at: ReadAt) -> Header:
    """Read the headers.

    Raises:
        FormatError: they are damaged, or this is no kdump file.
    """
    head = read_at(0, 4096)
    if len(head) < 4096 or not head.startswith(KDUMP):
        raise FormatError("a kdump file that is cut short inside its header")
    for order in "<>":
        for status in (_WIDE, _NARROW):
            found = _header(read_at, head, order, status)
            if found is not None:
                return found
    raise FormatError("a kdump file whose header is damaged")


def _header(read_at: ReadAt, head: bytes, order: str, at: int) -> Header | None:
    """The headers read in one way; None where that makes no sense."""
    (version,) = struct.unpack_from(order + "I", head, 8)
    status, page_size, sub_blocks, bitmap_blocks, max_page = struct.unpack_from(order + "5I", head, at)
    if (
        version > MOST_VERSION
        or page_size not in PAGE_SIZES
        or not 1 <= sub_blocks <= MOST_SUB_BLOCKS
        or not 1 <= bitmap_blocks <= MOST_PAGES // 4 // page_size
    ):
        return None
    sub = read_at(page_size, 128).ljust(128, b"\0")
    level, is_split = struct.unpack_from(order + "ii", sub, 8 if at == _WIDE else 4) if version else (0, 0)
    first, last, notes = 0, 0, (0, 0)
    if at == _WIDE:
        first, last = struct.unpack_from(order + "QQ", sub, 16)
        if version >= 4:
            notes = struct.unpack_from(order + "QQ", sub, 48)
        if version >= 6:
            first, last, wide = struct.unpack_from(order + "QQQ", sub, 80)
            max_page = wide or max_page
    else:
        first, last = struct.unpack_from(order + "II", sub, 12)
        if version >= 6:
            first, last, wide = struct.unpack_from(order + "QQQ", sub, _narrow_end(sub, order))
            max_page = wide or max_page
    bitmap_size = bitmap_blocks * page_size
    max_page = min(max_page, bitmap_size * 8)
    whole = is_split <= 0 or version < 2
    return Header(
        order=order,
        names=head[12 : 12 + _NAMES.size],
        machine=_NAMES.unpack_from(head, 12)[4].split(b"\0", 1)[0].decode("ascii", "replace"),
        status=status,
        page_size=page_size,
        max_page=max_page,
        dump_level=level,
        is_split=not whole,
        first=0 if whole else min(first, max_page),
        last=max_page if whole else min(last, max_page),
        bitmaps=(1 + sub_blocks) * page_size,
        bitmap_size=bitmap_size,
        notes=notes if max(notes) < MAX_OFFSET else (0, 0),
    )


def _narrow_end(sub: bytes, order: str) -> int:
    """Where a 32-bit machine's sub header has its 64-bit page numbers: 72 where 8 bytes are aligned."""
    (packed,) = struct.unpack_from(order + "Q", sub, 20)
    return 56 if packed < MAX_OFFSET >> 16 else 72
