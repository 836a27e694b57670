# SPDX-License-Identifier: Apache-2.0
"""A type as rows of a table: one a member, enumerator, parameter or section entry."""

from collections.abc import Iterator
from dataclasses import dataclass

from .declare import Declarer
from .errors import BtfError
from .layout import Field
from .nesting import walk_members
from .nodes import Composite, Datasec, Enum, FuncProto, Reference, Type
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
        for path, field in walk_members(found):
            yield member_row(Row(name, kind, size), path, field)
    elif isinstance(found, Enum):
        for text, value in found.values:
            yield Row(name, kind, size, printable(text), value=value)
    elif isinstance(found, Datasec):
        for entry in found.entries:
            made_from = _made_from(entry.type)
            yield Row(name, kind, size, printable(entry.type.name), entry.offset, member_type=made_from)
    elif isinstance(found, FuncProto):
        for parameter in found.params:
            of = type_text(parameter.type)
            yield Row(name, kind, size, printable(parameter.name), member_type=of)


def member_row(row: Row, path: str, field: Field) -> Row:
    """The row of a member, made from a row with the fields of its type."""
    width = field.member.bit_size or None
    text = type_text(field.member.type)
    return Row(row.type, row.kind, row.size, path, field.offset, field.bit_position, width, text)


def type_text(found: Type) -> str | None:
    """The type in C, type tags included; None when it is damaged."""
    try:
        return Declarer(found.types, tags=True).declare(found.id)
    except BtfError:
        return None


def _made_from(found: Type) -> str | None:
    return type_text(found.type) if isinstance(found, Reference) else None


def _size(found: Type) -> int | None:
    try:
        return found.size
    except BtfError:
        return None
