# SPDX-License-Identifier: Apache-2.0
"""Structs and unions as objects, and their members."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from .format.errors import BtfError
from .format.kinds import Kind
from .type_chains import size_of
from .type_space import Type, TypeSpace


@dataclass(slots=True)
class Member:
    """A member of a struct or union.

    Attributes:
        types: the blob it belongs to.
        name: its name, empty for an anonymous struct or union.
        type_id: id of its type.
        bit_offset: bits from the start of the struct. In a big-endian blob a bitfield's bits are
            counted from the most significant end of its storage, as DWARF's DW_AT_data_bit_offset.
        bit_size: width of a bitfield in bits; 0 for an ordinary member.
    """

    types: TypeSpace
    name: str
    type_id: int
    bit_offset: int
    bit_size: int

    @property
    def type(self) -> Type:
        """Its type."""
        return self.types.by_id(self.type_id)

    @property
    def is_bitfield(self) -> bool:
        """Whether it is a bitfield."""
        return self.bit_size != 0

    @property
    def offset(self) -> int:
        """Bytes from the start of the struct.

        For a bitfield, those to its storage: the naturally aligned unit of its type that holds it, or
        in a packed struct, where it crosses such units, the byte in which it starts. BtfError when a
        bitfield's type has no size.
        """
        if not self.bit_size:
            return self.bit_offset // 8
        unit = self._unit_bits
        begin = self.bit_offset // unit * unit
        if self.bit_offset + self.bit_size > begin + unit:
            begin = self.bit_offset
        return begin // 8

    @property
    def bit_position(self) -> int:
        """Bits of the storage at `offset`, read as a number in the blob's byte order, below the field.

        Negative for a field of a packed big-endian struct that is not whole in its storage.
        """
        if not self.bit_size:
            return 0
        skipped = self.bit_offset - self.offset * 8
        if self.types.header.endian == "little":
            return skipped
        return self._unit_bits - skipped - self.bit_size

    @property
    def _unit_bits(self) -> int:
        return max(1, size_of(self.types, self.type_id)) * 8

    def moved(self, bits: int) -> Member:
        """The same member as seen from `bits` further out."""
        return Member(self.types, self.name, self.type_id, self.bit_offset + bits, self.bit_size)


class Composite(Type):
    """A struct or union."""

    __slots__ = ("_members",)
    _members: list[Member] | None

    def __init__(self, types: TypeSpace, type_id: int) -> None:
        super().__init__(types, type_id)
        self._members = None

    @property
    def members(self) -> list[Member]:
        """Its own members in order of declaration."""
        if self._members is None:
            self._members = [self._member(index) for index in range(self.types.vlen_of(self.id))]
        return self._members

    def _member(self, index: int) -> Member:
        types = self.types
        at = index * 3
        name = types.string(types.element_word(self.id, at))
        type_id = types.element_word(self.id, at + 1)
        offset = types.element_word(self.id, at + 2)
        if types.kind_flag_of(self.id):
            return Member(types, name, type_id, offset & 0xFFFFFF, offset >> 24)
        shift, width = _int_encoded_bits(types, type_id)
        return Member(types, name, type_id, offset + shift, width)

    def get(self, name: str) -> Member | None:
        """The member with this name, also inside anonymous structs and unions, or None."""
        seen = {self.id}
        waiting: list[tuple[Composite, int]] = [(self, 0)]
        while waiting:
            composite, moved = waiting.pop()
            for member in composite.members:
                if member.name == name and name:
                    return member.moved(moved) if moved else member
            for inner, bits in reversed(list(composite.anonymous())):
                if inner.id not in seen:
                    seen.add(inner.id)
                    waiting.append((inner, moved + bits))
        return None

    def anonymous(self) -> Iterator[tuple[Composite, int]]:
        """The structs and unions among its members that have no name, each with its bit offset."""
        for member in self.members:
            if not member.name and not member.bit_size:
                try:
                    inner = member.type.strip()
                except BtfError:
                    continue
                if isinstance(inner, Composite):
                    yield inner, member.bit_offset

    def __getitem__(self, name: str) -> Member:
        member = self.get(name)
        if member is None:
            raise KeyError(f"{self.kind.name.lower()} {self.name} has no member {name}")
        return member

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and self.get(name) is not None


def _int_encoded_bits(types: TypeSpace, type_id: int) -> tuple[int, int]:
    try:
        inner = types.strip(type_id)
    except BtfError:
        return 0, 0
    if types.kind_of(inner) is not Kind.INT:
        return 0, 0
    word = types.element_word(inner, 0)
    shift, width = word >> 16 & 0xFF, word & 0xFF
    return (shift, width) if shift or width != types.word_of(inner) * 8 else (0, 0)


class Struct(Composite):
    """A struct."""

    __slots__ = ()
    kind = Kind.STRUCT


class Union(Composite):
    """A union."""

    __slots__ = ()
    kind = Kind.UNION
