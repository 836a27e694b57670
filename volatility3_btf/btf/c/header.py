# SPDX-License-Identifier: Apache-2.0
"""All types of a blob as one C header that a compiler lays out as the image has them.

The header is for -std=gnu11 and a compiler for the image's architecture. Types stand in the order in
which C needs them: what a type holds by value comes before it, what it only points at is declared.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from enum import Enum as Choice
from functools import partial
from typing import TYPE_CHECKING, Final

from ..declarators import tag_of
from ..format.errors import BtfError
from ..format.kinds import COMPOSITES, ENUMS, Kind
from ..scalars import Scalars
from ..spelling import comment, printable
from ..type_chains import DECLARING, end_of, steps
from .assertions import Assertion
from .compiler_layout import Planner
from .definitions import Bodies
from .names import CNames

if TYPE_CHECKING:
    from ..types import Types

_NESTING: Final = 64
MOST_PARTS: Final = 1 << 19
"""Types, members and enumerators of which a header is written; kernels of 2026 have 220,000."""
_COMPILERS_OWN: Final = frozenset({"__builtin_va_list", "__builtin_ms_va_list", "__builtin_sysv_va_list"})


@dataclass
class CHeader:
    """A header and what could not be said in it.

    Attributes:
        text: the header.
        inexpressible: by C name, why a type is written as bytes instead of its members.
        assertions: what must hold when it is compiled: sizes and offsets as the image has them.
    """

    text: str
    inexpressible: dict[str, str] = field(default_factory=dict)
    assertions: list[Assertion] = field(default_factory=list)

    def assertion_text(self) -> str:
        """The assertions as C, to be compiled after the header."""
        return "".join(f"{assertion}\n" for assertion in self.assertions)


def c_header(types: "Types", title: str = "Types of a Linux kernel") -> CHeader:
    """Write the header of a blob, its base's types included.

    Args:
        types: the blob.
        title: a line for the comment at its top.

    Raises:
        BtfError: there are over `MOST_PARTS` types, members and enumerators.
    """
    parts = _count_parts(types)
    if parts > MOST_PARTS:
        raise BtfError(f"{parts} types, members and enumerators are more than any kernel has")
    writer = _Writer(types)
    writer.write()
    causes = writer.inexpressible
    lines = [title, "Made by volatility3-btf from BTF; for -std=gnu11."]
    if causes:
        lines.append(f"{len(causes)} types have a layout that C cannot express and are written as bytes:")
        lines += [f"  {name}: {cause}" for name, cause in causes.items()]
    top = "\n".join(f" * {comment(line)}" for line in lines)
    body = "\n\n".join(writer.chunks)
    return CHeader(
        f"/*\n{top}\n */\n#ifndef VMLINUX_TYPES_H\n#define VMLINUX_TYPES_H\n\n{body}\n\n#endif\n",
        causes,
        writer.bodies.assertions,
    )


def _count_parts(types: "Types") -> int:
    """Types, members and enumerators of a blob and its base."""
    own = len(types) + len(types.member_columns) + len(types.enumerator_columns.owner)
    return own + (_count_parts(types.base) if types.base else 0)


class _State(Choice):
    STARTED = 1
    NAMED = 2
    DONE = 3


class _Writer:
    """Puts the definitions in order."""

    def __init__(self, types: "Types") -> None:
        self.chunks: list[str] = []
        self.inexpressible: dict[str, str] = {}
        self._types = types
        self._names = CNames(types)
        scalars = Scalars(types)
        self._planner = Planner(types, self._names, scalars)
        self.bodies = Bodies(types, self._names, self._planner, scalars)
        self._state: dict[int, _State] = {}
        self._declared: set[int] = set()
        self._complete: set[int] = set()
        self._seen: set[int] = set()
        self._depth = 0

    def write(self) -> None:
        """Write every type that C can name, then those that only stand inside of others."""
        later = []
        for type_id in self._names.all_ids:
            kind = self._types.kind_of(type_id)
            if kind is Kind.TYPEDEF:
                self._typedef_and_target(type_id)
            elif kind in COMPOSITES and self._types.name_of(type_id):
                self._composite(type_id)
            elif kind in ENUMS and self._types.name_of(type_id):
                self._enum(type_id)
            elif kind in COMPOSITES or kind in ENUMS:
                later.append(type_id)
        self._write_unnamed(later)

    def _write_unnamed(self, type_ids: list[int]) -> None:
        inside = self._written_inside()
        for type_id in type_ids:
            if self._types.kind_of(type_id) in ENUMS:
                if not self.bodies.was_inlined(type_id):
                    self._enum(type_id)
            elif type_id in self._declared or type_id not in inside:
                self.bodies.tagged.add(type_id)
                self._composite(type_id)

    def _written_inside(self) -> set[int]:
        """Types that a member or typedef is made from, whose bodies stand there if they have no name."""
        types = self._types
        ids: set[int] = set()
        owner: Types | None = types
        while owner is not None:
            ids.update(owner.member_columns.type_id.tolist())
            ids.update(owner.columns.size_or_type[owner.columns.rows_of(Kind.TYPEDEF)].tolist())
            owner = owner.base
        return {end_of(self._types, type_id, DECLARING) for type_id in ids}

    def _require(self, type_id: int, by_value: bool, in_prototype: bool = False) -> None:
        """Write or declare what must stand before a declaration of this type."""
        for step in steps(self._types, type_id, DECLARING):
            at, kind = step
            by_value = kind is Kind.ARRAY or (by_value and kind is not Kind.PTR)
        if kind is Kind.FUNC_PROTO:
            self._deeper(partial(self._prototype, at))
        else:
            self._deeper(partial(self._leaf, at, by_value, in_prototype))

    def _deeper(self, step: Callable[[], None]) -> None:
        if self._depth > _NESTING:
            raise BtfError("it is nested too deep")
        self._depth += 1
        try:
            step()
        finally:
            self._depth -= 1

    def _prototype(self, proto: int) -> None:
        types = self._types
        with self._once(proto) as first:
            if first:
                self._require(types.word_of(proto), False, True)
                for at in range(1, types.vlen_of(proto) * 2, 2):
                    self._require(types.element_word(proto, at), False, True)

    def _leaf(self, type_id: int, by_value: bool, in_prototype: bool) -> None:
        kind = self._types.kind_of(type_id)
        if kind is Kind.TYPEDEF:
            self._typedef(type_id, by_value)
        elif kind in ENUMS:
            self._need_enum(type_id, in_prototype)
        elif kind in COMPOSITES or kind is Kind.FWD:
            self._need_composite(self._names.definition(type_id), by_value, in_prototype)

    def _need_enum(self, type_id: int, in_prototype: bool) -> None:
        if in_prototype and self.bodies.is_inline(type_id) and not self.bodies.was_inlined(type_id):
            self.bodies.tagged.add(type_id)
        if not self.bodies.is_inline(type_id):
            self._enum(type_id)

    def _need_composite(self, type_id: int, by_value: bool, in_prototype: bool) -> None:
        if in_prototype:
            self._declare(type_id)
        elif self._types.kind_of(type_id) is Kind.FWD:
            return
        elif self.bodies.is_inline(type_id):
            self._need_body(type_id)
        elif by_value:
            self._composite(type_id)

    def _need_body(self, type_id: int) -> None:
        with self._once(type_id) as first:
            if first:
                for member_type in self._member_types(type_id):
                    self._require(member_type, True)

    @contextmanager
    def _once(self, type_id: int) -> Iterator[bool]:
        """Whether this is the first time; a time that fails does not count."""
        if type_id in self._seen:
            yield False
            return
        self._seen.add(type_id)
        try:
            yield True
        except BtfError:
            self._seen.discard(type_id)
            raise

    def _member_types(self, type_id: int) -> list[int]:
        types = self._types
        return [types.element_word(type_id, at) for at in range(1, types.vlen_of(type_id) * 3, 3)]

    def _declare(self, type_id: int) -> None:
        """`struct name;`, since a tag that a prototype mentions first is known nowhere else."""
        if type_id not in self._declared and self._state.get(type_id) is not _State.DONE:
            self._declared.add(type_id)
            self.chunks.append(f"{tag_of(self._types, type_id)} {self._names.tag(type_id)};")

    def _enum(self, type_id: int) -> None:
        if self._state.get(type_id) is None:
            self._state[type_id] = _State.DONE
            self.chunks.append(self.bodies.enum(type_id))

    def _composite(self, type_id: int) -> None:
        state = self._state.get(type_id)
        if state is _State.DONE:
            return
        if state is _State.STARTED:
            raise BtfError("it contains itself")
        self._state[type_id] = _State.STARTED
        marks = len(self.bodies.assertions)
        try:
            for member_type in self._member_types(type_id):
                self._require(member_type, True)
            plan = self._planner.plan(type_id)
            text = self.bodies.composite(type_id, plan)
        except BtfError as error:
            del self.bodies.assertions[marks:]
            plan = self._planner.give_up(type_id, str(error))
            text = self.bodies.composite(type_id, plan)
        if plan.cause:
            self.inexpressible[f"{tag_of(self._types, type_id)} {self._names.tag(type_id)}"] = plan.cause
        self.chunks.append(text)
        self._state[type_id] = _State.DONE

    def _typedef(self, type_id: int, by_value: bool) -> None:
        name = self._names.typedef(type_id)
        if name in _COMPILERS_OWN:
            return
        target = self._types.word_of(type_id)
        state = self._state.get(type_id)
        if state is None:
            self._state[type_id] = _State.STARTED
            marks = len(self.bodies.assertions)
            try:
                self._write_typedef(type_id, target)
            except BtfError as error:
                del self.bodies.assertions[marks:]
                self.inexpressible[name] = str(error)
                self.chunks.append(f"typedef unsigned char {name}; /* {comment(printable(str(error)))} */")
            self._state[type_id] = _State.DONE
        elif state is _State.STARTED:
            self._name_early(type_id, target)
        if by_value and type_id not in self._complete:
            self._complete.add(type_id)
            self._require(target, True)

    def _typedef_and_target(self, type_id: int) -> None:
        """A typedef, and what it stands for as far as that can be written."""
        try:
            self._typedef(type_id, by_value=True)
        except BtfError as error:
            self.inexpressible[self._names.typedef(type_id)] = str(error)

    def _write_typedef(self, type_id: int, target: int) -> None:
        self._require(target, False)
        if self._state[type_id] is _State.NAMED:
            self._composite(target)
        else:
            self.chunks.append(self.bodies.typedef(type_id))

    def _name_early(self, type_id: int, target: int) -> None:
        """A body that mentions its own typedef: the body gets a tag, so that the typedef can come first."""
        if self._types.kind_of(target) not in COMPOSITES or not self.bodies.is_inline(target):
            raise BtfError("the typedef refers to itself")
        self.bodies.tagged.add(target)
        self._state[type_id] = _State.NAMED
        self.chunks.append(self.bodies.typedef(type_id))
