# SPDX-License-Identifier: Apache-2.0
"""A decoded blob: types by id, by name, or as columns."""

from typing import Final

from .nodes import CLASSES
from .outline import Outline
from .type_space import Type, TypeSpace

_REMEMBERED: Final = 4096
"""Objects that are kept."""


class Types(TypeSpace):
    """The types of one blob, as objects by id and by name, and as columns.

    It has the attributes of `TypeTable`.
    """

    def __init__(self, data: bytes | Outline, base: "Types | None" = None) -> None:
        """Decode a blob and check every reference in it.

        Args:
            data: the blob from its header on; bytes after its end are ignored. Its outline spares work.
            base: the kernel's types, for a module's (split) blob.

        Raises:
            BtfError: the bytes are not a whole, sound blob.
        """
        super().__init__(data, base)
        self._objects: dict[int, Type] = {}

    def by_id(self, type_id: int) -> Type:
        """The type with this id; BtfError when there is none."""
        found = self._objects.get(type_id)
        if found is None:
            found = CLASSES[self.kind_of(type_id)](self, type_id)
            if len(self._objects) >= _REMEMBERED:
                self._objects.clear()
            self._objects[type_id] = found
        return found
