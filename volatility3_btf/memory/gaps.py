# SPDX-License-Identifier: Apache-2.0
"""Reading a table that may have holes: what cannot be read is zero, and counted."""

from __future__ import annotations

from typing import Final

from .addresses import Place
from .memory import Memory, UnreadableError

_PAGE: Final = 4096


def read_filled(memory: Memory, offset: int, length: int) -> tuple[bytes, int]:
    """Read a range whole, with zeros where the image has nothing.

    Args:
        memory: the image.
        offset: address of the first byte, not negative.
        length: bytes; the caller has bounded it.

    Returns:
        `length` bytes, and how many of them could not be read.
    """
    if length <= 0 or offset < 0:
        return b"", 0
    try:
        return memory.read(offset, length), 0
    except UnreadableError:
        pass
    data, held = bytearray(length), 0
    for window in memory.windows(offset, offset + length):
        start = window.offset - offset
        data[start : start + len(window.data)] = window.data
        held += len(window.data)
    return bytes(data), max(0, length - held)


def is_blank(memory: Memory, place: Place) -> bool:
    """Whether a place's page is not in the image, or holds one byte throughout, as where it was wiped."""
    if place < 0:
        return True
    page = memory.read_available(place & -_PAGE, _PAGE)
    return len(page) < _PAGE or page == page[:1] * _PAGE


def read_number(memory: Memory, offset: Place, size: int, endian: str) -> int | None:
    """Read an unsigned number of `size` bytes, or None if it cannot be read."""
    if offset < 0:
        return None
    try:
        return int.from_bytes(memory.read(offset, size), "big" if endian == "big" else "little")
    except UnreadableError:
        return None
