# SPDX-License-Identifier: Apache-2.0
"""Which structs and unions are laid out differently in two blobs."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import zip_longest
from typing import TYPE_CHECKING, Literal, NamedTuple

from ..budget import MOST_IN_LISTS, TYPE, Budget
from ..format.kinds import COMPOSITES, Kind
from ..spelling import printable
from ..type_space import Type
from .comparable import Sketch, Sketcher, Spot
from .members import body_under_name
from .table_rows import Row, kind_text

if TYPE_CHECKING:
    from ..types import Types


class Subject(NamedTuple):
    """What is compared of both blobs: all of one name and kind."""

    name: str
    kind: Kind


Wanted = Callable[[Subject], bool]


@dataclass(frozen=True, slots=True)
class MemberChange:
    """A member that is not the same in both.

    Attributes:
        member: its name as C would write it.
        old: its row in the old blob, None where it is added.
        new: the same in the new blob, None where it is removed.
        differs: the fields of `Spot` that differ, where it is in both; `order` where another one stands in
            its place, as in a union, or where a name is there more than once.
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
        kind: `struct` or `union`, or `typedef` where only that gives it the name.
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


def diff(
    old: "Types", new: "Types", wanted: Wanted | None = None, budget: Budget | None = None
) -> Iterator[Change]:
    """The structs and unions with a name whose layout differs, in order of name.

    A typedef of one without a tag (`atomic_t`) counts as one. Two are the same when they have the same size
    and the same members in the same order, each with the same `Spot`. Where a blob has several of one name,
    those that have an equal in the other are set aside and the rest are compared in order of type id.

    Args:
        old: the types of one blob.
        new: those of the other.
        wanted: tells what is compared; all without it.
        budget: of the answer; its own without one. What it does not suffice for is not compared.
    """
    budget = budget or Budget(MOST_IN_LISTS)
    names = subjects(old), subjects(new)
    keys = (key for key in sorted(names[0].keys() | names[1].keys()) if wanted is None or wanted(key))
    sketcher = Sketcher(budget)
    for key in budget.within(keys):
        before, after = names[0].get(key, []), names[1].get(key, [])
        if budget.take(TYPE * (len(before) + len(after))):
            yield from _compare(list(map(old.by_id, before)), list(map(new.by_id, after)), sketcher)


def subjects(types: "Types") -> dict[Subject, list[int]]:
    """What of a blob is compared, by name and kind; type ids, ascending."""
    found: dict[Subject, list[int]] = {}
    ids = types.ids_of_kind(*COMPOSITES, Kind.TYPEDEF)
    for type_id, name in zip(ids.tolist(), types.names(ids), strict=True):
        kind = types.kind_of(type_id)
        if name and (kind is not Kind.TYPEDEF or body_under_name(types.by_id(type_id)) is not None):
            found.setdefault(Subject(name, kind), []).append(type_id)
    return found


def _compare(before: list[Type], after: list[Type], sketcher: Sketcher) -> Iterator[Change]:
    """The changes between those of one name, by order once equals are set aside."""
    if len(before) > 1 or len(after) > 1:
        before, after = _without_twins(before, after, sketcher)
    for one, other in zip(before, after, strict=False):
        old, new = sketcher.sketch(one), sketcher.sketch(other)
        if old.layout != new.layout:
            yield _change(one, old, new)
    for found in before[len(after) :]:
        yield Change(*_title(found), "removed", found.size, None)
    for found in after[len(before) :]:
        yield Change(*_title(found), "added", None, found.size)


def _without_twins(
    before: list[Type], after: list[Type], sketcher: Sketcher
) -> tuple[list[Type], list[Type]]:
    """Those of either side that have no equal on the other; each is an equal once."""
    digests = [[sketcher.sketch(found).digest for found in side] for side in (before, after)]
    shared = Counter(digests[0]) & Counter(digests[1])
    return _left(before, digests[0], shared.copy()), _left(after, digests[1], shared)


def _left(side: list[Type], digests: list[bytes], shared: Counter[bytes]) -> list[Type]:
    left = []
    for found, digest in zip(side, digests, strict=True):
        if shared[digest]:
            shared[digest] -= 1
        else:
            left.append(found)
    return left


def _title(found: Type) -> tuple[str, str]:
    return printable(found.name), kind_text(found)


def _change(found: Type, old: Sketch, new: Sketch) -> Change:
    before = {row.member: (row, spot) for row, spot in old.rows}
    after = {row.member: (row, spot) for row, spot in new.rows}
    members = []
    for name in dict.fromkeys([*before, *after]):
        left, right = before.get(name), after.get(name)
        if left is None or right is None or left[1] != right[1]:
            members.append(_member_change(name or "", left, right))
    members = members or list(_out_of_order(old, new))
    return Change(*_title(found), "changed", old.size, new.size, members)


def _out_of_order(old: Sketch, new: Sketch) -> Iterator[MemberChange]:
    """What stands in another's place, where each name has a member that is the same."""
    for left, right in zip_longest(old.rows, new.rows):
        one = left or right
        if left is None or right is None:
            yield MemberChange(one[0].member or "", left and left[0], right and right[0])
        elif (left[0].member, left[1]) != (right[0].member, right[1]):
            yield MemberChange(one[0].member or "", left[0], right[0], ("order",))


def _member_change(name: str, left: tuple[Row, Spot] | None, right: tuple[Row, Spot] | None) -> MemberChange:
    if left is None or right is None:
        return MemberChange(name, left and left[0], right and right[0])
    pairs = zip(Spot._fields, left[1], right[1], strict=True)
    return MemberChange(name, left[0], right[0], tuple(what for what, one, other in pairs if one != other))
