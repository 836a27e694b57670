# SPDX-License-Identifier: Apache-2.0
"""Which structs and unions are laid out differently in two blobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, NamedTuple

from .errors import BtfError
from .kinds import Kind
from .layout import Field, lay_out
from .nesting import declared_from, walk_members
from .nodes import Composite, Enum, Enumerator, Type
from .rows import Row, kind_text, member_row
from .spelling import printable

if TYPE_CHECKING:
    from .types import Types

_COMPOSITES: Final = (Kind.STRUCT, Kind.UNION)


class Place(NamedTuple):
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


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member that is not the same in both.

    Attributes:
        member: its name as C would write it.
        old: its row in the old blob, None where it is added.
        new: the same in the new blob, None where it is removed.
        differs: the fields of `Place` that differ, where it is in both.
    """

    member: str
    old: Row | None
    new: Row | None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Change:
    """A struct or union that is not the same in both blobs.

    Attributes:
        name: its name.
        kind: `struct` or `union`.
        what: whether it was added, removed or changed.
        old_size: its size in bytes in the old blob, None where it is added.
        new_size: the same in the new blob, None where it is removed.
        members: the members that differ, where it is changed.
    """

    name: str
    kind: str
    what: Literal["added", "removed", "changed"]
    old_size: int | None
    new_size: int | None
    members: list[MemberChange] = field(default_factory=list)


def diff(old: "Types", new: "Types") -> Iterator[Change]:
    """The structs and unions with a name whose layout differs, in order of name.

    Two are the same when they have the same size and the same members in the same order, each with the
    same `Place`. Where a blob has several of one name, those that have an equal in the
    other are set aside and the rest are compared in order of type id.
    """
    names = _named(old), _named(new)
    sketchers = _Sketcher(), _Sketcher()
    for key in sorted(names[0].keys() | names[1].keys()):
        before = [sketchers[0].sketch(composite) for composite in names[0].get(key, [])]
        after = [sketchers[1].sketch(composite) for composite in names[1].get(key, [])]
        yield from _compare(before, after)


def _named(types: "Types") -> dict[tuple[str, Kind], list[Composite]]:
    found: dict[tuple[str, Kind], list[Composite]] = {}
    for composite in types.of_kind(*_COMPOSITES):
        if isinstance(composite, Composite) and composite.name:
            found.setdefault((composite.name, composite.kind), []).append(composite)
    return found


@dataclass(slots=True)
class _Sketch:
    composite: Composite
    rows: list[tuple[Row, Place]]
    size: int

    def same(self, other: "_Sketch") -> bool:
        mine = [(row.member, place) for row, place in self.rows]
        return self.size == other.size and mine == [(row.member, place) for row, place in other.rows]


class _Sketcher:
    """Makes sketches of one blob's composites."""

    def __init__(self) -> None:
        self._paddings: dict[int, int] = {}

    def sketch(self, composite: Composite) -> _Sketch:
        row = Row(printable(composite.name), kind_text(composite), composite.size)
        rows = []
        for path, placed in walk_members(composite):
            made = member_row(row, path, placed)
            rows.append((made, self._place(made, placed)))
        return _Sketch(composite, rows, composite.size)

    def _place(self, row: Row, placed: Field) -> Place:
        member = placed.member
        found = member.types.by_id(declared_from(member))
        values = tuple(found.values) if isinstance(found, Enum) and not found.name else ()
        padding = self._padding(member.type)
        return Place(
            placed.offset, row.bit_position, row.bit_size, placed.size, row.member_type, padding, values
        )

    def _padding(self, found: Type) -> int:
        known = self._paddings.get(found.id)
        if known is None:
            try:
                stripped = found.strip()
            except BtfError:
                return 0
            known = lay_out(stripped).padding if isinstance(stripped, Composite) else 0
            self._paddings[found.id] = known
        return known


def _compare(before: list[_Sketch], after: list[_Sketch]) -> Iterator[Change]:
    for sketch in list(before):
        twin = next((other for other in after if other.same(sketch)), None)
        if twin is not None:
            before.remove(sketch)
            after.remove(twin)
    for one, other in zip(before, after, strict=False):
        yield _change(one, other)
    for sketch in before[len(after) :]:
        yield Change(*_title(sketch), "removed", sketch.size, None)
    for sketch in after[len(before) :]:
        yield Change(*_title(sketch), "added", None, sketch.size)


def _title(sketch: _Sketch) -> tuple[str, str]:
    return printable(sketch.composite.name), kind_text(sketch.composite)


def _change(old: _Sketch, new: _Sketch) -> Change:
    before = {row.member: (row, place) for row, place in old.rows}
    after = {row.member: (row, place) for row, place in new.rows}
    members = []
    for name in dict.fromkeys([*before, *after]):
        left, right = before.get(name), after.get(name)
        if left is None or right is None or left[1] != right[1]:
            members.append(_member_change(name or "", left, right))
    return Change(*_title(old), "changed", old.size, new.size, members)


def _member_change(
    name: str, left: tuple[Row, Place] | None, right: tuple[Row, Place] | None
) -> MemberChange:
    if left is None or right is None:
        return MemberChange(name, left and left[0], right and right[0])
    pairs = zip(Place._fields, left[1], right[1], strict=True)
    return MemberChange(name, left[0], right[0], tuple(what for what, one, other in pairs if one != other))
