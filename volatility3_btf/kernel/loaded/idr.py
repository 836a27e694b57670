# SPDX-License-Identifier: Apache-2.0
"""What a kernel's `struct idr` holds: pointers by number, in a tree (include/linux/idr.h, lib/xarray.c).

A slot that points to a further node has the lowest bits 10; others so marked are no pointers. A node whose
`shift` is 0 holds the pointers themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from ...btf import BtfError, Composite, Types
from ...limits import Allowance
from ...memory.addresses import Virtual
from ...memory.memory import UnreadableError
from ..address_space import AddressSpace
from ..structures import Record, member_at, struct_of

MOST_NODES: Final = 1 << 10
"""Nodes that are read, of 64 slots each; an honest kernel's tree of BTF has a few."""

MOST_SLOTS: Final = 256
"""Slots of a node; kernels have 16 or 64 (XA_CHUNK_SIZE)."""

LARGEST_NODE: Final = 4096
"""Bytes; a node has 576."""

_INTERNAL, _INTERNAL_MASK = 2, 3
_LEAST_NODE: Final = 4096
"""Smaller internal entries are marks (XA_RETRY_ENTRY, XA_ZERO_ENTRY, siblings)."""

_POINTER: Final = 8


@dataclass
class IdrContent:
    """What a `struct idr` holds.

    Attributes:
        pointers: virtual addresses, lowest number first.
        is_complete: whether the whole tree could be read.
    """

    pointers: list[Virtual] = field(default_factory=list)
    is_complete: bool = True


def idr_content(space: AddressSpace, types: Types, idr: int) -> IdrContent | None:
    """Read a `struct idr`; None where it or its layout is not known.

    Args:
        space: the kernel's address space.
        types: the kernel's types.
        idr: virtual address of the `struct idr`.
    """
    try:
        head = _head(space, types, idr)
        node = struct_of(types, "xa_node")
        if head is None or node is None or node.size > LARGEST_NODE:
            return None
        found = IdrContent()
        if _is_node(head):
            _Walk(space, node, found).visit(head - _INTERNAL, None)
        elif head:
            found.pointers.append(Virtual(head))
        return found
    except BtfError:
        return None


def _head(space: AddressSpace, types: Types, idr: int) -> int | None:
    """The topmost entry of the tree; None before 4.20, where it has another name and other marks."""
    struct = struct_of(types, "idr")
    place = None if struct is None else member_at(struct, "idr_rt.xa_head")
    return None if place is None else space.pointer(Virtual(idr + place[0]), types.header.endian)


def _is_node(entry: int) -> bool:
    return entry & _INTERNAL_MASK == _INTERNAL and entry > _LEAST_NODE


class _Walk:
    """One walk down a tree; `shift` falls from node to node, so it ends."""

    def __init__(self, space: AddressSpace, node: Composite, found: IdrContent) -> None:
        self._space, self._node, self._found = space, node, found
        self._nodes = Allowance(MOST_NODES)

    def visit(self, address: int, above: int | None) -> None:
        """Read a node and what is below it; `above` is the `shift` of the node that points to it."""
        record = self._read(address) if self._nodes.take() else None
        shift = None if record is None else record.number("shift")
        slots = None if record is None else record.bytes_of("slots")
        if shift is None or slots is None or (above is not None and shift >= above):
            self._found.is_complete = False
            return
        for at in range(0, min(len(slots), MOST_SLOTS * _POINTER), _POINTER):
            entry = int.from_bytes(slots[at : at + _POINTER], self._node.types.header.endian)
            if _is_node(entry) and shift:
                self.visit(entry - _INTERNAL, shift)
            elif entry and not shift and entry & _INTERNAL_MASK != _INTERNAL:
                self._found.pointers.append(Virtual(entry))

    def _read(self, address: int) -> Record | None:
        try:
            return Record(self._node, self._space.read(Virtual(address), self._node.size))
        except UnreadableError:
            return None
