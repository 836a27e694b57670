# SPDX-License-Identifier: Apache-2.0
"""How to make a C compiler lay a struct out as the image has it.

A struct is placed the way gcc and clang place it: each member at the next offset that suits its
alignment, a bitfield right after the one before it unless it would straddle a unit of its type. Where the
image has a member further on, a hole is written as a member of its own; where it has one earlier, or the
size is less than the alignment asks for, the struct is packed, and everything is placed byte by byte. What
remains cannot be said in C: members that overlap in a struct, or do not start at 0 in a union.
"""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ..composites import Composite, Member
from ..format.errors import BtfError
from ..format.kinds import MODIFIERS, Kind
from ..scalars import Scalars
from ..type_chains import LARGEST, steps
from .names import CNames

if TYPE_CHECKING:
    from ..types import Types

_SCALARS: Final = frozenset({Kind.INT, Kind.ENUM, Kind.ENUM64, Kind.FLOAT})
_NESTING: Final = 64


@dataclass(frozen=True, slots=True)
class Gap:
    """Unused bits that are written as a member: whole bytes, or the rest of a byte."""

    bits: int


@dataclass(slots=True)
class Plan:
    """How to write one struct or union.

    Attributes:
        items: its members, and gaps between them.
        packed: whether it needs `__attribute__((packed))`.
        align: bytes that the compiler will align it to.
        size: bytes of it.
        cause: why C cannot express it; it is then written as `size` bytes without members.
        raw: members that are written as bytes, since C has no type for them.
    """

    items: list[Member | Gap] = field(default_factory=list)
    packed: bool = False
    align: int = 1
    size: int = 0
    cause: str = ""
    raw: set[int] = field(default_factory=set)


@dataclass(frozen=True, slots=True)
class _Shape:
    size: int
    align: int


class _Inexpressible(BtfError):
    """The layout cannot be had in the way that was tried."""


class Planner:
    """Plans the composites of one blob; remembers what it planned."""

    def __init__(self, types: "Types", names: CNames, scalars: Scalars) -> None:
        self._types = types
        self._names = names
        self._scalars = scalars
        self._plans: dict[int, Plan] = {}
        self._busy: set[int] = set()

    def plan(self, type_id: int) -> Plan:
        """The plan of a struct or union."""
        found = self._plans.get(type_id)
        if found is None:
            found = self._plans[type_id] = self._make(type_id)
        return found

    def give_up(self, type_id: int, cause: str) -> Plan:
        """Plan a composite as bytes, for a reason that lies outside of its layout."""
        self._plans[type_id] = Plan(size=self._types.word_of(type_id), cause=cause)
        return self._plans[type_id]

    def _make(self, type_id: int) -> Plan:
        composite = self._types.by_id(type_id)
        if not isinstance(composite, Composite):
            raise BtfError(f"type {type_id} is not a struct or union")
        if type_id in self._busy or len(self._busy) > _NESTING:
            raise _Inexpressible("it contains itself, or is nested too deep")
        self._busy.add(type_id)
        try:
            return self._try(composite)
        finally:
            self._busy.discard(type_id)

    def _try(self, composite: Composite) -> Plan:
        causes: list[str] = []
        for packed in (False, True):
            plan = Plan(packed=packed, size=composite.size)
            try:
                if composite.kind is Kind.UNION:
                    self._place_union(composite, plan)
                else:
                    self._place_struct(composite, plan)
            except BtfError as error:
                causes.append(str(error))
                continue
            return plan
        return Plan(size=composite.size, cause=causes[-1])

    def _place_struct(self, composite: Composite, plan: Plan) -> None:
        reached = 0
        for index, member in enumerate(composite.members):
            shape = self._shape(member, index, plan)
            begin = self._earliest(reached, member, shape, plan.packed)
            if member.bit_offset < begin:
                raise _Inexpressible(f"{member.name or 'a member'} overlaps the member before it")
            _check_place(member, shape, plan.packed)
            if member.bit_offset > begin:
                plan.items += _gaps(reached, member.bit_offset)
            plan.items.append(member)
            reached = member.bit_offset + (member.bit_size or shape.size * 8)
            plan.align = max(plan.align, 1 if plan.packed else shape.align)
        self._finish(plan, reached)

    def _place_union(self, composite: Composite, plan: Plan) -> None:
        reached = 0
        for index, member in enumerate(composite.members):
            shape = self._shape(member, index, plan)
            if member.bit_offset:
                raise _Inexpressible(f"{member.name or 'a member'} does not start where the union does")
            plan.items.append(member)
            reached = max(reached, member.bit_size or shape.size * 8)
            plan.align = max(plan.align, 1 if plan.packed else shape.align)
        if _round_up(reached, plan.align * 8) < plan.size * 8:
            plan.items.append(Gap(plan.size * 8))
            reached = plan.size * 8
        self._finish(plan, reached)

    def _earliest(self, reached: int, member: Member, shape: _Shape, packed: bool) -> int:
        """The first bit at which the compiler would put a member, given what is taken."""
        if not member.bit_size:
            return _round_up(reached, 8 if packed else shape.align * 8)
        unit = shape.align * 8
        straddles = (member.bit_offset % unit + member.bit_size - 1) // unit >= shape.size // shape.align
        if packed or not straddles:
            return reached
        raise _Inexpressible(f"{member.name or 'a bitfield'} straddles units of its type")

    def _finish(self, plan: Plan, reached: int) -> None:
        bits = plan.size * 8
        if reached > bits:
            raise _Inexpressible("a member reaches over its end")
        if plan.size % plan.align:
            raise _Inexpressible("its size is no multiple of its alignment")
        if _round_up(reached, plan.align * 8) < bits:
            plan.items += _gaps(reached, bits)

    def _shape(self, member: Member, index: int, plan: Plan) -> _Shape:
        """Size and alignment of a member's type as it will be compiled."""
        shape = self._shape_of(member.type_id)
        if shape is None:
            if member.bit_size:
                raise _Inexpressible(f"{member.name or 'a bitfield'} has a type that C has no bitfields of")
            plan.raw.add(index)
            return _Shape(_size_or_zero(member), 1)
        if member.bit_size > shape.size * 8:
            raise _Inexpressible(f"{member.name or 'a bitfield'} is wider than its type")
        return shape

    def _shape_of(self, type_id: int) -> _Shape | None:
        count = 1
        for at, kind in steps(self._types, type_id, MODIFIERS | {Kind.ARRAY}):
            if kind is Kind.ARRAY:
                count = min(count * self._types.array_of(at)[2], LARGEST)
        shape = self._base_shape(self._names.definition(at))
        return shape and _Shape(min(shape.size * count, LARGEST), shape.align)

    def _base_shape(self, at: int) -> _Shape | None:
        types = self._types
        kind = types.kind_of(at)
        if kind in (Kind.STRUCT, Kind.UNION):
            plan = self.plan(at)
            return _Shape(plan.size, plan.align)
        if kind is Kind.PTR:
            return _Shape(types.pointer_size, types.pointer_size)
        if kind in (Kind.INT, Kind.FLOAT) and self._scalars.spell(at) is None:
            return None
        if kind in _SCALARS and types.word_of(at) in (1, 2, 4, 8, 16):
            return _Shape(types.word_of(at), self._scalars.align_of(types.word_of(at)))
        return None


def _check_place(member: Member, shape: _Shape, packed: bool) -> None:
    if member.bit_size:
        return
    if member.bit_offset % 8:
        raise _Inexpressible(f"{member.name or 'a member'} does not start at a byte")
    if not packed and member.bit_offset % (shape.align * 8):
        raise _Inexpressible(f"{member.name or 'a member'} is not aligned")


def _gaps(begin: int, end: int) -> list[Member | Gap]:
    """Gaps that fill the bits between two places: to the end of a byte, whole bytes, the start of one."""
    parts = (min(end, _round_up(begin, 8)) - begin, 0, 0)
    begin += parts[0]
    return [Gap(bits) for bits in (parts[0], (end - begin) // 8 * 8, (end - begin) % 8) if bits]


def _round_up(bits: int, unit: int) -> int:
    return -(-bits // unit) * unit


def _size_or_zero(member: Member) -> int:
    try:
        return member.type.size
    except BtfError:
        return 0
