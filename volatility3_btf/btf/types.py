# SPDX-License-Identifier: Apache-2.0
"""A decoded blob: types by id, by name, or as columns."""

from collections.abc import Iterator
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import Columns, Positions, Words
from .elements import (
    EnumeratorColumns,
    MemberColumns,
    ParameterColumns,
    enumerator_columns,
    member_columns,
    parameter_columns,
)
from .errors import BtfError
from .header import Header
from .kinds import COMMON_WORDS, LOOKUP_ORDER, Kind
from .lookup import NameLookup
from .names import Strings
from .nodes import CLASSES, Type
from .outline import Outline, counts_of
from .references import check
from .sizes import find_pointer_size, size_of, strip

_KINDS: Final = tuple(Kind)
_RANK: Final = {kind: rank for rank, kind in enumerate(LOOKUP_ORDER)}
_REMEMBERED: Final = 4096
_MANY_ENUMS: Final = 256


class Types:
    """The types of one blob; a split blob sees those of its base too.

    Attributes:
        header: the blob's header.
        data: its bytes, header included.
        base: the blob that a split one goes on from.
        first_id: type id of the first own type.
        end_id: one past the last type id.
        columns: the own records as numpy arrays, row 0 being `first_id`.
        strings: the strings, base's included.
        inner_names: how many names start in the middle of others; no encoder makes any.
    """

    header: Header
    data: bytes
    base: "Types | None"
    first_id: int
    end_id: int
    columns: Columns
    strings: Strings
    inner_names: int

    def __init__(self, data: bytes | Outline, base: "Types | None" = None) -> None:
        """Decode a blob and check every reference in it.

        Args:
            data: the blob from its header on; bytes after its end are ignored. Its outline spares work.
            base: the kernel's types, for a module's (split) blob.

        Raises:
            BtfError: the bytes are not a whole, sound blob.
        """
        sketch = data if isinstance(data, Outline) else Outline.of(data)
        self.header, self.data = sketch.header, sketch.data
        self.base = base
        self.first_id = base.end_id if base else 1
        if base and base.header.endian != self.header.endian:
            raise BtfError("split BTF and its base differ in byte order")
        self.strings = Strings(sketch.section, base.strings if base else None)
        self.columns = sketch.columns
        self.end_id = self.first_id + len(self.columns)
        self.inner_names = check(sketch.ids, sketch.names, self.first_id, self.end_id, self.strings)
        self._kinds = self.columns.kind.data
        self._words = self.columns.words.data
        self._records = self.columns.record.data
        self._objects: dict[int, Type] = {}

    def __len__(self) -> int:
        """Number of own types, void not counted."""
        return len(self.columns)

    def __iter__(self) -> Iterator[Type]:
        """The own types in order of id."""
        return map(self.by_id, range(self.first_id, self.end_id))

    def __contains__(self, key: object) -> bool:
        if isinstance(key, str):
            return self.get(key) is not None
        return isinstance(key, int) and 0 <= key < self.end_id

    def __getitem__(self, key: "int | str") -> Type:
        """The type with this id or name; KeyError when there is none.

        Where several kinds have the name, the first in `LOOKUP_ORDER` is meant.
        """
        if isinstance(key, int):
            if not 0 <= key < self.end_id:
                raise KeyError(f"there is no type {key}")
            return self.by_id(key)
        found = self.get(key)
        if found is None:
            raise KeyError(f"there is no type named {key}")
        return found

    def by_id(self, type_id: int) -> Type:
        """The type with this id; BtfError when there is none."""
        found = self._objects.get(type_id)
        if found is None:
            found = CLASSES[self.kind_of(type_id)](self, type_id)
            if len(self._objects) >= _REMEMBERED:
                self._objects.clear()
            self._objects[type_id] = found
        return found

    def get(self, name: str, kind: Kind | None = None) -> Type | None:
        """The type of this name, of this kind if given, or None."""
        return self.find(name) if kind is None else self.find(name, kind)

    def find(self, name: str, *kinds: Kind) -> Type | None:
        """The type of this name and any of these kinds, or None.

        Own types go before the base's, then kinds in `LOOKUP_ORDER`, then the lowest id.
        """
        ids = self.ids_named(name, *kinds)
        return self.by_id(ids[0]) if ids else None

    def ids_named(self, name: str, *kinds: Kind) -> list[int]:
        """Ids of all types of this name and any of these kinds, the one `find` takes first."""
        if not name:
            return []
        own = (self._lookup.rows(name) + self.first_id).tolist()
        ids = [int(i) for i in own if not kinds or self.kind_of(i) in kinds]
        ids.sort(key=lambda type_id: _RANK.get(self.kind_of(type_id), len(_RANK)))
        return ids + (self.base.ids_named(name, *kinds) if self.base else [])

    def of_kind(self, *kinds: Kind) -> Iterator[Type]:
        """The own types of these kinds in order of id."""
        return map(self.by_id, self.ids_of_kind(*kinds).tolist())

    def ids_of_kind(self, *kinds: Kind) -> Positions:
        """Ids of the own types of these kinds, ascending."""
        return self.columns.rows_of(*kinds) + self.first_id

    @property
    def counts(self) -> dict[Kind, int]:
        """How many own types of each kind there are, kinds that occur only."""
        return counts_of(self.columns)

    def string(self, offset: int) -> str:
        """The string at an offset, at most 1024 bytes of it; BtfError when that is outside."""
        return self.strings.get(offset)

    def name_of(self, type_id: int) -> str:
        """The name of a type, empty when it has none; BtfError when there is no such type."""
        if type_id >= self.first_id:
            return self.strings.get(self._words[self._start(type_id)])
        if self.base:
            return self.base.name_of(type_id)
        self.kind_of(type_id)
        return ""

    def names(self, type_ids: Positions | Words) -> list[str]:
        """The names of many types of this blob or its base, in the given order."""
        ids = np.asarray(type_ids, dtype=np.int64)
        if self.base is None and len(ids) and int(ids.min()) >= 1 and int(ids.max()) < self.end_id:
            return self.strings.many(self.columns.name_off[ids - 1])
        return [self.name_of(type_id) for type_id in ids.tolist()]

    def kind_of(self, type_id: int) -> Kind:
        """The kind of a type; BtfError when there is no such type."""
        row = type_id - self.first_id
        if 0 <= row < len(self._kinds):
            return _KINDS[self._kinds[row]]
        if row < 0 <= type_id and self.base:
            return self.base.kind_of(type_id)
        if type_id:
            raise BtfError(f"there is no type {type_id}")
        return Kind.VOID

    def kind_flag_of(self, type_id: int) -> bool:
        """Bit 31 of the type's info."""
        owner, start = self._place(type_id)
        return bool(owner._words[start + 1] >> 31)

    def vlen_of(self, type_id: int) -> int:
        """Number of elements of the type (linkage for FUNC)."""
        owner, start = self._place(type_id)
        return int(owner._words[start + 1] & 0xFFFFFF)

    def word_of(self, type_id: int) -> int:
        """The type's third word: a size in bytes, or the id of the type it refers to."""
        owner, start = self._place(type_id)
        return int(owner._words[start + 2])

    def element_word(self, type_id: int, index: int) -> int:
        """A word after the record's first three; BtfError when it is outside the section."""
        owner, start = self._place(type_id)
        at = start + COMMON_WORDS + index
        if index < 0 or at >= len(owner._words):
            raise BtfError(f"type {type_id}: element word {index} is outside the type section")
        return int(owner._words[at])

    def array_of(self, type_id: int) -> tuple[int, int, int]:
        """Element type, index type and number of elements of an ARRAY."""
        word = self.element_word
        return word(type_id, 0), word(type_id, 1), word(type_id, 2)

    def strip(self, type_id: int) -> int:
        """The id behind typedefs, qualifiers and type tags; BtfError when the chain does not end."""
        return strip(self, type_id)

    def size_of(self, type_id: int) -> int:
        """Bytes that a value of the type takes; BtfError for what has no size."""
        return size_of(self, type_id)

    @cached_property
    def pointer_size(self) -> int:
        """Bytes of a pointer, taken from the integer type `long`; 8 when there is none."""
        return self.base.pointer_size if self.base else find_pointer_size(self)

    @cached_property
    def old_enums(self) -> bool:
        """Whether ENUM values are signed though no record says so.

        Encoders before kernel 6.0 did not set kind_flag on enumerations, whose values were then
        defined as signed (`__s32 val`). Inferred for a blob with many enumerations of which none
        is flagged.
        """
        if self.base:
            return self.base.old_enums
        rows = self.columns.rows_of(Kind.ENUM)
        return len(rows) >= _MANY_ENUMS and not self.columns.kind_flag[rows].any()

    @cached_property
    def member_columns(self) -> MemberColumns:
        """The members of all own structs and unions as arrays, bitfields resolved."""
        return member_columns(self)

    @cached_property
    def enumerator_columns(self) -> EnumeratorColumns:
        """The enumerators of all own enumerations as arrays."""
        return enumerator_columns(self)

    @cached_property
    def parameter_columns(self) -> ParameterColumns:
        """The parameters of all own function prototypes as arrays."""
        return parameter_columns(self)

    def kinds_at(self, type_ids: Words) -> NDArray[np.uint8]:
        """The kinds of many types of this blob or its base."""
        found = np.zeros(len(type_ids), dtype=np.uint8)
        own = type_ids >= self.first_id
        found[own] = self.columns.kind[type_ids[own] - self.first_id]
        if self.base:
            found[~own] = self.base.kinds_at(type_ids[~own])
        return found

    def words_at(self, type_ids: Words) -> Words:
        """The third words of many types: sizes or type ids; 0 for void."""
        found = np.zeros(len(type_ids), dtype=np.uint32)
        own = type_ids >= self.first_id
        found[own] = self.columns.size_or_type[type_ids[own] - self.first_id]
        if self.base:
            found[~own] = self.base.words_at(type_ids[~own])
        return found

    def extra_words_at(self, type_ids: Words) -> Words:
        """The fourth words of many types that have one (INT, ARRAY, VAR, DECL_TAG); 0 for void."""
        found = np.zeros(len(type_ids), dtype=np.uint32)
        own = type_ids >= self.first_id
        rows = self.columns.record[type_ids[own] - self.first_id].astype(np.int64)
        found[own] = self.columns.words[rows // 4 + COMMON_WORDS]
        if self.base:
            found[~own] = self.base.extra_words_at(type_ids[~own])
        return found

    def same_type_space(self, other: "Types", type_id: int) -> bool:
        """Whether `type_id` means the same type here and in `other` (one may be the other's base)."""
        return self.owner_of(type_id) is other.owner_of(type_id)

    def owner_of(self, type_id: int) -> "Types":
        """The blob whose own type this is: this one, or one of its bases."""
        owner = self
        while type_id < owner.first_id and owner.base is not None:
            owner = owner.base
        return owner

    @cached_property
    def _lookup(self) -> NameLookup:
        return NameLookup(self.columns, self.strings)

    def _start(self, type_id: int) -> int:
        row = type_id - self.first_id
        if not 0 <= row < len(self._records):
            raise BtfError(f"there is no type {type_id} with a record")
        return int(self._records[row]) // 4

    def _place(self, type_id: int) -> "tuple[Types, int]":
        owner = self.owner_of(type_id)
        return owner, owner._start(type_id)
