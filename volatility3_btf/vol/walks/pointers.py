# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Pointers that lie side by side, read at once: what a walk reads at each step."""

from __future__ import annotations

from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from volatility3.framework import exceptions, interfaces

from ..lines import as_linux_shows

Context: TypeAlias = interfaces.context.ContextInterface

_forms: WeakKeyDictionary[Context, dict[str, tuple[int, Any]]] = WeakKeyDictionary()


MOST: Final = 1 << 22
"""Elements of one list; the largest directories and the busiest machines have some hundred thousand."""


class Pointers:
    """The pointers that a structure in a layer begins with.

    Args:
        context: the context.
        layer: the layer's name.
        struct: a structure that has pointers, with its table's name.
        member: one of them.

    Attributes:
        layer: the layer.
        mask: the bits of an address in the layer.
        size: bytes of a pointer.
        most: how many of them are followed in one walk: no more than memory has room for.
    """

    def __init__(self, context: Context, layer: str, struct: str, member: str) -> None:
        self.layer: Any = context.layers[layer]
        self.mask = int(self.layer.address_mask)
        self.size, self._order = _form(context, struct, member)
        below = context.layers.get(self.layer.config.get("memory_layer", ""), self.layer)
        self.most = min(MOST, int(below.maximum_address) // (2 * self.size) + 1)

    def read(self, at: int, count: int = 2) -> tuple[int, ...] | None:
        """The pointers at an address as they are in memory; None where they cannot be read."""
        size, order = self.size, self._order
        try:
            data = self.layer.read(at & self.mask, count * size)
        except exceptions.InvalidAddressException:
            return None
        return tuple(int.from_bytes(data[start : start + size], order) for start in range(0, len(data), size))

    def shown(self, address: int) -> str:
        """An address of the layer as Linux shows it."""
        return f"{as_linux_shows(address, self.mask.bit_length()):#x}"

    def pair(self, at: int) -> tuple[int, int] | None:
        """The first two as addresses of the layer; None where they cannot be read."""
        found = self.read(at)
        return None if found is None else (found[0] & self.mask, found[1] & self.mask)


def _form(context: Context, struct: str, member: str) -> tuple[int, Any]:
    """Size and byte order of a table's pointers."""
    known = _forms.setdefault(context, {})
    if struct not in known:
        pointer: Any = context.symbol_space.get_type(struct).child_template(member)
        known[struct] = int(pointer.size), pointer.vol.data_format.byteorder
    return known[struct]
