# SPDX-License-Identifier: Apache-2.0
"""Parts of a file, as files of their own."""

from __future__ import annotations

from typing import Final

from ...memory.memory import BytesMemory, Memory
from ..errors import SourceError, TooLargeError
from ..packed.stream import MOST_UNPACKED

MOST_KERNEL: Final = 512 << 20
"""Bytes of a kernel as it is linked; the largest, built for debugging, have 200 MiB."""


def part_of(data: Memory, start: int, length: int, what: str, most: int = MOST_UNPACKED) -> Memory:
    """Bytes of a file, from address 0 on.

    Args:
        data: the file.
        start: of the part, in bytes.
        length: of it.
        what: the part's name, for a message.
        most: bytes that it may have.

    Raises:
        SourceError: the file does not hold all of it.
        TooLargeError: it is too large to be looked into.
    """
    if start < 0 or length < 0 or start + length > data.end:
        raise SourceError(f"{what} reaches past the end of the file")
    if length > most:
        raise TooLargeError(f"{what} has more than {most >> 20} MiB")
    piece = data.read_available(start, length)
    if len(piece) < length:
        raise SourceError(f"{what} cannot be read")
    return BytesMemory(piece)
