# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A process's mappings: a maple tree (6.1 and later) or a list, held against how many the process counts.

The framework passes over a node that another one than its parent leads to, with all that is below it, and
ends with an error at one that cannot be read. A tree's nodes are not changed in place but replaced: the old
one then leads to itself (`ma_dead_node()`, lib/maple_tree.c) and keeps what it had.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import exceptions
from volatility3.framework.symbols.linux import extensions

from ..lines import as_linux_shows
from .pointers import Pointers
from .told import tell
from .trees import TreeWalk

_NODE: Final = 0xFF
"""The lowest bits of a pointer to a node are no part of its address."""

_NO_POINTER: Final = 0xF
"""An entry below this is none."""

_TYPE, _TYPES = 3, 0xF
"""Where a pointer to a node has the node's type."""

_DENSE, _LEAF, _RANGE, _ARANGE = range(4)

_DEEPEST: Final = 31
"""Levels that the tree's flags can tell (MT_FLAGS_HEIGHT_MASK)."""


class WatchedMapleTree(extensions.maple_tree):
    """A maple tree that gives what is left of it where it is torn; `WatchedMappings` counts."""

    def get_slot_iter(self) -> Iterator[Any]:
        """The entries, in order: pointer objects."""
        self._seen_nodes: set[int] = set()
        root = self.ma_root
        parent = int(self.vol.offset) & ~_NODE
        if int(root) & ~_NO_POINTER:
            yield from self._below(root, parent, 1)

    def _below(self, entry: Any, parent: int, depth: int) -> Iterator[Any]:
        """The entries below a node."""
        address = int(entry) & ~_NODE
        kind = int(entry) >> _TYPE & _TYPES
        if address in self._seen_nodes or depth > _DEEPEST or kind > _ARANGE:
            return
        self._seen_nodes.add(address)
        try:
            node = self._context.object(
                f"{self.get_symbol_table_name()}!maple_node", self.vol.native_layer_name, offset=address
            )
            above = int(node.parent) & ~_NODE
            body = node.alloc if kind == _DENSE else node.ma64 if kind == _ARANGE else node.mr64
            slots = [slot for slot in body.slot if int(slot) & ~_NO_POINTER]
        except exceptions.InvalidAddressException:
            return
        if above not in (parent, address):
            return
        for slot in slots:
            if kind in (_DENSE, _LEAF):
                yield slot
            else:
                yield from self._below(slot, address, depth + 1)


class WatchedMappings(extensions.mm_struct):
    """`struct mm_struct`, which counts its mappings."""

    def get_vma_iter(self) -> Iterator[Any]:
        """The mappings that are valid, each once; the user is told where there should be more."""
        known: set[int] = set()
        for mapping in super().get_vma_iter():
            if int(mapping.vol.offset) not in known:
                known.add(int(mapping.vol.offset))
                yield mapping
        try:
            count = int(self.map_count)
            if len(known) < count and self.has_member("mm_rb"):
                for mapping in self._in_tree():
                    if int(mapping.vol.offset) not in known and mapping.is_valid():
                        known.add(int(mapping.vol.offset))
                        yield mapping
        except exceptions.InvalidAddressException:
            return
        if len(known) < count:
            place = int(self.vol.offset)
            bits = int(self._context.layers[self.vol.layer_name].address_mask).bit_length()
            shown = f"{as_linux_shows(place, bits):#x}"
            whose = f"a process has (mm_struct at {shown})"
            text = f"of the {count} mappings that {whose}, {len(known)} were found"
            tell(
                self._context,
                "mappings",
                self.vol.layer_name,
                place,
                f"What is shown is not complete: {text}",
            )

    def _in_tree(self) -> Iterator[Any]:
        """The mappings by the tree that they are in too, before 6.1."""
        tree = self.mm_rb
        table, layer = self.get_symbol_table_name(), self.vol.native_layer_name
        kind = f"{table}!vm_area_struct"
        place = self._context.symbol_space.get_type(kind).relative_child_offset("vm_rb")
        pointers = Pointers(self._context, layer, tree.vol.type_name, "rb_node")
        for at in TreeWalk(pointers).nodes(int(tree.rb_node)):
            if pointers.layer.is_valid(at - place):
                yield self._context.object(kind, layer, offset=at - place)
