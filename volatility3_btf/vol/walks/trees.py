# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct rb_root`: a tree that is torn gives each node once, and the user is told.

The framework follows both children of each node, for ever where one leads up again. A node knows its parent
too (`__rb_parent_color`, include/linux/rbtree_types.h): where that is another one than the tree came from,
the tree was turned while it was copied, and what is above the node may be reached from it alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from volatility3.framework.symbols.linux import extensions

from .pointers import Pointers
from .told import tell

_COLOURS: Final = 3
"""The lowest bits of the parent's address are no part of it."""

PARENT, RIGHT, LEFT = range(3)
"""The pointers of a `struct rb_node`, in order."""


class WatchedTree(extensions.rb_root):
    """A red-black tree that says so where it is torn."""

    def get_nodes(self) -> Iterator[int]:
        """The nodes' addresses, each before those below it."""
        pointers = Pointers(self._context, self.vol.native_layer_name, self.vol.type_name, "rb_node")
        walk = TreeWalk(pointers)
        yield from walk.nodes(int(self.rb_node))
        if walk.flaw:
            where = f"the tree at {pointers.shown(self.vol.offset)} is torn: {walk.flaw}"
            text = f"What is shown may not be complete: {where}; {walk.count} nodes were found"
            tell(self._context, "trees", self.vol.layer_name, int(self.vol.offset), text)


class TreeWalk:
    """One walk down a tree.

    Args:
        pointers: reads the nodes.

    Attributes:
        count: nodes found.
        flaw: what does not fit, the first of it; empty if all does.
    """

    def __init__(self, pointers: Pointers) -> None:
        self.count, self.flaw = 0, ""
        self._pointers = pointers
        self._known: set[int] = set()

    def nodes(self, root: int) -> Iterator[int]:
        """The nodes' addresses, each before those below it.

        Args:
            root: the address of the topmost one.
        """
        shown = self._pointers.shown
        left = [(root & self._pointers.mask, 0)] if root else []
        while left and self.count < self._pointers.most:
            node, above = left.pop()
            if node in self._known:
                self._note(f"the node at {shown(node)} is in it twice")
                continue
            mine = self._read(node)
            if mine is None:
                self._note(f"the node at {shown(node)} cannot be read")
                continue
            self._known.add(node)
            self.count += 1
            yield node
            if mine[PARENT] != above:
                self._note(f"the node at {shown(node)} has another parent, {shown(mine[PARENT])}")
                left += self._above(node, mine[PARENT])
            left += [(child, node) for child in (mine[RIGHT], mine[LEFT]) if child]

    def _read(self, node: int) -> tuple[int, int, int] | None:
        found = self._pointers.read(node, 3)
        if found is None:
            return None
        mask = self._pointers.mask
        return found[PARENT] & mask & ~_COLOURS, found[RIGHT] & mask, found[LEFT] & mask

    def _above(self, node: int, parent: int) -> list[tuple[int, int]]:
        """The highest node above one that the walk did not come through, if each leads to the next."""
        highest: list[tuple[int, int]] = []
        there = {node}
        while parent and parent not in self._known and parent not in there:
            mine = self._read(parent)
            if mine is None or node not in mine[1:]:
                break
            there.add(parent)
            highest = [(parent, mine[PARENT])]
            node, parent = parent, mine[PARENT]
        return highest

    def _note(self, flaw: str) -> None:
        self.flaw = self.flaw or flaw
