# SPDX-License-Identifier: Apache-2.0
"""The kernel's list of loaded modules, the one that lsmod shows (`modules`, kernel/module/main.c)."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Final

from ...btf import BtfError, Composite
from ...memory.addresses import Virtual
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..structures import member_at, struct_of
from ..torn_ring import list_both_ways

log = logging.getLogger(__name__)

MOST_MODULES: Final = 1 << 14
"""Entries of the list that are followed; a distribution's kernel has some thousand modules in all."""

LONGEST_NAME: Final = 256
"""Bytes; MODULE_NAME_LEN is 56."""


@dataclass(frozen=True)
class ListedModule:
    """A module as the list has it.

    Attributes:
        name: its name.
        address: virtual address of its `struct module`.
        btf_size: bytes of BTF that its file had; None where its structure does not say (before 5.11).
    """

    name: str
    address: int
    btf_size: int | None = None


@dataclass
class ModuleList:
    """What the list of modules holds.

    Attributes:
        modules: the modules, in the list's order.
        is_complete: whether nothing is missing: the list was followed back to where it starts, or what both
            directions lead to leads nowhere else.
    """

    modules: list[ListedModule] = field(default_factory=list)
    is_complete: bool = False


def listed_modules(space: AddressSpace, kernel: Kernel) -> ModuleList:
    """Walk the list of modules; empty and not complete where it cannot be found."""
    found = ModuleList()
    head = None if kernel.symbols is None else kernel.symbols.get("modules")
    try:
        struct = struct_of(kernel.blob.types, "module")
        place = None if struct is None else member_at(struct, "list")
    except BtfError:
        return found
    if head is None or struct is None or place is None:
        log.info("the list of modules is not known: %s", "no symbol" if head is None else "no struct module")
        return found
    entries = list_both_ways(space, head, kernel.blob.endian, MOST_MODULES)
    taken_out = set(entries.unlinked)
    addresses = [entry - place[0] for entry in entries.elements if entry not in taken_out]
    named = [(_name(space, struct, address), address) for address in addresses]
    found.modules = [
        ListedModule(name, address, _btf_size(space, struct, address))
        for name, address in named
        if name is not None
    ]
    found.is_complete = not entries.has_gap and len(found.modules) == len(entries.elements)
    if not found.is_complete:
        log.warning(
            "the kernel's list of modules was not followed to its end: %s can be read, others may be loaded",
            f"only {len(found.modules)}" if found.modules else "none of it",
        )
    return found


def _name(space: AddressSpace, struct: Composite, address: int) -> str | None:
    """The name in a `struct module`, or None if it cannot be read."""
    place = member_at(struct, "name")
    if place is None or not 0 < place[1] <= LONGEST_NAME:
        return None
    data = space.read_available(Virtual(address + place[0]), place[1])
    return data.split(b"\0", 1)[0].decode("ascii", "replace") if len(data) == place[1] else None


def _btf_size(space: AddressSpace, struct: Composite, address: int) -> int | None:
    """What a `struct module` says of the size of its BTF; None if it says nothing, or cannot be read."""
    place = member_at(struct, "btf_data_size")
    if place is None or place[1] > 8:
        return None
    data = space.read_available(Virtual(address + place[0]), place[1])
    return int.from_bytes(data, struct.types.header.endian) if len(data) == place[1] else None
