# SPDX-License-Identifier: Apache-2.0
"""The kernel's list of loaded modules, the one that lsmod shows (`modules`, kernel/module/main.c)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ...btf import BtfError, Composite
from ...memory.addresses import Virtual
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..structures import member_at, struct_of

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
        is_complete: whether the list was followed back to where it starts.
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
    for entry in list_entries(space, head, kernel.blob.endian):
        if entry == head:
            found.is_complete = True
            return found
        name = _name(space, struct, entry - place[0])
        if name is None:
            break
        found.modules.append(ListedModule(name, entry - place[0], _btf_size(space, struct, entry - place[0])))
    log.warning(
        "the kernel's list of modules was not followed to its end: %s can be read, others may be loaded",
        f"only its first {len(found.modules)}" if found.modules else "none of it",
    )
    return found


def list_entries(space: AddressSpace, head: Virtual, endian: str) -> Iterator[Virtual]:
    """The addresses of the elements of a kernel's list (`struct list_head`), in order.

    The head's own comes at last. A list that is damaged, or longer than `MOST_MODULES`, ends without it.

    Args:
        space: the kernel's address space.
        head: virtual address of the list's head.
        endian: the kernel's byte order.
    """
    at, seen = head, set[Virtual]()
    while len(seen) < MOST_MODULES:
        following = space.pointer(at, endian)
        if following is None or following in seen:
            return
        seen.add(following)
        yield following
        if following == head:
            return
        at = following


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
