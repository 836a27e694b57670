# SPDX-License-Identifier: Apache-2.0
"""Where ranges of memory lie in a file: ELF cores (both byte orders, 32 and 64 bits) and LiME."""

from __future__ import annotations

import logging
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from typing import NamedTuple

from .formats import FormatError

log = logging.getLogger(__name__)

MAX_SEGMENTS = 1 << 20
"""More ranges than this are no memory image."""

MAX_PHENTSIZE, MAX_TABLE = 256, 1 << 26
"""Bytes; a program header has 32 or 56."""

MAX_OFFSET = 1 << 62
"""Files and physical addresses end below this."""

ELF_MAGIC = b"\x7fELF"
LIME_MAGIC = (0x4C694D45, 1)
PT_LOAD, PN_XNUM = 1, 0xFFFF

ReadAt = Callable[[int, int], bytes]
"""Takes a file offset and a length in bytes; returns what the file holds there, less at its end."""


class Segment(NamedTuple):
    """Where a range of physical memory lies in the file. All in bytes."""

    address: int
    file_offset: int
    length: int


def tidy_segments(segments: Iterable[Segment]) -> list[Segment]:
    """Sort segments by address and cut away what overlaps; the earlier start wins.

    What touches in memory and in the file becomes one segment.
    """
    tidy: list[Segment] = []
    end = file_end = 0
    for address, offset, length in sorted(segments):
        cut = max(0, end - address)
        if length <= cut:
            continue
        address, offset, length = address + cut, offset + cut, length - cut
        if tidy and (address, offset) == (end, file_end):
            tidy[-1] = tidy[-1]._replace(length=tidy[-1].length + length)
        else:
            tidy.append(Segment(address, offset, length))
        end, file_end = address + length, offset + length
    return tidy


def in_order(segments: Sequence[Segment]) -> bool:
    """Whether segments are sorted by address and do not overlap."""
    return all(one.address + one.length <= other.address for one, other in pairwise(segments))


def elf_segments(read_at: ReadAt) -> list[Segment]:
    """The PT_LOAD segments of an ELF core with physical addresses (elf.h; System V ABI, "Program Header").

    Both classes and byte orders, in the order of the file. Only bytes that the file holds (`p_filesz`) count.

    Raises:
        FormatError: the program headers are damaged or do not exist.
    """
    header = read_at(0, 64)
    if len(header) < 64 or header[4] not in (1, 2) or header[5] not in (1, 2):
        raise FormatError("damaged ELF header")
    wide, order = header[4] == 2, "<" if header[5] == 1 else ">"
    place, sections = struct.unpack_from(order + ("QQ" if wide else "II"), header, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", header, 54 if wide else 42)
    if count == PN_XNUM:
        info = read_at(min(sections + (44 if wide else 28), MAX_OFFSET), 4)
        count = struct.unpack(order + "I", info)[0] if len(info) == 4 else 0
    if not count:
        raise FormatError("an ELF file without program headers")
    least = 56 if wide else 32
    if not least <= size <= MAX_PHENTSIZE or place > MAX_OFFSET:
        raise FormatError("an ELF file with damaged program headers")
    if count > MAX_SEGMENTS or size * count > MAX_TABLE:
        raise FormatError(f"an ELF file with {count} program headers: too many")
    table = read_at(place, size * count)
    if len(table) < size * count:
        log.warning("the file ends inside its program headers: %d of %d", len(table) // size, count)
    found = _loads(table, size, wide, order)
    if not found:
        raise FormatError("an ELF file without segments of memory")
    return found


def _loads(table: bytes, size: int, wide: bool, order: str) -> list[Segment]:
    """The PT_LOAD segments in a table of program headers of `size` bytes each."""
    layout = struct.Struct(order + ("I4xQ8xQQ" if wide else "II4xII"))
    loads = (layout.unpack_from(table, start) for start in range(0, len(table) // size * size, size))
    return [
        Segment(address, offset, length)
        for kind, offset, address, length in loads
        if kind == PT_LOAD and length and max(offset, address) + length <= MAX_OFFSET
    ]


def lime_segments(read_at: ReadAt, size: int) -> Iterator[Segment]:
    """The ranges of a LiME file, each behind a header of 32 bytes.

    Little-endian: magic, version, first and last address, reserved. Source: LiME's documentation, "LiME
    Format". A damaged later header ends the list and is logged.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.

    Raises:
        FormatError: the first header is damaged, or there are more ranges than a memory image has.
    """
    header, offset = struct.Struct("<IIQQ8x"), 0
    for _ in range(MAX_SEGMENTS + 1):
        if offset >= size:
            return
        raw = read_at(offset, header.size).ljust(header.size, b"\0")
        *magic, first, last = header.unpack(raw)
        if tuple(magic) != LIME_MAGIC or not first <= last < MAX_OFFSET:
            if not offset:
                raise FormatError("damaged LiME header")
            log.warning("no LiME header at %#x of the file: what follows is left out", offset)
            return
        offset += header.size
        yield Segment(first, offset, last - first + 1)
        offset += last - first + 1
    raise FormatError(f"more than {MAX_SEGMENTS} ranges")
