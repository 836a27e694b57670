# SPDX-License-Identifier: Apache-2.0
"""Names for a C header: one for each type, none twice in the name space that C gives it.

C has one name space for the tags of structs, unions and enumerations, and one for typedefs and
enumerators. Where several types of an image have one name (static types of different source files),
the first keeps it and the others get `___2`, `___3` and so on.
"""

from typing import TYPE_CHECKING, Final

from ..format.kinds import COMPOSITES, ENUMS, Kind
from ..spelling import identifier

if TYPE_CHECKING:
    from ..types import Types

_TAGGED: Final = (*COMPOSITES, *ENUMS)


class NameSpace:
    """Names given out so far."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}

    def take(self, wanted: str) -> str:
        """The wanted name, or with the next free number after it."""
        clean = identifier(wanted)
        number = self._last.get(clean, 0) + 1
        name = clean if number == 1 else f"{clean}___{number}"
        while number > 1 and name in self._last:
            number += 1
            name = f"{clean}___{number}"
        self._last[clean] = number
        if name != clean:
            self._last[name] = 1
        return name


class CNames:
    """The C names of all types of a blob, its base's included."""

    def __init__(self, types: "Types") -> None:
        self._types = types
        self._tags = NameSpace()
        self._ordinary = NameSpace()
        self._tag: dict[int, str] = {}
        self._typedef: dict[int, str] = {}
        self._defined: dict[tuple[str, bool], int] = {}
        self._enumerators: dict[int, list[str]] = {}
        self.all_ids = range(1, types.end_id)
        self._name_definitions()
        self._name_forward_declarations()

    def tag(self, type_id: int) -> str:
        """The tag of a struct, union, enumeration or forward declaration, made up where it has no name."""
        found = self._tag.get(type_id)
        if found is None:
            found = self._tag[type_id] = self._tags.take(f"anon_{type_id}")
        return found

    def typedef(self, type_id: int) -> str:
        """The name of a typedef."""
        return self._typedef[type_id]

    def enumerators(self, type_id: int) -> list[str]:
        """The names of an enumeration's values, in order."""
        found = self._enumerators.get(type_id)
        if found is None:
            types = self._types
            stride = 2 if types.kind_of(type_id) is Kind.ENUM else 3
            ends = types.vlen_of(type_id) * stride
            offsets = (types.element_word(type_id, at) for at in range(0, ends, stride))
            found = [self._ordinary.take(types.string(offset) or "unnamed") for offset in offsets]
            found = found or [self._ordinary.take(f"{self.tag(type_id)}___none")]
            self._enumerators[type_id] = found
        return found

    def definition(self, type_id: int) -> int:
        """The struct or union that a forward declaration stands for, else the id itself."""
        types = self._types
        if types.kind_of(type_id) is not Kind.FWD:
            return type_id
        return self._defined.get((types.name_of(type_id), types.kind_flag_of(type_id)), type_id)

    def _name_definitions(self) -> None:
        types = self._types
        for type_id in self.all_ids:
            kind = types.kind_of(type_id)
            if kind in _TAGGED:
                self._name_tagged(type_id, kind)
            elif kind is Kind.TYPEDEF:
                self._typedef[type_id] = self._ordinary.take(types.name_of(type_id) or f"type_{type_id}")

    def _name_tagged(self, type_id: int, kind: Kind) -> None:
        name = self._types.name_of(type_id)
        if not name:
            return
        self._tag[type_id] = self._tags.take(name)
        if kind in COMPOSITES:
            self._defined.setdefault((name, kind is Kind.UNION), type_id)

    def _name_forward_declarations(self) -> None:
        types = self._types
        shared: dict[tuple[str, bool], str] = {}
        for type_id in self.all_ids:
            if types.kind_of(type_id) is Kind.FWD:
                key = (types.name_of(type_id), types.kind_flag_of(type_id))
                if key in self._defined:
                    self._tag[type_id] = self._tag[self._defined[key]]
                else:
                    if key not in shared:
                        shared[key] = self._tags.take(key[0] or f"anon_{type_id}")
                    self._tag[type_id] = shared[key]
