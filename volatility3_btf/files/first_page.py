# SPDX-License-Identifier: Apache-2.0
"""Flat memory whose first page holds the beginning of a program: a file in the page cache of the machine.

On arm64 the first page of memory is a page like any other. What lies in it makes no container of the image.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from .segments import ELF_MAGIC, MAX_PHENTSIZE, ReadAt

PAGE: Final = 4096
"""Bytes that may be a file's beginning, and are not looked at further."""

LINE: Final = (
    "This file begins like an ELF file which is no core, and goes on for {} MiB behind its end: "
    "it is read as flat memory, in whose first page a program lies"
)

_ET_CORE, _PN_XNUM = 4, 0xFFFF
_BEHIND: Final = 4 << 20
"""Bytes behind its end from which on a file is no ELF file, but memory with the beginning of one."""


def begins_with_a_program(read_at: ReadAt, size: int) -> int | None:
    """How many bytes lie behind the ELF file that flat memory begins with; None for any other file.

    Where an ELF file ends, its own headers tell: behind the last of its segments and its section headers
    (System V ABI, "ELF Header"). What is not a core, and goes on far behind that, is none.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.
    """
    header = read_at(0, PAGE)
    if not header.startswith(ELF_MAGIC) or len(header) < PAGE:
        return None
    if header[4] not in (1, 2) or header[5] not in (1, 2):
        return None
    order = "<" if header[5] == 1 else ">"
    if struct.unpack_from(order + "H", header, 16)[0] == _ET_CORE:
        return None
    behind = size - max(_ends(header, header[4] == 2, order))
    return behind if behind >= _BEHIND else None


def _ends(header: bytes, wide: bool, order: str) -> Iterator[int]:
    """Where the parts of an ELF file end that its first page tells of."""
    programs, sections = struct.unpack_from(order + ("QQ" if wide else "II"), header, 32 if wide else 28)
    size, count, section, many = struct.unpack_from(order + "HHHH", header, 54 if wide else 42)
    yield PAGE
    yield sections + section * many
    yield programs + size * count
    layout = struct.Struct(order + ("8xQ16xQ" if wide else "4xI8xI"))
    if layout.size <= size <= MAX_PHENTSIZE and count != _PN_XNUM:
        for at in range(programs, min(programs + size * count, PAGE - layout.size), size):
            yield sum(layout.unpack_from(header, at))
