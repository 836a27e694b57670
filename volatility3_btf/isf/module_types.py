# SPDX-License-Identifier: Apache-2.0
"""A module's types as entries of Volatility's intermediate symbol format, on top of its kernel's.

A module's BTF is split: its types refer to the kernel's by id. In the entries they refer to them by name, as
`vmlinux!list_head`; whoever loads the document says which table `vmlinux` is (the framework's
`table_mapping`). What cannot be named so is copied into the module's own document: enumerations, which the
framework looks up in the same table only, types without a name of their own, and what anonymous members lift
out of their struct.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Final

from ..blobs.blob import Blob
from ..btf import BtfError, Kind, Types
from ..btf.views.table_rows import rows_of
from ..kernel import Kernel
from ..kernel.loaded.loaded_btf import LoadedBtf
from .document import FORMAT, PRODUCER, Document, safe_name
from .types import Entry, TypeEntries

KERNEL_TABLE: Final = "vmlinux"
"""What a module's document calls the kernel's table."""

MOST_COPIED: Final = 1 << 14
"""Types of the kernel's that one module's document takes in; honest ones take some ten."""

_BANG: Final = "!"
_COMPOSITES: Final = ("struct", "union", "class")


def build_module_isf(kernel: Kernel, module: LoadedBtf, entries: TypeEntries | None = None) -> Document:
    """Make an ISF document of a loaded module's types; its references to `vmlinux` are the kernel's types.

    Args:
        kernel: the module's kernel.
        module: the module's BTF.
        entries: the kernel's entries, if they are at hand.

    Raises:
        BtfError: the module's BTF is not complete, or cannot be converted.
    """
    return module_document(kernel, module.name, module.read(), entries)


def module_document(kernel: Kernel, name: str, blob: Blob, entries: TypeEntries | None = None) -> Document:
    """The same of a module's BTF from anywhere, such as its file.

    Args:
        kernel: the module's kernel.
        name: the module's.
        blob: its BTF.
        entries: the kernel's entries, if they are at hand.

    Raises:
        BtfError: the BTF is not complete, or cannot be converted.
    """
    content = ModuleEntries(blob.types, entries).content()
    metadata = {"format": FORMAT, "producer": PRODUCER, "linux": {}}
    stem = f"{safe_name(name)}-{safe_name(kernel.release)}-{blob.sha256[:12]}"
    return Document(stem, {"metadata": metadata, **content, "symbols": {}}, 0, blob.sha256)


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
            raise BtfError("the blob stands by itself: it is no module's")
        self.kernel = kernel or TypeEntries(types.base)
        self._copies: dict[str, str] = {}
        self._enum_copies: dict[str, str] = {}

    @cached_property
    def user_types(self) -> dict[str, int | None]:
        """Published name of each of the module's own structs and unions → its type id."""
        return self._names[0]

    @cached_property
    def base_types(self) -> dict[str, Entry]:
        """The kernel's base types, and the module's own."""
        own = (self._base_type(at) for at in self.types.ids_of_kind(Kind.INT, Kind.FLOAT).tolist())
        return dict(own) | self.kernel.base_types

    def content(self) -> dict[str, dict[str, Entry]]:
        """`base_types`, `user_types` and `enums` of the module's document.

        Raises:
            BtfError: the types cannot be converted.
        """
        types = {name: self.user_type(name) for name in self.user_types}
        for original, name in self._followed_copies():
            types[name] = self._moved_type(self.kernel.user_type(original))
        enums = {name: self.enum(name) for name in self.enums}
        enums |= {name: self.kernel.enum(original) for original, name in self._enum_copies.items()}
        return {"base_types": self.base_types, "user_types": types, "enums": enums}

    def _followed_copies(self) -> Iterator[tuple[str, str]]:
        """The kernel's types that are copied, and their names here; a copy may ask for more of them."""
        done = 0
        while done < len(self._copies):
            waiting = list(self._copies.items())[done:]
            done += len(waiting)
            if done > MOST_COPIED:
                raise BtfError("the module takes in more of the kernel's types than any would")
            yield from waiting

    def _named(self, type_id: int) -> Entry:
        """The descriptor of an own type, or a reference to one of the kernel's."""
        if 0 < type_id < self.types.first_id:
            return self._moved(self.kernel.describe(type_id))
        entry = super()._named(type_id)
        is_own = type_id not in self._twins
        if self.types.kind_of(type_id) is Kind.FWD:
            own = self._names[0].get(entry["name"])
            is_own = own is not None and own not in self._twins
        return entry if is_own else {"kind": entry["kind"], "name": self._reference(entry["name"])}

    @cached_property
    def _twins(self) -> frozenset[int]:
        """Own types that are the kernel's once more, which pahole did not see.

        Members of such a type are given the kernel's, for which Volatility has classes.
        """
        theirs = self.kernel.types
        found = []
        for name, own in self._names[0].items():
            other = self.kernel.user_types.get(name)
            if own is None or other is None or self.types.word_of(own) != theirs.word_of(other):
                continue
            if list(rows_of(self.types.by_id(own))) == list(rows_of(theirs.by_id(other))):
                found.append(own)
        return frozenset(found)

    def _fields(self, type_id: int) -> Entry:
        fields = super()._fields(type_id)
        for field in fields.values():
            if field.get("anonymous"):
                field["type"] = self._lifted(field["type"])
        return fields

    def _flat_size(self, type_id: int, depth: int = 0) -> int:
        if type_id < self.types.first_id:
            return self.kernel._flat_size(type_id, depth)
        return super()._flat_size(type_id, depth)

    def _moved_type(self, entry: Entry) -> Entry:
        """A struct or union of the kernel's as it stands in the module's document."""
        fields = {}
        for name, field in entry["fields"].items():
            moved = fields[name] = field | {"type": self._moved(field["type"])}
            if field.get("anonymous"):
                moved["type"] = self._lifted(moved["type"])
        return entry | {"fields": fields}

    def _moved(self, descriptor: Entry) -> Entry:
        """A descriptor of the kernel's as it stands in the module's document."""
        kind = descriptor["kind"]
        if kind in _COMPOSITES:
            return {"kind": kind, "name": self._reference(descriptor["name"])}
        if kind == "enum":
            return {"kind": kind, "name": self._enum(descriptor["name"])}
        for part in ("subtype", "type"):
            if part in descriptor:
                return descriptor | {part: self._moved(descriptor[part])}
        return descriptor

    def _lifted(self, descriptor: Entry) -> Entry:
        """An anonymous member's type: the framework looks only in the same table for what it lifts out."""
        _, bang, name = descriptor["name"].partition(_BANG)
        if not bang or name not in self.kernel.user_types:
            return descriptor
        return {"kind": descriptor["kind"], "name": self._copy(name)}

    def _reference(self, name: str) -> str:
        """What a struct or union is called here that the kernel's table knows by `name`.

        A struct that the kernel's BTF only declares may be the module's own.
        """
        if name not in self.kernel.user_types and name in self.user_types:
            return name
        if name in self.kernel.user_types and not self._is_plain(name):
            return self._copy(name)
        return f"{KERNEL_TABLE}{_BANG}{name}"

    def _is_plain(self, name: str) -> bool:
        """Whether every symbol table of this kernel has the type under this name, whoever made it."""
        type_id = self.kernel.user_types[name]
        if type_id is None:
            return True
        tag = self.kernel.types.name_of(type_id)
        return tag == name if tag else not name.startswith("unnamed_")

    def _copy(self, name: str) -> str:
        """Have a type of the kernel's copied; its name here."""
        if name not in self._copies:
            self._copies[name] = _free(name, self.user_types, self._copies)
        return self._copies[name]

    def _enum(self, name: str) -> str:
        """Have an enumeration of the kernel's copied; its name here."""
        if name not in self._enum_copies:
            self._enum_copies[name] = _free(name, self.enums, self._enum_copies)
        return self._enum_copies[name]


def _free(name: str, own: dict[str, Any], copies: dict[str, str]) -> str:
    """A name that neither the module's own types nor the copies have."""
    taken = {*copies.values()}
    free, number = name, 2
    while free in own or free in taken:
        free, number = f"{name}___{number}", number + 1
    return free
