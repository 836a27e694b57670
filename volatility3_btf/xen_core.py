# SPDX-License-Identifier: Apache-2.0
"""Xen's core dumps (`xl dump-core`): an ELF file whose pages lie in a section, and their numbers in another.

Source of the format: Xen's docs/misc/dump-core-format.txt.
"""

from __future__ import annotations

import struct

from .segments import MAX_OFFSET, ReadAt, Segment, elf_segments

WIDE_LITTLE = b"\x7fELF\2\1"
SECTION = struct.Struct("<I4x16xQQ24x")  # name, place in the file, bytes
MOST_NAMES, MOST_TABLE = 1 << 16, 1 << 28
"""Bytes of the sections' names; of the numbers of pages."""

PAGE = 4096


def core_segments(read_at: ReadAt) -> list[Segment]:
    """The memory in an ELF core, Xen's or another. Raises FormatError."""
    return xen_segments(read_at) or elf_segments(read_at)


def xen_segments(read_at: ReadAt) -> list[Segment]:
    """The pages of a Xen core, where those that touch are one; none where a file is no such core.

    Addresses are those that the guest takes for physical.
    """
    sections = _sections(read_at)
    if b".xen_pages" not in sections:
        return []
    import numpy as np

    pages, _ = sections[b".xen_pages"]
    for name, width in ((b".xen_pfn", 1), (b".xen_p2m", 2)):
        if name in sections:
            place, length = sections[name]
            table = read_at(place, min(length, MOST_TABLE))
            numbers = np.frombuffer(table, dtype="<u8", count=len(table) // 8 // width * width)[::width]
            there = np.flatnonzero(numbers < np.uint64(MAX_OFFSET // PAGE))
            frames = numbers[there].astype(np.int64)
            return _joined(frames.tolist(), (pages + there * PAGE).tolist())
    return []


def _sections(read_at: ReadAt) -> dict[bytes, tuple[int, int]]:
    """Where the sections of an ELF file lie: place and length in bytes, by name."""
    header = read_at(0, 64)
    if len(header) < 64 or not header.startswith(WIDE_LITTLE):
        return {}
    (place,) = struct.unpack_from("<Q", header, 40)
    size, count, names = struct.unpack_from("<3H", header, 58)
    if size != SECTION.size or place > MAX_OFFSET or names >= count:
        return {}
    table = read_at(place, size * count)
    rows = [SECTION.unpack_from(table, at) for at in range(0, len(table) // size * size, size)]
    if names >= len(rows) or rows[names][1] > MAX_OFFSET:
        return {}
    text = read_at(rows[names][1], min(rows[names][2], MOST_NAMES))
    return {
        text[name : text.find(b"\0", name)]: (start, length)
        for name, start, length in rows
        if start <= MAX_OFFSET and length <= MAX_OFFSET
    }


def _joined(frames: list[int], places: list[int]) -> list[Segment]:
    """A segment for each run of pages that follow each other in memory and in the file."""
    found: list[Segment] = []
    start, first, length = 0, 0, 0
    for frame, place in zip(frames, places, strict=True):
        if length and frame * PAGE == start + length and place == first + length:
            length += PAGE
            continue
        if length:
            found.append(Segment(start, first, length))
        start, first, length = frame * PAGE, place, PAGE
    if length:
        found.append(Segment(start, first, length))
    return found
