# SPDX-License-Identifier: Apache-2.0
"""A type as rows of a table: one a member, enumerator, parameter or section entry."""

from collections.abc import Iterator
from dataclasses import dataclass

from .declare import Declarer
from .errors import BtfError
from .layout import Nested, lay_out, points_away
from .nodes import Array, Composite, Datasec, Enum, FuncProto, Reference, Type
from .spelling import printable


@dataclass(frozen=True, slots=True)
class Row:
    """One row; what does not apply is None.

    Attributes:
        type: name of the type; `(anonymous)` where it has none.
        kind: `struct`, `union`, `enum`, `typedef`, `func`, ...
        size: bytes of the type.
        member: as C would write it after the type's variable and a dot: `comm`, `adj_list.upper`.
        offset: bytes from the start of the type; of the storage unit, for a bitfield.
        bit_position: for a bitfield, bits between the start of its storage unit and itself.
        bit_size: width of a bitfield in bits.
        member_type: the member's C type.
        value: an enumerator's value.
    """

    type: str
    kind: str
    size: int | None
    member: str | None = None
    offset: int | None = None
    bit_position: int | None = None
    bit_size: int | None = None
    member_type: str | None = None
    value: int | None = None

    @property
    def bits(self) -> str | None:
        """Position and width of a bitfield, `4:12`."""
        return None if self.bit_size is None else f"{self.bit_position}:{self.bit_size}"


def rows_of(found: Type) -> Iterator[Row]:
    """The rows of one type, at least one; what is damaged in it is left None."""
    name = printable(found.name) or "(anonymous)"
    kind = kind_text(found)
    size = _size(found)
    count = 0
    for row in _parts(found, name, kind, size):
        count += 1
        yield row
    if not count:
        yield Row(name, kind, size, member_type=_made_from(found))


def kind_text(found: Type) -> str:
    """The kind as rows show it."""
    return found.kind.name.lower()


def _parts(found: Type, name: str, kind: str, size: int | None) -> Iterator[Row]:
    if isinstance(found, Composite):
        yield from _members(found, found, Nested(found), 0, "", Row(name, kind, size))
    elif isinstance(found, Enum):
        for text, value in found.values:
            yield Row(name, kind, size, printable(text), value=value)
    elif isinstance(found, Datasec):
        for entry in found.entries:
            made_from = _made_from(entry.type)
            yield Row(name, kind, size, printable(entry.type.name), entry.offset, member_type=made_from)
    elif isinstance(found, FuncProto):
        for parameter in found.params:
            of = _text(parameter.type)
            yield Row(name, kind, size, printable(parameter.name), member_type=of)


def _members(
    outermost: Composite, inside: Composite, nested: Nested, shift: int, path: str, row: Row
) -> Iterator[Row]:
    for field in lay_out(inside, shift).fields:
        member = field.member
        text = path + printable(member.name)
        if member.name:
            yield Row(
                row.type,
                row.kind,
                row.size,
                text,
                field.offset,
                field.bit_position,
                member.bit_size or None,
                _text(member.type),
            )
        with nested.enter(member) as inner:
            if inner is not None and not points_away(member):
                repeated = "[0]" if isinstance(member.type, Array) else ""
                inner_path = f"{text}{repeated}." if member.name else path
                yield from _members(outermost, inner, nested, field.offset, inner_path, row)


def _text(found: Type) -> str | None:
    try:
        return Declarer(found.types, tags=True).declare(found.id)
    except BtfError:
        return None


def _made_from(found: Type) -> str | None:
    return _text(found.type) if isinstance(found, Reference) else None


def _size(found: Type) -> int | None:
    try:
        return found.size
    except BtfError:
        return None
