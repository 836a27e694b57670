# SPDX-License-Identifier: Apache-2.0
"""C declarations: a type id and a name in, `int (*name[4])(void)` out."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from .budget import PARAMETER, Budget
from .format.errors import BtfError
from .format.kinds import Kind
from .scalars import fitting_name
from .spelling import printable
from .type_chains import DECLARING, steps

if TYPE_CHECKING:
    from .type_space import TypeSpace

Spell = Callable[[int], str]
"""Gives the text of a type that is not made from another: `struct list_head`, `u32`, `void`."""

MOST_PARTS: Final = 4096
"""Parts that one declaration may have; prototypes that take prototypes can double at every level."""
_NESTING: Final = 32
"""Levels of such prototypes."""

_QUALIFIERS: Final = {Kind.CONST: "const", Kind.VOLATILE: "volatile", Kind.RESTRICT: "restrict"}
_TAGS: Final = {Kind.STRUCT: "struct", Kind.UNION: "union", Kind.ENUM: "enum", Kind.ENUM64: "enum"}
_AROUND: Final = DECLARING | {Kind.FUNC_PROTO}
_NUMBERS: Final = (Kind.INT, Kind.FLOAT)
_ORDER: Final = ("const", "volatile", "restrict")


def tag_of(types: "TypeSpace", type_id: int) -> str:
    """`struct`, `union` or `enum` for kinds that C names with a tag, else nothing."""
    kind = types.kind_of(type_id)
    if kind is Kind.FWD:
        return "union" if types.kind_flag_of(type_id) else "struct"
    return _TAGS.get(kind, "")


def spell(types: "TypeSpace", type_id: int) -> str:
    """The short text of a type: with its tag, `struct {...}` when it has no name; C's name of a number."""
    if not type_id:
        return "void"
    name = printable(types.name_of(type_id))
    if not name and types.kind_of(type_id) in _NUMBERS:
        return fitting_name(types, type_id) or f"type_{type_id}"
    tag = tag_of(types, type_id)
    return f"{tag} {name or '{...}'}" if tag else name or f"type_{type_id}"


def declare(types: "TypeSpace", type_id: int, name: str = "", spelled: Spell | None = None) -> str:
    """The C declaration of `name` as of the given type, without a semicolon.

    Args:
        types: the blob.
        type_id: the type.
        name: what is declared; empty for the type alone, as in a cast.
        spelled: how to write types that are not made from others; `spell` when not given.

    Raises:
        BtfError: the chain of types does not end, or the declaration has over `MOST_PARTS` parts.
    """
    return Declarer(types, spelled).declare(type_id, name)


class Declarer:
    """Writes declarations; one for each, since it counts their parts."""

    def __init__(
        self,
        types: "TypeSpace",
        spelled: Spell | None = None,
        tags: bool = False,
        in_prototypes: Spell | None = None,
        budget: Budget | None = None,
    ) -> None:
        """Prepare one declaration.

        Args:
            types: the blob.
            spelled: how to write types that are not made from others.
            tags: show type tags (`__user`, `__rcu`).
            in_prototypes: the same for parameters, whose names are then left out.
            budget: of the answer that the declaration is part of; its own without one.
        """
        self._types = types
        self._spell: Spell = spelled or (lambda type_id: spell(types, type_id))
        self._in_prototypes: Spell = in_prototypes or self._spell
        self._tags = tags
        self._named = in_prototypes is None
        self._budget = budget or Budget()
        self.parts = 0
        self._nesting = 0

    def declare(self, type_id: int, name: str = "") -> str:
        """The declaration of `name`; BtfError as `declare` says."""
        types, text = self._types, name
        qualifiers: set[str] = set()
        for at, kind in steps(types, type_id, _AROUND):
            self._count(type_id)
            if kind in _QUALIFIERS:
                qualifiers.add(_QUALIFIERS[kind])
            elif kind is Kind.TYPE_TAG:
                if self._tags:
                    qualifiers.add(_tag(types, at))
            elif kind is Kind.PTR:
                text = _pointer(text, qualifiers)
                qualifiers.clear()
            elif kind is Kind.ARRAY:
                text = f"{_inner(text)}[{types.array_of(at)[2]}]"
            elif kind is Kind.FUNC_PROTO:
                text = f"{_inner(text)}({self._parameters(at)})"
                qualifiers.clear()
        qualifiers.discard("restrict")
        spelled = (self._in_prototypes if self._nesting else self._spell)(at)
        return " ".join([*_sorted(qualifiers), spelled, *([text] if text else [])])

    def _parameters(self, proto: int) -> str:
        types = self._types
        count = types.vlen_of(proto)
        self._nesting += 1
        if self._nesting > _NESTING:
            raise BtfError(f"type {proto}: its prototypes are nested too deep")
        texts = [self._parameter(proto, index, count) for index in range(count)]
        self._nesting -= 1
        if texts == ["..."]:
            return ""
        return ", ".join(texts) or "void"

    def _parameter(self, proto: int, index: int, count: int) -> str:
        types = self._types
        type_id = types.element_word(proto, index * 2 + 1)
        if not type_id and index == count - 1:
            return "..."
        self._afford(type_id, PARAMETER)
        name = types.string(types.element_word(proto, index * 2)) if self._named else ""
        return self.declare(type_id, printable(name))

    def _count(self, type_id: int) -> None:
        self.parts += 1
        if self.parts > MOST_PARTS:
            raise BtfError(f"type {type_id}: its declaration has over {MOST_PARTS} parts")
        self._afford(type_id, 1)

    def _afford(self, type_id: int, parts: int) -> None:
        if not self._budget.take(parts):
            raise BtfError(f"type {type_id}: there is more than can be shown at once")


def _tag(types: "TypeSpace", type_id: int) -> str:
    name = printable(types.name_of(type_id))
    return f"__attribute__(({name}))" if types.kind_flag_of(type_id) else f"__{name}"


def _sorted(qualifiers: set[str]) -> list[str]:
    return [word for word in _ORDER if word in qualifiers] + sorted(qualifiers.difference(_ORDER))


def _pointer(text: str, qualifiers: set[str]) -> str:
    words = " ".join(_sorted(qualifiers))
    if not words:
        return f"*{text}"
    return f"* {words} {text}" if text else f"* {words}"


def _inner(text: str) -> str:
    return f"({text})" if text.startswith("*") else text
