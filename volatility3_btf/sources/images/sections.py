# SPDX-License-Identifier: Apache-2.0
"""Sections of ELF files, by name (System V ABI, "Sections")."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ...memory.memory import Memory
from ..errors import SourceError
from .elf import read_elf

MOST_SECTIONS: Final = 1 << 14
"""Sections that are looked at; a module has a hundred, one with a section a function some thousand."""

_MOST_NAMES: Final = 4 << 20
_NOBITS: Final = 8
_COMPRESSED: Final = 0x800


class Section(NamedTuple):
    """Where a section's content lies in the file, in bytes."""

    start: int
    length: int


def sections_of(data: Memory) -> dict[str, Section]:
    """The sections of an ELF file that have content in it, by name; the first of each name.

    Raises:
        SourceError: the headers are damaged.
    """
    elf = read_elf(data)
    header = data.read_available(0, 64)
    (place,) = struct.unpack_from(elf.order + ("Q" if elf.wide else "I"), header, 40 if elf.wide else 32)
    size, count, names = struct.unpack_from(elf.order + "HHH", header, 58 if elf.wide else 46)
    least = 64 if elf.wide else 40
    if not count or place >= data.end:
        return {}
    if not least <= size <= 256 or count > MOST_SECTIONS or names >= count:
        raise SourceError("an ELF file with damaged section headers")
    table = data.read_available(place, size * count)
    if len(table) < size * count:
        raise SourceError("an ELF file that ends inside its section headers")
    layout = struct.Struct(elf.order + ("IIQ8xQQ" if elf.wide else "III4xII"))
    rows = [layout.unpack_from(table, at) for at in range(0, size * count, size)]
    *_, start, length = rows[names]
    texts = data.read_available(start, min(length, _MOST_NAMES)) if start < data.end else b""
    found: dict[str, Section] = {}
    for at, kind, flags, start, length in rows:
        name = texts[at : max(at, texts.find(b"\0", at))].decode("latin-1")
        if name and kind != _NOBITS and not flags & _COMPRESSED and start + length <= data.end:
            found.setdefault(name, Section(start, length))
    return found
