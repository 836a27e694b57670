# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct xarray` (include/linux/xarray.h, lib/xarray.c): pointers by number, in a tree of nodes.

The framework passes over a node that cannot be read, with all that is below it. Here the rest is given, and
what does not fit is kept for whoever asked.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import exceptions
from volatility3.framework.symbols import linux
from volatility3.framework.symbols.linux import extensions

from ...limits import Allowance
from ..lines import as_linux_shows
from .told import tell

_INTERNAL: Final = 2
"""The two lowest bits of an entry that is no pointer; 1 and 3 are values (xa_is_value)."""

_LEAST_NODE: Final = 4096
"""Above, an internal entry is a node (xa_is_node)."""

_NODE: Final = 512
"""Bytes of the slots of a node: there are no more nodes than fit into memory."""


class NumberedPointers:
    """One walk through a tree, of a bounded number of nodes.

    Args:
        module: the kernel's module in the context.
        may_be_null: whether numbers may be given to NULL (`struct idr`), so that a node may count more than
            it has.

    Attributes:
        flaw: what does not fit, the first of it; empty if all does.
        count: pointers found.
    """

    def __init__(self, module: Any, may_be_null: bool = False) -> None:
        layer = module.context.layers[module.layer_name]
        memory = module.context.layers[layer.config.get("memory_layer", module.layer_name)]
        self.flaw, self.count = "", 0
        self._module, self._may_be_null = module, may_be_null
        self._bits = int(layer.address_mask).bit_length()
        self._nodes = Allowance(memory.maximum_address // _NODE + 1)

    def entries(self, head: int) -> Iterator[tuple[int, int]]:
        """Each pointer, in the order of their numbers, and how many numbers it stands for.

        Args:
            head: the tree's topmost entry, `xa_head`.
        """
        if _is_node(head):
            yield from self._below(head - _INTERNAL, 64, 0)
        elif head and not head & 3:
            self.count += 1
            yield head, 1

    def _below(self, address: int, above: int, parent: int) -> Iterator[tuple[int, int]]:
        """What is below a node; `above` is the `shift` of the node at `parent`, which leads to it."""
        try:
            node = self._module.object("xa_node", offset=address, absolute=True)
            shift, slots = int(node.shift), [int(slot) for slot in node.slots]
            spare = int(node.count) - len(slots) + slots.count(0)
            fits = int(node.parent) == parent and (spare == 0 or (self._may_be_null and spare > 0))
        except exceptions.InvalidAddressException:
            self._note(f"the node at {self._shown(address)} cannot be read")
            return
        if shift >= above or not self._nodes.take():
            self._note(f"the node at {self._shown(address)} is damaged")
            return
        if not fits:
            self._note(f"the node at {self._shown(address)} is of another moment than what leads to it")
        for number, entry in enumerate(slots):
            if _is_node(entry) and shift:
                yield from self._below(entry - _INTERNAL, shift, address)
            elif entry and not entry & 3:
                self.count += 1
                yield entry, _count(slots, number) << shift

    def _shown(self, address: int) -> str:
        return f"{as_linux_shows(address, self._bits):#x}"

    def _note(self, flaw: str) -> None:
        self.flaw = self.flaw or flaw


class WatchedIdr(extensions.IDR):
    """`struct idr`: what is left of a torn one, and the user is told."""

    def get_entries(self) -> Iterator[int]:
        """The pointers in order of their numbers."""
        if not (self.has_member("idr_rt") and self.idr_rt.has_member("xa_head")):
            yield from super().get_entries()
            return
        module = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        tree = NumberedPointers(module, may_be_null=True)
        for address, _ in tree.entries(int(self.idr_rt.xa_head)):
            yield address
        if tree.flaw:
            place = int(self.vol.offset)
            text = f"a numbered list is torn: {tree.flaw}; {tree.count} entries were found"
            tell(
                self._context,
                "numbered lists",
                self.vol.layer_name,
                place,
                f"What is shown may not be complete: {text}",
            )


def _count(slots: list[int], number: int) -> int:
    """How many slots an entry has: its own, and those behind that lead back to it (xa_is_sibling)."""
    end = number + 1
    while end < len(slots) and slots[end] == number << 2 | _INTERNAL:
        end += 1
    return end - number


def _is_node(entry: int) -> bool:
    return entry & 3 == _INTERNAL and entry > _LEAST_NODE
