# SPDX-License-Identifier: Apache-2.0
"""BTF types as entries of Volatility's intermediate symbol format (ISF 6.2.0).

Each entry is made when it is asked for, so that a symbol table can answer single questions from the columns
and a whole document is the sum of the same answers. Names follow what Volatility's plugins know from DWARF: a
typedef's anonymous struct goes by the typedef's name, a typedef of a named struct is published once more
under its own.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cached_property
from typing import Any, Final

from ..btf import BtfError, Kind, Types
from ..btf.format.integers import INTEGERS
from ..btf.format.kinds import COMPOSITES, ENUMS
from ..btf.format.records import Positions
from ..btf.type_chains import EndlessError, steps, strip_many

Entry = dict[str, Any]

DEEPEST: Final = 64
"""Pointers, arrays and qualifiers that one descriptor may nest; what is deeper becomes void."""

MOST_FLAT: Final = 1 << 16
"""Members that an anonymous member may stand for; the kernel's largest has some hundred."""

VOID: Final[Entry] = {"kind": "base", "name": "void"}

MANDATORY: Final = (
    "address_space cred dentry file files_struct fs_struct hlist_head idr in_device in_ifaddr inet6_dev "
    "inet6_ifaddr inet_sock inode kobject list_head mm_struct net net_device page qstr sock socket "
    "super_block task_struct unix_sock vfsmount vm_area_struct"
).split()
"""Types without which Volatility's Linux table cannot be built (framework/symbols/linux/__init__.py)."""

_INTEGERS: Final = {
    (1, False): "unsigned char",
    (1, True): "signed char",
    (2, False): "short unsigned int",
    (2, True): "short int",
    (4, False): "unsigned int",
    (4, True): "int",
    (8, False): "long unsigned int",
    (8, True): "long int",
}
_CHARACTERS: Final = frozenset({"char", "signed char", "unsigned char"})


class TypeEntries:
    """The types of one blob as ISF entries.

    Attributes:
        types: the decoded blob.
    """

    def __init__(self, types: Types) -> None:
        self.types = types
        self._described: dict[int, Entry] = {0: VOID}
        self._flat_sizes: dict[int, int] = {}

    @cached_property
    def user_types(self) -> dict[str, int | None]:
        """Published name of each struct and union → its type id; None for a stub the kernel does not have."""
        return self._names[0] | {name: None for name in MANDATORY if name not in self._names[0]}

    @cached_property
    def enums(self) -> dict[str, int]:
        """Published name of each enumeration → its type id."""
        return self._names[1]

    @cached_property
    def base_types(self) -> dict[str, Entry]:
        """The base types: BTF's INTs and FLOATs in both compilers' spellings, `pointer` and `void`."""
        endian = self.types.header.endian
        bases: dict[str, Entry] = {}
        for type_id in self.types.ids_of_kind(Kind.INT, Kind.FLOAT).tolist():
            name, entry = self._base_type(type_id)
            bases.setdefault(name, entry)
        for names in INTEGERS:
            known = [bases[name] for name in names if name in bases]
            for name in names if known else ():
                bases.setdefault(name, known[0])
        for (size, signed), name in _INTEGERS.items():
            kind = "char" if name in _CHARACTERS else "int"
            bases.setdefault(name, {"size": size, "signed": signed, "kind": kind, "endian": endian})
        bases["pointer"] = {"size": self.types.pointer_size, "signed": False, "kind": "int", "endian": endian}
        bases["void"] = {"size": 0, "signed": False, "kind": "void", "endian": endian}
        return bases

    def user_type(self, name: str) -> Entry:
        """The entry of a struct or union. Offsets and sizes in bytes. KeyError for an unknown name.

        Members go by name, as in dwarf2json's files: some plugins show things in the order of members.
        """
        type_id = self.user_types[name]
        if type_id is None:
            return {"kind": "struct", "size": 0, "fields": {}}
        kind = "union" if self.types.kind_of(type_id) is Kind.UNION else "struct"
        return {
            "kind": kind,
            "size": self.types.word_of(type_id),
            "fields": dict(sorted(self._fields(type_id).items())),
        }

    def enum(self, name: str) -> Entry:
        """The entry of an enumeration, constants by name (see `user_type`). KeyError for an unknown name.

        An ENUM of 8 bytes has none: what made it knew no ENUM64 yet, and kept 32 bits of each constant.
        """
        type_id = self.enums[name]
        values, names, spans = self._enumerators
        first, last = spans.get(type_id, (0, 0))
        numbers, signed = values[first:last], any(value < 0 for value in values[first:last])
        if signed and self.types.kind_of(type_id) is Kind.ENUM64 and not self.types.kind_flag_of(type_id):
            numbers, signed = [value % (1 << 64) for value in numbers], False
        size = self.types.word_of(type_id)
        if size > 4 and self.types.kind_of(type_id) is Kind.ENUM:
            numbers, last, signed = [], first, False
        return {
            "size": size,
            "base": _INTEGERS.get((size, signed), "unsigned int"),
            "constants": dict(sorted(zip(names[first:last], numbers, strict=True))),
        }

    def describe(self, type_id: int) -> Entry:
        """The descriptor that a member or symbol of this type has. BtfError for an id that does not exist."""
        known = self._described.get(type_id)
        if known is None:
            known = self._described[type_id] = self._describe(type_id)
        return known

    def _describe(self, type_id: int) -> Entry:
        wrappers: list[Entry] = []
        alias = 0
        try:
            for at, kind in steps(self.types, type_id, most=DEEPEST):
                if kind is Kind.TYPEDEF:
                    alias = at
                elif kind is Kind.PTR:
                    wrappers.append({"kind": "pointer"})
                elif kind is Kind.ARRAY:
                    wrappers.append({"kind": "array", "count": self.types.array_of(at)[2]})
        except EndlessError:
            at = 0
        entry = self._aliased(self._named(at), at, alias)
        for wrapper in reversed(wrappers):
            wrapper["subtype"] = entry
            entry = wrapper
        return entry

    def _aliased(self, entry: Entry, type_id: int, alias: int) -> Entry:
        """The descriptor under the typedef that leads to a type without a tag.

        BTF keeps equal types without a tag once, whatever typedef they were written with: `uuid_t` and
        `guid_t` lead to one struct. The member's own typedef tells which one is meant.

        Args:
            entry: the descriptor under the name that the type is published by.
            type_id: the type.
            alias: the last typedef before it; 0 without one.
        """
        if not alias or entry["kind"] not in ("struct", "union", "enum") or self.types.name_of(type_id):
            return entry
        name = self.types.name_of(alias)
        published = self.enums if entry["kind"] == "enum" else self.user_types
        return entry | {"name": name} if published.get(name) == type_id else entry

    def _named(self, type_id: int) -> Entry:
        """The descriptor of a type that a chain of pointers, arrays and qualifiers ends at."""
        kind = self.types.kind_of(type_id)
        if kind in (Kind.INT, Kind.FLOAT):
            return {"kind": "base", "name": self._base_type(type_id)[0]}
        if kind in COMPOSITES:
            return {"kind": "union" if kind is Kind.UNION else "struct", "name": self._names[2][type_id]}
        if kind in ENUMS:
            return {"kind": "enum", "name": self._names[2][type_id]}
        if kind is Kind.FWD:
            union = self.types.kind_flag_of(type_id)
            return {"kind": "union" if union else "struct", "name": self.types.name_of(type_id)}
        if kind is Kind.FUNC_PROTO:
            return {"kind": "function"}
        return VOID

    def _base_type(self, type_id: int) -> tuple[str, Entry]:
        """Name and entry of an INT or FLOAT (encoding bits: 1 signed, 2 char, 4 bool; linux/btf.h)."""
        types = self.types
        size, name = types.word_of(type_id), types.name_of(type_id)
        if types.kind_of(type_id) is Kind.FLOAT:
            kind, signed = "float", True
        else:
            encoding = types.element_word(type_id, 0) >> 24
            signed = bool(encoding & 1)
            name = name or ("" if encoding & 4 else _INTEGERS.get((size, signed), ""))
            kind = "bool" if encoding & 4 else "char" if name in _CHARACTERS else "int"
        name = name or f"unnamed_{'signed_' * (kind == 'int' and signed)}{kind}_{size}"
        return name, {"size": size, "signed": signed, "kind": kind, "endian": types.header.endian}

    def _fields(self, type_id: int) -> Entry:
        offsets, bits, members, names, spans = self._members
        fields: Entry = {}
        reached: dict[str, int] = {}
        first, last = spans.get(type_id, (0, 0))
        for index in range(first, last):
            width = bits[index]
            if width:
                if not self._is_sized(members[index]):
                    continue  # damaged: nothing tells where its storage is
                offset, descriptor = self._bitfield(members[index], offsets[index], width)
            else:
                offset, descriptor = offsets[index] >> 3, self.describe(members[index])
            name = names[index]
            if name:
                fields.setdefault(name, {"type": descriptor, "offset": offset})
                continue
            field = fields[_free(f"unnamed_field_{offset:x}", fields, reached)] = {
                "type": descriptor,
                "offset": offset,
            }
            if self._flat_size(members[index]) <= MOST_FLAT:
                field["anonymous"] = True
        return fields

    def _flat_size(self, type_id: int, depth: int = 0) -> int:
        """How many members an anonymous member stands for when all inside it are lifted out of their structs.

        Over `MOST_FLAT` for what is no struct or union, and for what contains itself: Volatility lifts
        members without asking.
        """
        try:
            end = self.types.strip(type_id)
        except BtfError:
            return MOST_FLAT + 1
        if self.types.kind_of(end) not in COMPOSITES or depth > DEEPEST:
            return MOST_FLAT + 1
        known = self._flat_sizes.get(end)
        if known is None:
            self._flat_sizes[end] = MOST_FLAT + 1  # while it is counted: a struct inside itself has no end
            _, _, members, names, spans = self._members
            first, last = spans.get(end, (0, 0))
            inner = [
                self._flat_size(members[index], depth + 1) for index in range(first, last) if not names[index]
            ]
            known = self._flat_sizes[end] = min(last - first + sum(inner), MOST_FLAT + 1)
        return known

    def _is_sized(self, type_id: int) -> bool:
        """Whether a type has a size; a bitfield's has, in BTF that is sound."""
        try:
            return self.types.size_of(type_id) > 0
        except BtfError:
            return False

    def _bitfield(self, type_id: int, bit_offset: int, width: int) -> tuple[int, Entry]:
        """Offset in bytes and descriptor of a bitfield, in a storage unit of its declared type's size.

        `bit_position` counts from the least significant bit of the unit, as Volatility's BitField does; BTF
        counts from the other end in big-endian blobs. A field that no aligned unit holds (packed) gets an
        unaligned one.
        """
        unit = max(1, self.types.size_of(type_id))
        offset = bit_offset // (8 * unit) * unit
        if bit_offset + width > 8 * (offset + unit):
            offset = bit_offset // 8
        position = bit_offset - 8 * offset
        if self.types.header.endian == "big":
            position = max(0, 8 * unit - position - width)
        return offset, {
            "kind": "bitfield",
            "bit_position": position,
            "bit_length": width,
            "type": self.describe(type_id),
        }

    @cached_property
    def _members(self) -> tuple[list[int], list[int], list[int], list[str], dict[int, tuple[int, int]]]:
        """All members: bit offsets, bit widths, type ids, names, and the span of each struct's."""
        columns = self.types.member_columns
        spans = self._spans(columns.owner, *COMPOSITES)
        names = self.types.strings.many(columns.name_off)
        return columns.bit_offset.tolist(), columns.bit_size.tolist(), columns.type_id.tolist(), names, spans

    @cached_property
    def _enumerators(self) -> tuple[list[int], list[str], dict[int, tuple[int, int]]]:
        """All enumerators: values, names, and the span of each enumeration's."""
        columns = self.types.enumerator_columns
        names = self.types.strings.many(columns.name_off)
        return columns.value.tolist(), names, self._spans(columns.owner, *ENUMS)

    def _spans(self, owners: Positions, *kinds: Kind) -> dict[int, tuple[int, int]]:
        """Type id → first and last index of its elements in a column of owners."""
        ids = self.types.ids_of_kind(*kinds)
        firsts, lasts = owners.searchsorted(ids).tolist(), owners.searchsorted(ids + 1).tolist()
        return dict(zip(ids.tolist(), zip(firsts, lasts, strict=True), strict=True))

    @cached_property
    def _names(self) -> tuple[dict[str, int | None], dict[str, int], dict[int, str]]:
        """Names of structs and unions, names of enumerations, and the name that each id is referred to by."""
        published: dict[int, str] = {}
        user: dict[str, int | None] = {}
        enums: dict[str, int] = {}
        groups: tuple[tuple[dict[str, Any], tuple[Kind, ...]], ...] = ((user, COMPOSITES), (enums, ENUMS))
        for taken, kinds in groups:
            self._name_tagged(taken, kinds, published)
        typedefs = list(self._typedefs())
        for name, target, direct in typedefs:
            taken = user if self.types.kind_of(target) in COMPOSITES else enums
            if direct and target not in published and name not in taken:
                taken[name], published[target] = target, name
        for taken, kinds in groups:
            self._name_anonymous(taken, kinds, published)
        for name, target, _ in typedefs:
            (user if self.types.kind_of(target) in COMPOSITES else enums).setdefault(name, target)
        return user, enums, published

    def _name_tagged(self, taken: dict[str, Any], kinds: Iterable[Kind], published: dict[int, str]) -> None:
        """Name what has a tag; of several with one tag the first keeps it, the others are numbered."""
        ids = self.types.ids_of_kind(*kinds)
        reached: dict[str, int] = {}
        for type_id, name in zip(ids.tolist(), self.types.names(ids), strict=True):
            if name:
                published[type_id] = _free(name, taken, reached, "___")
                taken[published[type_id]] = type_id

    def _name_anonymous(
        self, taken: dict[str, Any], kinds: Iterable[Kind], published: dict[int, str]
    ) -> None:
        for type_id in self.types.ids_of_kind(*kinds).tolist():
            if type_id not in published:
                published[type_id] = _free(f"unnamed_{type_id:016x}", taken, {})
                taken[published[type_id]] = type_id

    def _typedefs(self) -> Iterator[tuple[str, int, bool]]:
        """Typedefs of structs, unions and enumerations: name, the type's id, whether nothing lies between."""
        types = self.types
        ids = types.ids_of_kind(Kind.TYPEDEF)
        targets = types.columns.size_or_type[ids - types.first_id]
        stripped = strip_many(types, targets)
        kinds = types.kinds_at(stripped)
        for name, target, end, kind in zip(
            types.names(ids), targets.tolist(), stripped.tolist(), kinds.tolist(), strict=True
        ):
            if name and kind in (*COMPOSITES, *ENUMS) and end >= types.first_id:
                yield name, end, target == end


def _free(name: str, taken: dict[str, Any], reached: dict[str, int], separator: str = "_") -> str:
    """A name that is not taken yet: itself, or with the lowest number from 2 on behind it.

    Args:
        name: the wanted name.
        taken: the names that are taken.
        reached: for names that were taken before, the last number; what makes a million equal names cheap.
        separator: what comes between name and number.
    """
    if name not in taken:
        return name
    number = reached.get(name, 1) + 1
    while f"{name}{separator}{number}" in taken:
        number += 1
    reached[name] = number
    return f"{name}{separator}{number}"
