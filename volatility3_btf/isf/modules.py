# SPDX-License-Identifier: Apache-2.0
"""A module's types as entries of Volatility's intermediate symbol format, on top of its kernel's.

A module's BTF is split: its types refer to the kernel's by id. In the entries they refer to them by name, as
`vmlinux!list_head`; whoever loads the document says which table `vmlinux` is (the framework's `table_mapping`).
What cannot be named so is copied into the module's own document: enumerations, which the framework looks up in
the same table only, types without a name of their own, and what an anonymous member lifts out.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any, Final

from ..btf import BtfError, Kind, Types
from .convert import COMPOSITES, Entry, TypeEntries, free_name

KERNEL_TABLE: Final = "vmlinux"
"""What a module's document calls the kernel's table."""

MOST_COPIED: Final = 1 << 16
"""Types of the kernel's that one module's document takes in; honest ones take some ten."""


class ModuleEntries(TypeEntries):
    """The types of a module's split blob as ISF entries.

    Args:
        types: the module's types, decoded on the kernel's.
        kernel: the kernel's entries; made of the blob's base if None.

    Raises:
        BtfError: the blob has no base.
    """

    def __init__(self, types: Types, kernel: TypeEntries | None = None) -> None:
        super().__init__(types)
        if types.base is None:
            raise BtfError("the blob has types of its own only: it is no module's")
        self.kernel = kernel or TypeEntries(types.base)
        self._copies: dict[str, str] = {}
        self._enum_copies: dict[str, str] = {}

    @cached_property
    def user_types(self) -> dict[str, int | None]:
        """Published name of each of the module's own structs and unions → its type id."""
        return self._names[0]

    @cached_property
    def base_types(self) -> dict[str, Entry]:
        """The kernel's base types and the module's own."""
        return super().base_types | self.kernel.base_types

    def content(self) -> dict[str, dict[str, Entry]]:
        """`base_types`, `user_types` and `enums` of the module's document.

        Raises:
            BtfError: the types cannot be converted.
        """
        types = {name: self.user_type(name) for name in self.user_types}
        enums = {name: self.enum(name) for name in self.enums}
        for original, name in self._followed_copies():
            types[name] = self._moved_type(self.kernel.user_type(original))
        enums |= {name: self.kernel.enum(original) for original, name in self._enum_copies.items()}
        return {"base_types": self.base_types, "user_types": types, "enums": enums}

    def _followed_copies(self) -> Any:
        """The kernel's types that are copied, with their new names; copies may ask for more of them."""
        done = 0
        while done < len(self._copies):
            if done == MOST_COPIED:
                raise BtfError("the module takes in more of the kernel's types than any would")
            yield list(self._copies.items())[done]
            done += 1

    def _named(self, type_id: int) -> Entry:
        """The descriptor of an own type, or a reference to one of the kernel's."""
        types = self.types
        if types.kind_of(type_id) is Kind.FWD:
            return self._declared(types.name_of(type_id), super()._named(type_id))
        if 0 < type_id < types.first_id:
            return self._moved(self.kernel.describe(type_id))
        return super()._named(type_id)
