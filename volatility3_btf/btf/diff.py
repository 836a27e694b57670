# SPDX-License-Identifier: Apache-2.0
"""Which structs and unions are laid out differently in two blobs."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal

from .kinds import Kind
from .nesting import walk_members
from .nodes import Composite
from .rows import Row, kind_text, member_row
from .spelling import printable

if TYPE_CHECKING:
    from .types import Types

_COMPOSITES: Final = (Kind.STRUCT, Kind.UNION)

Place = tuple[int, int | None, int | None, int, str | None]
"""Offset, bit position, bit width, size and C type of a member."""


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member that is not the same in both; None where it is missing."""

    member: str
    old: Row | None
    new: Row | None


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
    same offset, bits, size and C type. Where a blob has several of one name, those that have an equal in the
    other are set aside and the rest are compared in order of type id.
    """
    names = _named(old), _named(new)
    for key in sorted(names[0].keys() | names[1].keys()):
        yield from _compare(names[0].get(key, []), names[1].get(key, []))


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


def _sketch(composite: Composite) -> _Sketch:
    row = Row(printable(composite.name), kind_text(composite), composite.size)
    rows = []
    for path, placed in walk_members(composite):
        made = member_row(row, path, placed)
        rows.append((made, (placed.offset, made.bit_position, made.bit_size, placed.size, made.member_type)))
    return _Sketch(composite, rows, composite.size)


def _compare(old: list[Composite], new: list[Composite]) -> Iterator[Change]:
    before = [_sketch(composite) for composite in old]
    after = [_sketch(composite) for composite in new]
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
            members.append(MemberChange(name or "", left and left[0], right and right[0]))
    return Change(*_title(old), "changed", old.size, new.size, members)
