# SPDX-License-Identifier: Apache-2.0
"""The GNU build ID of a kernel (elf.h: NT_GNU_BUILD_ID; the kernel keeps it in `.notes`)."""

from __future__ import annotations

import struct
from typing import Final

_GNU: Final = b"GNU\0"
_BUILD_ID: Final = 3
_LONGEST: Final = 64
_MOST_TRIED: Final = 1 << 12


def build_id_of(notes: bytes, order: str) -> str | None:
    """Hexadecimal digits of the first build ID in a row of ELF notes; None without one.

    Args:
        notes: the notes, each of three numbers of 32 bits, a name and a content, both filled up to 4 bytes.
        order: the numbers' byte order, "<" or ">".
    """
    at = 0
    while at + 12 <= len(notes):
        name, size, kind = struct.unpack_from(order + "III", notes, at)
        content = at + 12 + (name + 3 & -4)
        if content + size > len(notes):
            return None
        if kind == _BUILD_ID and notes[at + 12 : at + 16] == _GNU and name == 4 and 0 < size <= _LONGEST:
            return notes[content : content + size].hex()
        at = content + (size + 3 & -4)
    return None


def find_build_id(data: bytes, order: str) -> str | None:
    """The first build ID anywhere in a kernel without section headers."""
    head = struct.pack(order + "I", _BUILD_ID) + _GNU
    at = data.find(head)
    for _ in range(_MOST_TRIED):
        if at < 0:
            break
        if at >= 8 and (found := build_id_of(data[at - 8 : at + 12 + _LONGEST], order)):
            return found
        at = data.find(head, at + 1)
    return None
