# SPDX-License-Identifier: Apache-2.0
"""A file, or a part of one, read from front to back."""

from __future__ import annotations

from ...memory.memory import Memory
from ..errors import SourceError, TooLargeError
from .stream import MOST_UNPACKED, PIECE, Read


def reader(data: Memory, start: int = 0, length: int | None = None) -> Read:
    """Reads a part of a file from front to back; all of it without a length."""
    position, stop = start, data.end if length is None else min(data.end, start + length)

    def read(size: int) -> bytes:
        nonlocal position
        piece = data.read_available(position, max(0, min(size, stop - position)))
        position += len(piece)
        return piece

    return read


def read_exactly(read: Read, length: int, what: str) -> bytes:
    """The next bytes of something. Raises SourceError where it ends before, TooLargeError over 1 GiB."""
    if length > MOST_UNPACKED:
        raise TooLargeError(f"{what} has more than {MOST_UNPACKED >> 20} MiB")
    data = read_at_most(read, length)
    if len(data) < length:
        raise SourceError(f"{what} ends too early")
    return data


def read_at_most(read: Read, length: int) -> bytes:
    """The next bytes of something, fewer at its end only."""
    data = bytearray()
    while len(data) < length and (piece := read(min(PIECE, length - len(data)))):
        data += piece
    return bytes(data)


def skip(read: Read, length: int, what: str) -> None:
    """Pass over the next bytes of something. Raises SourceError where it ends before."""
    while length > 0:
        piece = read(min(PIECE, length))
        if not piece:
            raise SourceError(f"{what} ends too early")
        length -= len(piece)
