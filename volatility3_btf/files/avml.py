# SPDX-License-Identifier: Apache-2.0
"""AVML files, version 2: ranges of memory as Snappy frames. Where each frame lies; nothing is unpacked.

Source of the format: AVML's src/image.rs; Snappy's framing_format.txt and format_description.txt.
"""

from __future__ import annotations

import struct
from typing import NamedTuple

from .segments import MAX_OFFSET, ReadAt

AVML_MAGIC = (0x4C4D5641, 2)
RANGE = struct.Struct("<IIQQ8x")
"""In front of a range: magic, version, first and last address. Behind it are 8 bytes more."""

HEAD, TRAILER, SUM = 4, 8, 4
"""Bytes in front of a frame (kind, length), behind a range, and in front of a frame's data (checksum)."""

PACKED, PLAIN, FIRST_SKIPPED = 0, 1, 0x80
LARGEST = 1 << 16
"""Bytes of memory in one frame."""


class Frame(NamedTuple):
    """A piece of memory: its address and length, and where its data lies in the file. All in bytes."""

    address: int
    length: int
    place: int
    stored: int
    is_packed: bool


def avml_frames(read_at: ReadAt, size: int) -> tuple[list[Frame], int | None]:
    """The frames of an AVML file, in the order of the file.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.

    Returns:
        The frames, and where in the file it is cut or damaged; None if it is whole.
    """
    frames: list[Frame] = []
    at = 0
    while at < size:
        head = read_at(at, RANGE.size)
        if len(head) < RANGE.size:
            return frames, at
        *magic, first, last = RANGE.unpack(head)
        if tuple(magic) != AVML_MAGIC or not first <= last < MAX_OFFSET:
            return frames, at
        at += RANGE.size
        address = first
        while address <= last:
            found = _frame(read_at, at, address)
            if found is None or found[1] > size:
                return frames, at
            frame, at = found
            if frame is not None:
                frames.append(frame)
                address += frame.length
        at += TRAILER
    return frames, None


def _frame(read_at: ReadAt, at: int, address: int) -> tuple[Frame | None, int] | None:
    """The frame at a place, if it holds memory, and what is behind it; None where there is none."""
    head = read_at(at, HEAD + SUM + 5)
    if len(head) < HEAD:
        return None
    kind, stored = head[0], int.from_bytes(head[1:HEAD], "little")
    behind = at + HEAD + stored
    if kind >= FIRST_SKIPPED:
        return None, behind
    if kind not in (PACKED, PLAIN) or stored <= SUM:
        return None
    stored -= SUM
    length = _length(head[HEAD + SUM :]) if kind == PACKED else stored
    if not 0 < length <= LARGEST:
        return None
    return Frame(address, length, at + HEAD + SUM, stored, kind == PACKED), behind


def _length(data: bytes) -> int:
    """How long a Snappy block is when it is unpacked: 7 bits a byte, the lowest first."""
    length = 0
    for number, byte in enumerate(data):
        length |= (byte & 0x7F) << 7 * number
        if byte < 0x80:
            break
    return length
