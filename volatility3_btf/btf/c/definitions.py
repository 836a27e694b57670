# SPDX-License-Identifier: Apache-2.0
"""The text of single definitions in a C header, and what must hold of each."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from ...limits import Allowance
from ..composites import Member
from ..declarators import Declarer, tag_of
from ..format.errors import BtfError
from ..format.kinds import COMPOSITES, ENUMS, Kind
from ..nodes import Enum
from ..scalars import Scalars
from ..views.members import declared_from, dimensions, joined_to, points_away
from . import enums
from .assertions import Assertion
from .compiler_layout import Gap, Plan, Planner
from .names import CNames, NameSpace

if TYPE_CHECKING:
    from ..types import Types

INDENT: Final = "\t"
_CUT: Final = "\0"
_NESTING: Final = 32
_PACKED: Final = " __attribute__((packed))"
_INTEGERS: Final = {1: "char", 2: "short", 4: "int", 8: "long long"}


@dataclass
class _Scope:
    """Where in a definition the text is.

    Attributes:
        subject: the type as C names it.
        path: the member that is being written, with a dot; empty at the top.
        shift: bytes from the start of the subject.
        names: members' names in this scope.
        stated: whether offsets can be stated, which they cannot behind a pointer.
    """

    subject: str
    path: str = ""
    shift: int = 0
    names: NameSpace = field(default_factory=NameSpace)
    stated: bool = True


class Bodies:
    """Writes definitions.

    Attributes:
        assertions: what must hold of the definitions written so far.
        tagged: types without a name that were given a tag.
    """

    def __init__(self, types: "Types", names: CNames, planner: Planner, scalars: Scalars) -> None:
        self.assertions: list[Assertion] = []
        self.tagged: set[int] = set()
        self._types = types
        self._names = names
        self._planner = planner
        self._scalars = scalars
        self._inlined_enums: set[int] = set()
        self._holes = 0
        self._parts = Allowance(16 * len(types.member_columns) + (1 << 20))

    def composite(self, type_id: int, plan: Plan) -> str:
        """`struct name { ... };`."""
        subject = f"{tag_of(self._types, type_id)} {self._names.tag(type_id)}"
        return "\n".join(self._whole(type_id, plan, subject, f"{subject} {{", "};"))

    def typedef(self, type_id: int) -> str:
        """`typedef ... name;`, with the body of what has no name of its own."""
        name = self._names.typedef(type_id)
        target = self._types.word_of(type_id)
        if self.is_inline(target) and self._types.kind_of(target) in COMPOSITES:
            plan = self._planner.plan(target)
            opening = f"typedef {tag_of(self._types, target)} {{"
            closing = f"}}{_PACKED if plan.packed else ''} {name};"
            return "\n".join(self._whole(target, plan, name, opening, closing))
        return "\n".join(self._declaration(target, name, "", _Scope(name, stated=False), "typedef "))

    def enum(self, type_id: int) -> str:
        """`enum name { ... };`."""
        found = self._types.by_id(type_id)
        named = self._types.name_of(type_id) or type_id in self.tagged
        opening = f"enum {self._names.tag(type_id)} {{" if named else "enum {"
        self._inlined_enums.add(type_id)
        assert isinstance(found, Enum)
        attribute = enums.attribute(found) if enums.fits(found) else ""
        return "\n".join([opening, *self._enumerators(found, INDENT), f"}}{attribute};"])

    def is_inline(self, type_id: int) -> bool:
        """Whether a type has neither a name nor a tag, so that its body stands where it is used."""
        kind = self._types.kind_of(type_id)
        if kind not in COMPOSITES and kind not in ENUMS:
            return False
        return not self._types.name_of(type_id) and type_id not in self.tagged

    def was_inlined(self, type_id: int) -> bool:
        """Whether an enumeration without a tag was written already; C would not have it twice."""
        return type_id in self._inlined_enums

    def spell(self, type_id: int) -> str:
        """How the header names a type that is not made from others."""
        types = self._types
        kind = types.kind_of(type_id)
        if kind is Kind.TYPEDEF:
            return self._names.typedef(type_id)
        if kind in (Kind.INT, Kind.FLOAT):
            return self._scalars.spell(type_id) or "unsigned char"
        if kind in ENUMS and self._as_integer(type_id):
            return self._integer(type_id)
        tag = tag_of(types, type_id)
        return f"{tag} {self._names.tag(self._names.definition(type_id))}" if tag else "void"

    def _whole(self, type_id: int, plan: Plan, subject: str, opening: str, closing: str) -> Iterator[str]:
        self.assertions.append(Assertion(subject, "", plan.size, False))
        yield opening
        yield from self._items(plan, INDENT, _Scope(subject))
        packed = _PACKED if plan.packed and closing == "};" else ""
        yield f"}}{packed};" if packed else closing

    def _items(self, plan: Plan, indent: str, scope: _Scope) -> Iterator[str]:
        self._spend(len(plan.items))
        if plan.cause and plan.size:
            yield f"{indent}unsigned char {self._hole()}[{plan.size}];"
        index = 0
        for item in plan.items:
            if isinstance(item, Gap):
                yield indent + self._gap(item)
                continue
            if index in plan.raw:
                yield from self._raw(item, indent, scope)
            else:
                yield from self._member(item, indent, scope)
            index += 1

    def _gap(self, gap: Gap) -> str:
        if gap.bits < 8:
            return f"unsigned char : {gap.bits};"
        return f"unsigned char {self._hole()}[{gap.bits // 8}];"

    def _raw(self, member: Member, indent: str, scope: _Scope) -> Iterator[str]:
        try:
            size = member.type.size
        except BtfError:
            size = 0
        yield f"{indent}unsigned char {scope.names.take(member.name or 'unnamed')}[{size}];"

    def _member(self, member: Member, indent: str, scope: _Scope) -> Iterator[str]:
        inner = _Scope(scope.subject, scope.path, scope.shift, scope.names, scope.stated)
        inner.shift = scope.shift + member.bit_offset // 8
        joined = joined_to(member)
        if joined is not None:
            qualifiers = Declarer(self._types, lambda _: "").declare(member.type_id)
            yield from self._inlined(joined.id, indent, inner, qualifiers, "")
            return
        name = scope.names.take(member.name or "unnamed")
        inner.path = f"{scope.path}{name}"
        self._state_offset(member, inner)
        base = declared_from(member)
        if self.is_inline(base) and self._types.kind_of(base) in COMPOSITES:
            inner.path += "[0]" * dimensions(member)
            inner.names = NameSpace()
            inner.stated = scope.stated and not points_away(member)
        text = f"{name}:{member.bit_size}" if member.bit_size else name
        yield from self._declaration(member.type_id, text, indent, inner)

    def _state_offset(self, member: Member, scope: _Scope) -> None:
        if scope.stated and not member.bit_size:
            self.assertions.append(Assertion(scope.subject, scope.path, scope.shift, True))

    def _declaration(
        self, type_id: int, name: str, indent: str, scope: _Scope, before: str = ""
    ) -> Iterator[str]:
        """The declaration of a name, with the body of its type where that has no name."""
        inlined: list[int] = []

        def spelled(at: int) -> str:
            if self.is_inline(at) and not (self._types.kind_of(at) in ENUMS and self._as_integer(at)):
                inlined.append(at)
                return _CUT
            return self.spell(at)

        declarer = Declarer(self._types, spelled, in_prototypes=self.spell)
        text = declarer.declare(type_id, name)
        self._spend(declarer.parts)
        opening, cut, closing = text.partition(_CUT)
        if not cut:
            yield f"{indent}{before}{text};"
            return
        yield from self._inlined(inlined[0], indent, scope, before + opening, closing)

    def _inlined(self, type_id: int, indent: str, scope: _Scope, opening: str, closing: str) -> Iterator[str]:
        if indent.count(INDENT) > _NESTING:
            raise BtfError("its bodies are nested too deep")
        yield f"{indent}{opening}{tag_of(self._types, type_id)} {{"
        found = self._types.by_id(type_id)
        if isinstance(found, Enum):
            self._inlined_enums.add(type_id)
            yield from self._enumerators(found, indent + INDENT)
            attribute = enums.attribute(found)
        else:
            plan = self._planner.plan(type_id)
            if scope.stated and scope.path and not scope.path.endswith("."):
                self.assertions.append(Assertion(scope.subject, scope.path, plan.size, False))
            scope.path += "." if scope.path and not scope.path.endswith(".") else ""
            yield from self._items(plan, indent + INDENT, scope)
            attribute = _PACKED if plan.packed else ""
        yield f"{indent}}}{attribute}{closing};"

    def _enumerators(self, found: Enum, indent: str) -> Iterator[str]:
        values = [value for _, value in found.values] or [0]
        for name, value in zip(self._names.enumerators(found.id), values, strict=True):
            yield f"{indent}{name} = {enums.literal(value)},"

    def _as_integer(self, type_id: int) -> bool:
        """Whether an enumeration must be written as an integer: C would refuse it here."""
        found = self._types.by_id(type_id)
        if not isinstance(found, Enum) or not enums.fits(found):
            return True
        return self.is_inline(type_id) and self.was_inlined(type_id)

    def _integer(self, type_id: int) -> str:
        found = self._types.by_id(type_id)
        signed = isinstance(found, Enum) and any(value < 0 for _, value in found.values)
        return f"{'signed' if signed else 'unsigned'} {_INTEGERS.get(found.size, 'char')}"

    def _hole(self) -> str:
        self._holes += 1
        return f"__hole_{self._holes}"

    def _spend(self, parts: int) -> None:
        if not self._parts.take(parts):
            raise BtfError("bodies and prototypes are repeated more often than any kernel would")
