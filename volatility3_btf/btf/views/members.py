# SPDX-License-Identifier: Apache-2.0
"""Bodies inside bodies: what C writes where it is used, and whose members the outer struct has as its own."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from ...limits import Allowance
from ..budget import FIELD, Budget
from ..composites import Composite, Member
from ..format.errors import BtfError
from ..format.kinds import Kind
from ..nodes import Typedef
from ..spelling import printable
from ..type_chains import DECLARING, EndlessError, end_of, steps
from ..type_space import Type
from .layout import Field, lay_out

MOST_FIELDS: Final = 1 << 16
"""Fields of one type, those of bodies inside it included, that are shown; a kernel's have some thousand."""
_IN_ARRAYS: Final = frozenset({Kind.ARRAY, Kind.CONST, Kind.VOLATILE})

DEEPEST_BODY: Final = 32
"""Levels of bodies inside bodies that are followed."""


class Nested:
    """Follows bodies inside bodies, for as many fields as a sound type could have.

    Attributes:
        budget: of the answer.
        is_open: whether the members of the outermost one may be shown.
    """

    def __init__(self, composite: Composite, budget: Budget) -> None:
        self._outer = [composite.id]
        self._fields = Allowance(MOST_FIELDS)
        self.budget = budget
        self.is_open = self._take(composite)

    @contextmanager
    def enter(self, inner: Composite | None) -> Iterator[Composite | None]:
        """The body inside, or None where it is not to be followed.

        It is not where it is one of those that are being followed already, is nested too deep, or has
        more fields than are left.
        """
        if inner is None or inner.id in self._outer or not self._take(inner):
            yield None
            return
        self._outer.append(inner.id)
        yield inner
        self._outer.pop()

    def _take(self, composite: Composite) -> bool:
        fields = composite.types.vlen_of(composite.id)
        if len(self._outer) > DEEPEST_BODY or not self._fields.take(fields):
            self.budget.is_used_up = True
            return False
        return self.budget.take(FIELD * fields)


def body_of(member: Member) -> Composite | None:
    """The struct or union without a name that a member is, or is an array of or a pointer to."""
    found = member.types.by_id(declared_from(member))
    return found if isinstance(found, Composite) and not found.name else None


def joined_to(member: Member) -> Composite | None:
    """The struct or union that a member without a name is: its members are the outer one's as well.

    In plain C it has no tag; with -fms-extensions, as newer kernels are built, it may have one, or be a
    typedef.
    """
    if member.name or member.bit_size:
        return None
    try:
        found = member.type.strip()
    except BtfError:
        return None
    return found if isinstance(found, Composite) else None


def body_under_name(found: Type) -> Composite | None:
    """The struct or union that a type is, or without a tag of its own, as a typedef gives it a name."""
    if isinstance(found, Typedef):
        target = found.type
        return target if isinstance(target, Composite) and not target.name else None
    return found if isinstance(found, Composite) else None


def declared_from(member: Member) -> int:
    """The id of the type that C would write first: behind arrays, pointers and qualifiers.

    Where the chain goes on for too long, the id that was reached.
    """
    return end_of(member.types, member.type_id, DECLARING)


def points_away(member: Member) -> bool:
    """Whether a member's body lies elsewhere, behind a pointer."""
    try:
        return any(kind is Kind.PTR for _, kind in steps(member.types, member.type_id, DECLARING))
    except EndlessError:
        return False


def dimensions(member: Member) -> int:
    """Dimensions of the array that a member is."""
    try:
        kinds = [kind for _, kind in steps(member.types, member.type_id, _IN_ARRAYS)]
    except EndlessError:
        return DEEPEST_BODY
    return kinds.count(Kind.ARRAY)


def walk_members(composite: Composite, budget: Budget | None = None) -> Iterator[tuple[str, Field]]:
    """The members of a struct or union as C can name them, with their places in it.

    Members of bodies inside it come after the member that has the body, `adj_list.upper`; those of an
    array's body as of its first element, `slots[0].key`; those of a member without a name as the outer
    one's own; those behind a pointer are left out.

    Args:
        composite: the struct or union.
        budget: of the answer; its own without one. What it does not suffice for is left out.
    """
    nested = Nested(composite, budget or Budget())
    if nested.is_open:
        yield from _walk(composite, nested, 0, "")


def _walk(composite: Composite, nested: Nested, shift: int, path: str) -> Iterator[tuple[str, Field]]:
    for field in lay_out(composite, shift).fields:
        member = field.member
        text = path + printable(member.name)
        if member.name:
            yield text, field
        with nested.enter(_held(member)) as inner:
            if inner is not None:
                repeated = "[0]" * dimensions(member)
                yield from _walk(inner, nested, field.offset, f"{text}{repeated}." if member.name else path)


def _held(member: Member) -> Composite | None:
    """The body that lies where the member does and has members that C can name."""
    if not member.name:
        return joined_to(member)
    return None if points_away(member) else body_of(member)
