# SPDX-License-Identifier: Apache-2.0
"""A kernel structure in memory, read member by member with the layout that the kernel's own BTF gives."""

from __future__ import annotations

from typing import Final

from ..btf import BtfError, Composite, Kind, Member, Types
from ..memory.addresses import Place
from ..memory.memory import Memory, UnreadableError

LARGEST: Final = 1 << 20
"""Bytes of one structure that are read; the kernel's largest have some ten thousand."""


class Record:
    """The bytes of one structure.

    Args:
        struct: its type.
        data: its bytes; may be fewer than its size, members beyond them are then not there.
    """

    def __init__(self, struct: Composite, data: bytes) -> None:
        self.struct = struct
        self._data = data

    @classmethod
    def read(cls, memory: Memory, types: Types, name: str, place: Place) -> Record | None:
        """Read a structure by its type's name from an address in the layer; None if that cannot be."""
        struct = struct_of(types, name)
        if struct is None:
            return None
        try:
            return cls(struct, memory.read(place, min(struct.size, LARGEST)))
        except (BtfError, UnreadableError):
            return None

    def number(self, path: str) -> int | None:
        """The unsigned number that a member's bytes are; None if there is no such member.

        Args:
            path: the member; `a.b` is the member b of the structure a.
        """
        data = self.bytes_of(path)
        endian = self.struct.types.header.endian
        return int.from_bytes(data, endian) if data and len(data) <= 8 else None

    def text(self, path: str) -> bytes | None:
        """The bytes of a character array up to its first NUL; None if there is no such member."""
        data = self.bytes_of(path)
        return None if data is None else data.split(b"\0", 1)[0]

    def bytes_of(self, path: str) -> bytes | None:
        """The bytes of a member; None if there is no such member, or it is not among the bytes at hand."""
        found = member_at(self.struct, path)
        if found is None:
            return None
        offset, size = found
        data = self._data[offset : offset + size]
        return data if len(data) == size else None


def struct_of(types: Types, name: str) -> Composite | None:
    """The structure of this name; None if there is none."""
    found = types.find(name, Kind.STRUCT)
    return found if isinstance(found, Composite) else None


def member_at(struct: Composite, path: str) -> tuple[int, int] | None:
    """Offset and size in bytes of a member, `a.b` for one inside another; None where there is none.

    Bitfields have no bytes of their own: they are not found.
    """
    offset, inside = 0, struct
    member: Member | None = None
    try:
        for name in path.split("."):
            if member is not None:
                stripped = member.type.strip()
                if not isinstance(stripped, Composite):
                    return None
                inside = stripped
            member = inside[name]
            if member.bit_size:
                return None
            offset += member.offset
        return None if member is None else (offset, member.type.size)
    except (BtfError, KeyError):
        return None
