# SPDX-License-Identifier: Apache-2.0
"""Xen's core dumps (`xl dump-core`): an ELF file whose pages lie in a section, and their numbers in another.

Source of the format: Xen's docs/misc/dump-core-format.txt.
"""

from __future__ import annotations

import logging
import struct

from .formats import FormatError
from .segments import MAX_OFFSET, MAX_SEGMENTS, ReadAt, Segment, elf_segments

log = logging.getLogger(__name__)

WIDE_LITTLE = b"\x7fELF\2\1"
SECTION = struct.Struct("<I4x16xQQ24x")  # name, place in the file, bytes
CORE = 4  # ET_CORE (elf.h)
CUT = "a Xen core that is cut short: what says where its pages belong stands at its end, and is missing"
MOST_NAMES, MOST_TABLE = 1 << 16, 1 << 28
"""Bytes of the sections' names; of the numbers of pages."""

PART = 1 << 24
"""Bytes of them that are looked at together."""

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
    pages, _ = sections[b".xen_pages"]
    for name, size in ((b".xen_pfn", 8), (b".xen_p2m", 16)):
        if name not in sections:
            continue
        place, length = sections[name]
        found: list[Segment] = []
        if length > MOST_TABLE:
            log.warning("the Xen core has more than %d pages: the rest is left out", MOST_TABLE // size)
        for at in range(0, min(length, MOST_TABLE), PART):
            table = read_at(place + at, min(PART, length - at))
            found += _joined(table[: len(table) // size * size], size, pages + at // size * PAGE)
            if len(found) > MAX_SEGMENTS:
                raise FormatError("a Xen core whose pages are in no order at all: too many ranges")
            if len(table) < min(PART, length - at):
                if not found:
                    raise FormatError(CUT)
                log.warning(
                    "the Xen core is cut short: %d of its pages have no number",
                    (length - at - len(table)) // size,
                )
                break
        return found
    raise FormatError(CUT)


def _sections(read_at: ReadAt) -> dict[bytes, tuple[int, int]]:
    """Where the sections of an ELF file lie: place and length in bytes, by name.

    Raises:
        FormatError: it is a core without segments, as Xen's are, and ends before it says where.
    """
    header = read_at(0, 64)
    if len(header) < 64 or not header.startswith(WIDE_LITTLE):
        return {}
    (place,) = struct.unpack_from("<Q", header, 40)
    size, count, names = struct.unpack_from("<3H", header, 58)
    if size != SECTION.size or place > MAX_OFFSET or names >= count:
        return {}
    table = read_at(place, size * count)
    is_xens = struct.unpack_from("<H", header, 16) == (CORE,) and header[56:58] == bytes(2)
    if is_xens and len(table) < size * count:
        raise FormatError(CUT)
    rows = [SECTION.unpack_from(table, at) for at in range(0, len(table) // size * size, size)]
    if names >= len(rows) or rows[names][1] > MAX_OFFSET:
        return {}
    text = read_at(rows[names][1], min(rows[names][2], MOST_NAMES))
    if is_xens and rows[names][2] and not text:
        raise FormatError(CUT)
    return {
        text[name : text.find(b"\0", name)]: (start, length)
        for name, start, length in rows
        if start <= MAX_OFFSET and length <= MAX_OFFSET
    }


def _joined(table: bytes, size: int, start: int) -> list[Segment]:
    """A segment for each run of pages that follow each other in memory and in the file.

    Args:
        table: entries of `size` bytes, of which the first 8 are a page's number.
        size: in bytes.
        start: where the page of the first entry lies in the file.
    """
    import numpy as np

    numbers = np.frombuffer(table, dtype="<u8")[:: size // 8]
    there = np.flatnonzero(numbers < np.uint64(MAX_OFFSET // PAGE))
    if not len(there):
        return []
    frames = numbers[there].astype(np.int64)
    breaks = np.flatnonzero((np.diff(frames) != 1) | (np.diff(there) != 1)) + 1
    first = np.concatenate(([0], breaks))
    if len(first) > MAX_SEGMENTS:
        raise FormatError("a Xen core whose pages are in no order at all: too many ranges")
    lengths = np.diff(np.concatenate((first, [len(there)])))
    columns = (frames[first] * PAGE, start + there[first] * PAGE, lengths * PAGE)
    return [Segment(*row) for row in zip(*(column.tolist() for column in columns), strict=True)]
