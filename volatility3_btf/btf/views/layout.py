# SPDX-License-Identifier: Apache-2.0
"""Where the members of a struct lie and what is left between them, told the way pahole tells it.

A bitfield lies in a storage unit: as many bytes as its type has, aligned to as many. What is free in
the unit after the last bitfield is a bit hole, what is free outside of units is a (byte) hole, and
what is free at the end is padding.
"""

from dataclasses import dataclass

from ..composites import Composite, Member
from ..format.errors import BtfError
from ..format.kinds import Kind


@dataclass(slots=True)
class Field:
    """One member in its place.

    Attributes:
        member: the member; its offsets count from the struct it was declared in.
        offset: bytes from the start of the struct that is laid out (of the storage unit, for a bitfield).
        size: bytes of its type; 0 for flexible arrays and types without a size.
        bit_position: for a bitfield, bits between the start of its unit and itself, else None.
        hole: unused bytes before it.
        bit_hole: unused bits before it.
    """

    member: Member
    offset: int
    size: int
    bit_position: int | None
    hole: int = 0
    bit_hole: int = 0

    @property
    def bit_size(self) -> int:
        """Width of a bitfield, 0 for other members."""
        return self.member.bit_size

    @property
    def start(self) -> int:
        """Its first bit."""
        return self.offset * 8 + (self.bit_position or 0)

    @property
    def end(self) -> int:
        """One past its last bit."""
        return self.start + (self.bit_size or self.size * 8)


@dataclass(slots=True)
class Layout:
    """A struct or union laid out.

    Attributes:
        composite: the struct or union.
        fields: its members in order of declaration.
        padding: unused bytes at its end.
        bit_padding: unused bits after a bitfield at its end.
    """

    composite: Composite
    fields: list[Field]
    padding: int = 0
    bit_padding: int = 0

    @property
    def holes(self) -> int:
        """Number of byte holes between members."""
        return sum(bool(field.hole) for field in self.fields)

    @property
    def hole_bytes(self) -> int:
        """Bytes in all byte holes."""
        return sum(field.hole for field in self.fields)


class _Cursor:
    """How far the members so far reach, in bits, and the end of the open storage unit."""

    def __init__(self) -> None:
        self.seen = 0
        self.unit_bits = 0
        self.unit_end = 0

    def close_unit(self, limit: int) -> int:
        """Leave the storage unit, not beyond `limit`; the bits left over in it."""
        if not self.unit_bits:
            return 0
        stop = min(limit, self.unit_end)
        left, self.seen = stop - self.seen, stop
        return left

    def place(self, field: Field) -> None:
        """Note the gap before a field and move past it."""
        field.bit_hole = self.close_unit(field.start)
        if field.bit_position is None:
            field.hole = field.start // 8 - self.seen // 8
            self.unit_bits = 0
        else:
            self._open_unit(field)
        self.seen = field.end

    def _open_unit(self, field: Field) -> None:
        unit = field.offset * 8
        if self.seen < unit <= field.start:
            field.hole = field.offset - self.seen // 8
            self.seen = unit
        field.bit_hole += field.start - self.seen
        width = field.size * 8
        if not self.unit_bits or field.end > self.unit_end or width > self.unit_bits:
            self.unit_bits = width
            self.unit_end = unit + width
            if field.end > self.unit_end:
                self.unit_end += width


def lay_out(composite: Composite, shift: int = 0) -> Layout:
    """Lay out a struct or union.

    Args:
        composite: the struct or union.
        shift: bytes to add to the offsets, for one inside another.

    Returns:
        Its fields with the holes before them; a union has none.
    """
    fields = [_field(member) for member in composite.members]
    layout = Layout(composite, fields)
    if composite.kind is Kind.STRUCT:
        cursor = _Cursor()
        for field in fields:
            cursor.place(field)
        size = composite.size
        layout.bit_padding = cursor.close_unit(size * 8)
        layout.padding = size - cursor.seen // 8
    for field in fields:
        field.offset += shift
    return layout


def _field(member: Member) -> Field:
    try:
        size = member.type.size
    except BtfError:
        size = 0
    if not member.bit_size:
        return Field(member, member.bit_offset // 8, size, None)
    unit = max(size, 1) * 8
    offset = member.bit_offset // unit * unit // 8
    return Field(member, offset, size, member.bit_offset - offset * 8)
