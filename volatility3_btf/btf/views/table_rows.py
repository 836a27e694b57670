# SPDX-License-Identifier: Apache-2.0
"""A type as rows of a table: one a member, enumerator, parameter or section entry."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from ..budget import FIELD, Budget
from ..declarators import Declarer
from ..format.errors import BtfError
from ..nodes import Datasec, Enum, FuncProto
from ..spelling import printable
from ..type_chains import DEEPEST
from ..type_space import Reference, Type
from .layout import Field
from .members import body_under_name, walk_members


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


def rows_of(found: Type, budget: Budget | None = None) -> Iterator[Row]:
    """The rows of one type, at least one; what is damaged in it is left None.

    A typedef that names a struct or union without a tag (`atomic_t`) has the members of that.

    Args:
        found: the type.
        budget: of the answer; its own without one. What it does not suffice for is left out.
    """
    budget = budget or Budget()
    row = Row(printable(found.name) or "(anonymous)", kind_text(found), _size(found, budget))
    count = 0
    for part in _parts(found, row, budget):
        if not is_shown(part, budget):
            break
        count += 1
        yield part
    if not count:
        yield replace(row, member_type=_made_from(found, budget))


def kind_text(found: Type) -> str:
    """The kind as rows show it."""
    return found.kind.name.lower()


def _parts(found: Type, row: Row, budget: Budget) -> Iterator[Row]:
    body = body_under_name(found)
    if body is not None:
        for path, field in walk_members(body, budget):
            yield member_row(row, path, field, budget)
    elif isinstance(found, (Enum, Datasec, FuncProto)) and not budget.take(
        FIELD * found.types.vlen_of(found.id)
    ):
        return
    elif isinstance(found, Enum):
        for text, value in found.values:
            yield replace(row, member=printable(text), value=value)
    elif isinstance(found, Datasec):
        for entry in found.entries:
            made_from = _made_from(entry.type, budget)
            yield replace(row, member=printable(entry.type.name), offset=entry.offset, member_type=made_from)
    elif isinstance(found, FuncProto):
        for parameter in found.params:
            of = type_text(parameter.type, budget)
            yield replace(row, member=printable(parameter.name), member_type=of)


def member_row(row: Row, path: str, field: Field, budget: Budget | None = None) -> Row:
    """The row of a member, made from a row with the fields of its type."""
    width = field.member.bit_size or None
    text = type_text(field.member.type, budget)
    return Row(row.type, row.kind, row.size, path, field.offset, field.bit_position, width, text)


def is_shown(row: Row, budget: Budget) -> bool:
    """Whether the budget suffices for a row's text."""
    return budget.take_text(f"{row.type}{row.member}{row.member_type}")


def type_text(found: Type, budget: Budget | None = None) -> str | None:
    """The type in C, type tags included; None when it is damaged, or the budget does not suffice."""
    try:
        return Declarer(found.types, tags=True, budget=budget).declare(found.id)
    except BtfError:
        return None


def _made_from(found: Type, budget: Budget) -> str | None:
    return type_text(found.type, budget) if isinstance(found, Reference) else None


def _size(found: Type, budget: Budget) -> int | None:
    try:
        return found.size
    except BtfError:
        budget.take(DEEPEST)  # so many steps may have led to nothing
        return None
