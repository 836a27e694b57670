# SPDX-License-Identifier: Apache-2.0
"""What is compared of a struct or union."""

import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ..budget import FIELD, Budget
from ..composites import Composite, Member
from ..format.errors import BtfError
from ..format.kinds import Kind
from ..nodes import Enum, Enumerator
from ..spelling import printable
from ..type_space import Type
from .layout import Field, lay_out
from .members import body_under_name, declared_from, walk_members
from .table_rows import Row, is_shown, kind_text, member_row

if TYPE_CHECKING:
    from ..type_space import TypeSpace


class Spot(NamedTuple):
    """What is compared of a member.

    Attributes:
        offset: bytes from the start of the outermost struct.
        bit_position: for a bitfield, bits between the start of its storage unit and itself.
        bit_size: for a bitfield, its width in bits.
        size: bytes of its type.
        type: its C type.
        padding: unused bytes at the end of its type, where that is a struct.
        values: the enumerators of its type, where that is an enumeration without a name.
    """

    offset: int
    bit_position: int | None
    bit_size: int | None
    size: int
    type: str | None
    padding: int
    values: tuple[Enumerator, ...]


@dataclass(slots=True)
class Sketch:
    """A struct or union as it is compared.

    Attributes:
        size: in bytes.
        kind: whether it is a struct or a union, whatever names it.
        rows: its members, each with what is compared of it.
    """

    size: int
    kind: Kind
    rows: list[tuple[Row, Spot]]

    @property
    def layout(self) -> tuple[int, Kind, list[tuple[str | None, Spot]]]:
        """What must be equal."""
        return self.size, self.kind, [(row.member, spot) for row, spot in self.rows]

    @property
    def digest(self) -> bytes:
        """The same in 16 bytes, which no other layout has."""
        return hashlib.blake2b(repr(self.layout).encode(), digest_size=16).digest()


class Sketcher:
    """Makes sketches, within one budget."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._paddings: dict[tuple[TypeSpace, int], int] = {}

    def sketch(self, found: Type) -> Sketch:
        """The sketch of a struct or union, or of a typedef that names one."""
        body = body_under_name(found)
        assert body is not None
        row = Row(printable(found.name), kind_text(found), body.size)
        rows = []
        for path, placed in walk_members(body, self._budget):
            made = member_row(row, path, placed, self._budget)
            if not is_shown(made, self._budget):
                break
            rows.append((made, self._spot(made, placed)))
        return Sketch(body.size, body.kind, rows)

    def _spot(self, row: Row, placed: Field) -> Spot:
        padding = self._padding(placed.member.type)
        values = self._values(placed.member)
        return Spot(
            placed.offset, row.bit_position, row.bit_size, placed.size, row.member_type, padding, values
        )

    def _values(self, member: Member) -> tuple[Enumerator, ...]:
        found = member.types.by_id(declared_from(member))
        if (
            not isinstance(found, Enum)
            or found.name
            or not self._budget.take(FIELD * found.types.vlen_of(found.id))
        ):
            return ()
        return tuple(found.values)

    def _padding(self, found: Type) -> int:
        try:
            stripped = found.strip()
        except BtfError:
            return 0
        if not isinstance(stripped, Composite):
            return 0
        key = stripped.types, stripped.id
        if key not in self._paddings:
            self._paddings[key] = lay_out(stripped).padding
        return self._paddings[key]
