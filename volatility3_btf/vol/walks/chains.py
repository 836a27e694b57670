# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct hlist_head`: a chain that is torn ends, gives what a pointer skipped, and the user is told.

The framework follows `next` alone: for ever, where an element leads to one before it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import interfaces
from volatility3.framework.symbols.linux import extensions

from ...kernel.torn_chain import Chain, follow_chain
from .directories import FILES, is_in_directory
from .pointers import Pointers
from .told import tell

NAMES: Final = {("dentry", "d_sib"): FILES}
"""What chains hold, for the user, by type and member."""

ENDS: Final = {
    "unreadable": "which cannot be read",
    "cycle": "which was there before",
    "strange": "which has no tie to the list",
    "long": "which is more than are followed",
}


class WatchedChain(extensions.hlist_head):
    """A chain that says so where it is torn."""

    def to_list(self, symbol_type: str, member: str) -> Iterator[interfaces.objects.ObjectInterface]:
        """The elements, in order; see the framework's for the arguments."""
        table, _, kind = symbol_type.rpartition("!")
        name = f"{table or self.get_symbol_table_name()}!{kind}"
        place = int(self._context.symbol_space.get_type(name).relative_child_offset(member))
        layer_name = self.vol.native_layer_name
        pointers = Pointers(self._context, layer_name, self.vol.type_name, "first")
        first: Any = pointers.read(self.vol.offset, 1) if self.vol.layer_name == layer_name else (self.first,)
        if first is None:
            return
        head = int(self.vol.offset)

        def links(at: int) -> tuple[int, int] | None:
            return pointers.pair(at) if pointers.layer.is_valid(at - place) else None

        what = NAMES.get((kind, member), f"{kind}.{member}")
        directory = self.vol.parent

        def belongs(at: int) -> bool | None:
            return None if what != FILES else is_in_directory(self._object(name, at - place), directory)

        chain = follow_chain(int(first[0]) & pointers.mask, links, head, pointers.most, belongs)
        for at in chain.elements:
            yield self._object(name, at - place)
        if chain.is_torn:
            tell(self._context, what, layer_name, head, _reason(what, chain, pointers.shown(chain.at)))

    def _object(self, name: str, address: int) -> Any:
        return self._context.object(name, self.vol.native_layer_name, offset=address)


def _reason(what: str, chain: Chain, at: str) -> str:
    """What is wrong with a chain, and what was made of it."""
    text = f"the list of {what} is torn: "
    if chain.end != "whole":
        text += f"after {len(chain.elements)} it goes on at {at}, {ENDS[chain.end]}"
    else:
        text += f"it gives {len(chain.elements)}"
    if chain.skipped:
        text += f"; {chain.skipped} of them by back pointers only"
    if chain.unlinked:
        text += f"; {chain.unlinked} of them taken out of the list"
    return text[0].upper() + text[1:] if chain.end == "whole" else f"What is shown is not complete: {text}"
