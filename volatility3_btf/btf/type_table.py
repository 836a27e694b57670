# SPDX-License-Identifier: Apache-2.0
"""The records of a blob as a table: kinds, names, words and elements by type id."""

from functools import cached_property
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from .format.errors import BtfError
from .format.header import Header
from .format.integers import plain
from .format.kinds import COMMON_WORDS, LOOKUP_ORDER, Kind
from .format.name_lookup import NameLookup
from .format.records import Columns, Positions, Words
from .format.references import check
from .format.strings import Strings
from .outline import Outline, counts_of

if TYPE_CHECKING:
    from typing_extensions import Self

_KINDS: Final = tuple(Kind)
_RANK: Final = {kind: rank for rank, kind in enumerate(LOOKUP_ORDER)}
_MANY_ENUMS: Final = 256
_LONGS: Final = ("long",), ("long", "unsigned")


class TypeTable:
    """The records of one blob by type id; a split blob sees those of its base too.

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
    base: "Self | None"
    first_id: int
    end_id: int
    columns: Columns
    strings: Strings
    inner_names: int

    def __init__(self, data: bytes | Outline, base: "Self | None" = None) -> None:
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

    def __len__(self) -> int:
        """Number of own types, void not counted."""
        return len(self.columns)

    def ids_named(self, name: str, *kinds: Kind) -> list[int]:
        """Ids of all types of this name and any of these kinds, the one `find` takes first."""
        if not name:
            return []
        own = (self._lookup.rows(name) + self.first_id).tolist()
        ids = [int(i) for i in own if not kinds or self.kind_of(i) in kinds]
        ids.sort(key=lambda type_id: _RANK.get(self.kind_of(type_id), len(_RANK)))
        return ids + (self.base.ids_named(name, *kinds) if self.base else [])

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

    @cached_property
    def pointer_size(self) -> int:
        """Bytes of a pointer: those of the integer type `long`, else 8 (BTF itself does not say)."""
        if self.base:
            return self.base.pointer_size
        for type_id in self.ids_of_kind(Kind.INT).tolist():
            if plain(self.name_of(type_id).split()) in _LONGS and self.word_of(type_id) in (4, 8):
                return self.word_of(type_id)
        return 8

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

    def same_type_space(self, other: "TypeTable", type_id: int) -> bool:
        """Whether `type_id` means the same type here and in `other` (one may be the other's base)."""
        return self.owner_of(type_id) is other.owner_of(type_id)

    def owner_of(self, type_id: int) -> "Self":
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

    def _place(self, type_id: int) -> "tuple[Self, int]":
        owner = self.owner_of(type_id)
        return owner, owner._start(type_id)
