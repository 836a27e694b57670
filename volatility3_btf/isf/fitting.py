# SPDX-License-Identifier: Apache-2.0
"""Declared types of kernel globals, tied to the types that one kernel has.

A declaration is used only if every type in it exists in the kernel's BTF, under a name that means one thing
there, and if the distance to the next symbol has room for it. A wrong type is worse than `void`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from ..btf import BtfError, Kind
from ..btf.composites import Composite, Member
from .declarations import (
    Array,
    Base,
    CType,
    Declaration,
    Declarations,
    Function,
    Named,
    Pointer,
    Unnamed,
)
from .types import VOID, Entry, TypeEntries

COUNTABLE: Final = 32
"""Bytes of an element from which the room at a symbol tells how many there are: compilers align a large array
to 32 bytes, so what is left over behind it is less than one such element."""

SPARE: Final = 256
"""Bytes that a symbol known by its family only may have behind it, beside four times its size; more, and it
is something else of a similar name. Linkers pad to cache lines and pages, so the limit is generous."""

_LARGEST: Final = 1 << 32
_MANY: Final = 8192
_KINDS: Final = {
    "struct": (Kind.STRUCT,),
    "union": (Kind.UNION,),
    "enum": (Kind.ENUM, Kind.ENUM64),
    "typedef": (Kind.TYPEDEF,),
}


@dataclass(frozen=True)
class Fitted:
    """A declared type in terms of one kernel's types.

    Attributes:
        entry: its ISF descriptor, the element's for an array whose number of elements is open.
        size: bytes it takes, or one element does.
        is_open: it is such an array.
    """

    entry: Entry
    size: int
    is_open: bool = False


class Fitter:
    """Finds declared types among the types of one kernel.

    Args:
        entries: the kernel's types as ISF entries.
    """

    def __init__(self, entries: TypeEntries) -> None:
        self._entries = entries
        self._types = entries.types
        self._fitted: dict[CType, Fitted | None] = {}
        self._alternatives: dict[int, tuple[Declaration, list[Fitted]]] = {}

    def descriptors(
        self,
        names: Sequence[str],
        rooms: Sequence[int],
        declarations: Declarations | None = None,
        contents: Mapping[str, bytes] | None = None,
    ) -> dict[int, Entry]:
        """ISF descriptors of those of many data symbols that are declared and whose declaration fits.

        A symbol declared by its own name is typed only where it is alone: of several with one name nobody
        knows which is meant. The members of a family are typed wherever they stand.

        Args:
            names: the symbols' names, no functions among them.
            rooms: bytes from each symbol to the next one at another address.
            declarations: other declarations than this package's.
            contents: the bytes of variables that were read, by name.

        Returns:
            index in `names` → descriptor.
        """
        found: dict[int, Entry] = {}
        matched = (declarations or Declarations.load()).match(names)
        first: dict[str, int] = {}
        for index, declaration in matched.items():
            if not declaration.family:
                earlier = first.setdefault(names[index], index)
                if earlier != index:
                    found.pop(earlier, None)
                    continue
            content = contents.get(names[index]) if contents else None
            entry = self.descriptor(declaration, rooms[index], content)
            if entry is not None:
                found[index] = entry
        return found

    def descriptor(self, declaration: Declaration, room: int, content: bytes | None = None) -> Entry | None:
        """The descriptor of the first alternative that exists and has room, or None.

        Args:
            declaration: what is declared of the symbol.
            room: bytes from the symbol to the next one.
            content: the variable's bytes, if they were read.
        """
        known = self._alternatives.get(id(declaration))
        if known is None:
            fitted = [fit for fit in map(self.fit, declaration.types) if fit is not None]
            known = self._alternatives[id(declaration)] = (declaration, fitted)
        for fit in known[1]:
            if fit.is_open:
                count = _elements(fit.size, room, content)
                if count:
                    return {"kind": "array", "count": count, "subtype": fit.entry}
            elif fit.size <= room and not (declaration.family and room > 4 * fit.size + SPARE):
                return fit.entry
        return None

    def fit(self, ctype: CType) -> Fitted | None:
        """A declared type in terms of this kernel's, or None where it does not exist or is ambiguous."""
        if ctype not in self._fitted:
            try:
                self._fitted[ctype] = self._fit(ctype)
            except BtfError:
                self._fitted[ctype] = None
        return self._fitted[ctype]

    def _fit(self, ctype: CType) -> Fitted | None:
        if isinstance(ctype, Base):
            base = self._entries.base_types.get(ctype.name)
            return Fitted({"kind": "base", "name": ctype.name}, base["size"]) if base else None
        if isinstance(ctype, Pointer):
            return self._pointer(ctype)
        if isinstance(ctype, Array):
            return self._array(ctype)
        if isinstance(ctype, Function):
            return Fitted({"kind": "function"}, 0)
        type_id = self._named(ctype) if isinstance(ctype, Named) else self._unnamed(ctype)
        if type_id is None:
            return None
        return Fitted(self._named_entry(type_id), self._types.size_of(type_id))

    def _named_entry(self, type_id: int) -> Entry:
        """The descriptor of a type; what has no tag goes by the typedef that was asked for.

        BTF keeps structs without a tag that are alike only once, so that several typedefs (`guid_t` and
        `uuid_t`) can stand for one of them.
        """
        entry = self._entries.describe(type_id)
        if self._types.kind_of(type_id) is not Kind.TYPEDEF or self._types.name_of(
            self._types.strip(type_id)
        ):
            return entry
        name = self._types.name_of(type_id)
        target = self._types.word_of(type_id)
        while self._types.kind_of(target) is Kind.TYPEDEF:
            name, target = self._types.name_of(target), self._types.word_of(target)
        published = self._entries.user_types if entry["kind"] in ("struct", "union") else self._entries.enums
        return {"kind": entry["kind"], "name": name} if name in published else entry

    def _pointer(self, ctype: Pointer) -> Fitted | None:
        target = ctype.target
        if isinstance(target, Base) and target.name == "void":
            entry: Entry = VOID
        elif isinstance(target, Named) and self._is_only_declared(target):
            entry = {"kind": target.kind, "name": target.name}
        else:
            fitted = self.fit(target)
            if fitted is None or fitted.is_open:
                return None
            entry = fitted.entry
        return Fitted({"kind": "pointer", "subtype": entry}, self._types.pointer_size)

    def _array(self, ctype: Array) -> Fitted | None:
        element = self.fit(ctype.target)
        if element is None or element.is_open:
            return None
        if ctype.count is None:
            return Fitted(element.entry, element.size, is_open=True)
        entry = {"kind": "array", "count": ctype.count, "subtype": element.entry}
        size = element.size * ctype.count
        return Fitted(entry, size) if size <= _LARGEST else None

    def _named(self, ctype: Named) -> int | None:
        """The id of the one type that a tag or typedef names; None where several differ."""
        ids = self._types.ids_named(ctype.name, *_KINDS[ctype.kind])
        if ctype.kind == "typedef" and len({self._types.strip(type_id) for type_id in ids}) == 1:
            return ids[0]
        return ids[0] if len(ids) == 1 else None

    def _is_only_declared(self, ctype: Named) -> bool:
        """Whether the kernel's BTF knows no more of a struct or union than that there is one."""
        names, kinds = self._types.ids_named, _KINDS[ctype.kind]
        return bool(names(ctype.name, Kind.FWD)) and not names(ctype.name, *kinds)

    def _unnamed(self, ctype: Unnamed) -> int | None:
        """The id of the unnamed struct or union with these members; None where several are not alike."""
        kind = _KINDS[ctype.kind][0]
        wanted = {name: self.fit(member) for name, member in ctype.members}
        if None in wanted.values():
            return None
        found = [
            type_id
            for type_id in self._owners(ctype.members[0][0])
            if self._types.kind_of(type_id) is kind and self._has_members(type_id, wanted)
        ]
        layouts = {
            tuple((member.name, member.bit_offset) for member in self._members(type_id)) for type_id in found
        }
        return found[0] if len(layouts) == 1 else None

    def _owners(self, member: str) -> list[int]:
        """Ids of the unnamed structs and unions with a member of this name."""
        columns = self._types.member_columns
        offsets = self._types.strings.offsets_of(member.encode(), _MANY)
        owners = np.unique(columns.owner[np.isin(columns.name_off, offsets)])
        nameless = self._nameless
        return [type_id for type_id in owners.tolist() if type_id in nameless][:_MANY]

    def _members(self, type_id: int) -> list[Member]:
        composite = self._types.by_id(type_id)
        return composite.members if isinstance(composite, Composite) else []

    @cached_property
    def _nameless(self) -> frozenset[int]:
        ids = self._types.ids_of_kind(Kind.STRUCT, Kind.UNION)
        name_off = self._types.columns.name_off[ids - self._types.first_id]
        return frozenset(ids[name_off == 0].tolist())

    def _has_members(self, type_id: int, wanted: dict[str, Fitted | None]) -> bool:
        have = {member.name: member for member in self._members(type_id)}
        return all(
            name in have and fitted is not None and self._entries.describe(have[name].type_id) == fitted.entry
            for name, fitted in wanted.items()
        )


def _elements(size: int, room: int, content: bytes | None) -> int:
    """How many elements of an open array there are: by the room if they are large, else by the bytes there.

    Small elements end where one is all zeros: what pads an array is zero, and no element of those that are
    read (`kernel.contents.WANTED`) is. 0 where nothing tells.
    """
    if size >= COUNTABLE:
        return room // size
    if content is None or not size:
        return 0
    whole = [content[start : start + size] for start in range(0, min(room, len(content)) - size + 1, size)]
    return next((number for number, element in enumerate(whole) if not any(element)), len(whole))
