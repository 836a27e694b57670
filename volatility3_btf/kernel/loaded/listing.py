# SPDX-License-Identifier: Apache-2.0
"""Whether a module whose BTF is loaded stands in the kernel's list of modules.

A name alone does not tell: a module that was taken off the list would stay unseen behind another one that
was given its name. The kernel itself ties BTF to modules by address (`btf_modules`, kernel/bpf/btf.c, from
5.11 on).
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from ...btf import BtfError
from ...memory.addresses import Virtual
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..structures import member_at, struct_of
from ..torn_ring import list_both_ways
from .loaded_btf import LoadedBtf
from .module_list import MOST_MODULES, listed_modules

log = logging.getLogger(__name__)

OWNERS = "btf_modules"
"""The kernel's list of `struct btf_module`, which have a module and its BTF."""


@dataclass
class _BtfModules:
    """What `btf_modules` holds.

    Attributes:
        owners: address in the layer of a `struct btf` → virtual address of its `struct module`.
        is_complete: whether the list was followed back to where it starts.
    """

    owners: dict[int, int] = field(default_factory=dict)
    is_complete: bool = False


class Listing:
    """The modules that a kernel has loaded, held against those that it lists.

    Args:
        space: the kernel's address space.
        kernel: the kernel.
        loaded: the BTF that it has loaded.
    """

    def __init__(self, space: AddressSpace, kernel: Kernel, loaded: Iterable[LoadedBtf]) -> None:
        self._list = listed_modules(space, kernel)
        self._btf_modules = _btf_modules(space, kernel)
        self._loaded = Counter(entry.name for entry in loaded if entry.kind == "module")

    def has(self, module: LoadedBtf) -> bool | None:
        """Whether a module is listed; None if that cannot be told, or what speaks for it does not agree."""
        owner = self._btf_modules.owners.get(module.place)
        if not any(module.name == listed.name or owner == listed.address for listed in self._list.modules):
            return False if self._list.is_complete else None
        if contradiction := self._contradiction(module, owner):
            log.warning("whether module %s is listed is not known: %s", module.name, contradiction)
            return None
        return True

    def _contradiction(self, module: LoadedBtf, owner: int | None) -> str:
        """What does not agree with the module's being listed under its name; empty if all does."""
        alike = [listed for listed in self._list.modules if listed.name == module.name]
        mine = next((listed for listed in self._list.modules if listed.address == owner), None)
        if mine is not None and mine.name != module.name:
            return f"it stands in the kernel's list under another name, {mine.name!r}"
        if owner is not None and mine is None:
            return (
                f"the list has a module of this name at {alike[0].address:#x}, but its own is at {owner:#x}"
            )
        if owner is None and self._btf_modules.is_complete:
            return f"the list has a module of this name, but {OWNERS} does not say that this is its BTF"
        if len(alike) != self._loaded[module.name]:
            return f"{len(alike)} listed modules have this name, {self._loaded[module.name]} with BTF"
        if mine is not None:
            return ""
        if len(alike) > 1:
            return f"{len(alike)} listed modules have this name"
        size = alike[0].btf_size
        if size is not None and size != module.size:
            return f"the listed one came with {size} bytes of BTF, this is BTF of {module.size} bytes"
        return ""


def _btf_modules(space: AddressSpace, kernel: Kernel) -> _BtfModules:
    """Which module each BTF is of, as far as the kernel's own list can be read."""
    found = _BtfModules()
    head = None if kernel.symbols is None else kernel.symbols.get(OWNERS)
    try:
        struct = struct_of(kernel.blob.types, "btf_module")
        places = [struct and member_at(struct, name) for name in ("list", "btf", "module")]
    except BtfError:
        return found
    offsets = [place[0] for place in places if place]
    if head is None or len(offsets) < len(places):
        return found
    in_list, btf, module = offsets
    entries = list_both_ways(space, head, kernel.blob.endian, MOST_MODULES)
    for entry in entries.elements:
        pointers = [space.pointer(Virtual(entry - in_list + at), kernel.blob.endian) for at in (btf, module)]
        place = pointers[0] and space.translate(pointers[0])
        if place is not None and pointers[1] is not None:
            found.owners[place] = pointers[1]
    found.is_complete = not entries.has_gap
    if not found.is_complete:
        log.warning("the kernel's list of modules with BTF (%s) was not followed to its end", OWNERS)
    return found
