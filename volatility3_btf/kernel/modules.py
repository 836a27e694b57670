# SPDX-License-Identifier: Apache-2.0
"""The kernel's list of loaded modules, the one that lsmod shows (`modules`, kernel/module/main.c)."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from ..btf import BtfError, Composite
from .kernel import Kernel
from .records import member_at, struct_of
from .translation import AddressSpace

log = logging.getLogger(__name__)

MOST_MODULES: Final = 1 << 14
"""Entries of the list that are followed; a distribution's kernel has some thousand modules in all."""

LONGEST_NAME: Final = 256
"""Bytes; MODULE_NAME_LEN is 56."""


@dataclass
class ModuleList:
    """What the list of modules holds.

    Attributes:
        addresses: module's name → virtual address of its `struct module`, in the list's order.
        is_complete: whether the list was followed back to where it starts.
    """

    addresses: dict[str, int] = field(default_factory=dict)
    is_complete: bool = False

    def has(self, name: str) -> bool | None:
        """Whether a module is listed; None if that cannot be told."""
        if name in self.addresses:
            return True
        return False if self.is_complete else None


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
    for entry in _entries(space, head, kernel.blob.endian):
        if entry == head:
            found.is_complete = True
            return found
        name = _name(space, struct, entry - place[0])
        if name is None:
            break
        found.addresses.setdefault(name, entry - place[0])
    log.warning("the list of modules is damaged after %d entries", len(found.addresses))
    return found


def _entries(space: AddressSpace, head: int, endian: str) -> Iterator[int]:
    """The addresses of the list's elements, the head's at last; ends early where the list is damaged."""
    at, seen = head, set[int]()
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
    data = space.read_available(address + place[0], place[1])
    return data.split(b"\0", 1)[0].decode("ascii", "replace") if len(data) == place[1] else None
