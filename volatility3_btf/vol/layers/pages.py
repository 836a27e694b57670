# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Address spaces that keep the pages that were read.

An object's value is a few bytes. For each, the framework walks the page tables, asks the layers below whether
they have the place, and goes down through them to the file. Here a page's place is looked up once, and its
bytes are read once; all else is the framework's.
"""

from __future__ import annotations

from itertools import islice
from typing import Any, Final, TypeVar
from weakref import WeakKeyDictionary

from volatility3.framework import exceptions, interfaces
from volatility3.framework.layers import intel

from ..lazily import when_asked

PAGE_BITS: Final = 12
"""What is kept together: the smallest page of any processor."""

PAGE: Final = 1 << PAGE_BITS
_INSIDE: Final = PAGE - 1

MOST_PAGES: Final = 1 << 12
"""Pages that are kept of one layer of physical addresses: 16 MiB."""

MOST_AT_HAND: Final = 1 << 8
"""Pages that one address space has at hand besides; there is one for each process."""

MOST_PLACES: Final = 1 << 16
"""Pages of one address space whose places are kept."""

_MOST_TOGETHER: Final = 16
"""Pages of one range that are looked up one by one."""

_NOT_MAPPED: Final = -1
_NOT_WHOLE: Final = -2
"""Instead of a place: mapped to where the layer below does not have the page as a whole."""

Kept = TypeVar("Kept")

_physical_pages: WeakKeyDictionary[interfaces.layers.DataLayerInterface, dict[int, bytes]] = (
    WeakKeyDictionary()
)
"""Pages of each layer of physical addresses by place, for all address spaces on it."""


class PagesKept(intel.Intel):
    """The part of our layers that keeps pages; stands before a framework class among the bases."""

    @when_asked
    def _pages(self) -> dict[int, bytes]:
        """Pages by number, the oldest first."""
        return {}

    @when_asked
    def _places(self) -> dict[int, int]:
        """Where pages lie in the layer below, by number; or why there is no such place."""
        return {}

    @when_asked
    def _faults(self) -> dict[int, exceptions.PagedInvalidAddressException]:
        """What was raised for pages that are not mapped, by number."""
        return {}

    @when_asked
    def _physical(self) -> dict[int, bytes]:
        """Pages of the layer below, by place."""
        return _physical_pages.setdefault(self._context.layers[self._base_layer], {})

    def __getstate__(self) -> dict[str, Any]:
        """Without what is kept: another process reads it again."""
        kept = ("_pages", "_places", "_faults", "_physical")
        return {name: value for name, value in self.__dict__.items() if name not in kept}

    def read(self, offset: int, length: int, pad: bool = False) -> bytes:
        """Read bytes; see the framework's layer."""
        page = self._pages.get(offset >> PAGE_BITS)
        inside = offset & _INSIDE
        if page is None and 0 < length <= PAGE - inside:
            page = self._page(offset, pad)
        end = inside + length
        if page is None or end > PAGE:
            return bytes(super().read(offset, length, pad))
        return page[inside:end]

    def is_valid(self, offset: int, length: int = 1) -> bool:
        """Whether all bytes of a range can be read."""
        first, last = offset >> PAGE_BITS, offset + length - 1 >> PAGE_BITS
        if 0 <= last - first < _MOST_TOGETHER:
            places = [self._place(page) for page in range(first, last + 1)]
            if _NOT_WHOLE not in places:
                return _NOT_MAPPED not in places
        return bool(super().is_valid(offset, length))

    def write(self, offset: int, value: bytes) -> None:
        """Write bytes; see the framework's layer."""
        self._physical.clear()
        self._pages.clear()
        super().write(offset, value)

    def _page(self, offset: int, pad: bool) -> bytes | None:
        """The bytes of the page that an address is in; None where that is for the framework to read.

        Raises:
            PagedInvalidAddressException: it is not mapped.
        """
        number = offset >> PAGE_BITS
        place = self._place(number)
        if place >= 0:
            data = self._physical.get(place) or self._read_page(place)
            return _keep(self._pages, number, data, MOST_AT_HAND)
        fault = self._faults.get(number)
        if fault is None or pad:
            return None
        raise self._fault_at(offset, fault)

    def _fault_at(
        self, offset: int, fault: exceptions.PagedInvalidAddressException
    ) -> exceptions.PagedInvalidAddressException:
        """The fault of a page's second byte, as that of another address in the page.

        The framework tells the address, or the page's first one where a table on the way to it is missing.
        """
        address = offset if fault.invalid_address & _INSIDE else offset & ~_INSIDE
        return exceptions.PagedInvalidAddressException(
            self.name, address, fault.invalid_bits, fault.entry, *fault.args[1:]
        )

    def _place(self, number: int) -> int:
        """The place of a page, or why it has none."""
        place = self._places.get(number)
        if place is not None:
            return place
        try:
            second, _, layer = self._translate((number << PAGE_BITS) + 1)
            place = second - 1
        except exceptions.PagedInvalidAddressException as fault:
            place = _NOT_MAPPED
            if type(fault) is exceptions.PagedInvalidAddressException:
                _keep(self._faults, number, fault.with_traceback(None))
        else:
            if layer != self._base_layer or not self._context.layers[layer].is_valid(place, PAGE):
                place = _NOT_WHOLE
        return _keep(self._places, number, place, MOST_PLACES)

    def _read_page(self, place: int) -> bytes:
        return _keep(self._physical, place, bytes(self._context.layers[self._base_layer].read(place, PAGE)))


def _keep(kept: dict[int, Kept], key: int, value: Kept, most: int = MOST_PAGES) -> Kept:
    """Put a value into a dictionary of bounded size, in place of the oldest quarter."""
    if len(kept) >= most:
        for old in list(islice(kept, most // 4)):
            del kept[old]
    kept[key] = value
    return value
