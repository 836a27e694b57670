# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The page cache of kernels with folios (5.16 and later): one entry of its tree stands for many pages.

The framework takes each entry for one page, and asks `struct page` for `mapping` and `index`. In a folio of
several pages only the first has them (mm/filemap.c, include/linux/mm_types.h), and from 6.16 on `struct page`
has no `index` at all: the first page's is called `__folio_index`. In the tree (lib/xarray.c) a folio has one
slot, and what follows it leads back to it.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import exceptions, objects
from volatility3.framework.symbols import linux
from volatility3.framework.symbols.linux import extensions

from ...limits import Allowance
from ..walks.numbered import NumberedPointers
from .page import AnyPage

_TAIL: Final = 1
"""Of the first word behind the flags: the page is not the first one of its folio."""

_ADDRESSES: Final = 1 << 64


class FolioPage(AnyPage):
    """A page that may be any of a folio's."""

    @property
    def flags(self) -> Any:
        """The flags: a number, which lies in a structure of its own from 6.18 on (`memdesc_flags_t`)."""
        found = self.member("flags")
        return found.member("f") if isinstance(found, objects.StructType) else found

    @property
    def mapping(self) -> Any:
        """The address space that the folio belongs to."""
        return self._first.member("mapping")

    @property
    def index(self) -> int:
        """The number of the page in the file."""
        first = self._first
        index = int(first.member("index" if first.has_member("index") else "__folio_index"))
        return index + (int(self.vol.offset) - int(first.vol.offset)) // int(self.vol.size)

    @property
    def _first(self) -> Any:
        """The folio's first page.

        What a later one has of it is its address, or from 7.1 on, where the structure's size is a power of
        two, a mask for its own (`compound_info`, include/linux/page-flags.h).
        """
        word = int(self.member("compound_info" if self.has_member("compound_info") else "compound_head"))
        if not word & _TAIL:
            return self
        word -= _TAIL
        span = _ADDRESSES - word
        is_mask = span & (span - 1) == 0
        layer = self._context.layers[self.vol.layer_name]
        at = int(self.vol.offset) & word if is_mask else word
        return self._context.object(
            self.vol.type_name, layer_name=self.vol.layer_name, offset=at & layer.address_mask
        )


class FolioInode(extensions.inode):
    """A file whose cached pages are those of its folios."""

    def get_pages(self) -> Iterator[Any]:
        """The cached pages in order of their place in the file.

        Those of a folio that lie behind the file's end hold nothing of it, and are left out.

        Raises:
            LinuxPageCacheException: an entry of the tree leads nowhere; what the others lead to was given.
        """
        try:
            yield from self._pages()
        except exceptions.InvalidAddressException as error:
            raise exceptions.LinuxPageCacheException(str(error)) from error

    def _pages(self) -> Iterator[Any]:
        mapping = self.i_mapping
        if not self.i_size or not mapping or not mapping.is_readable() or not mapping.nrpages > 0:
            return
        module = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        layer = self._context.layers[module.layer_name]
        memory = self._context.layers[layer.config.get("memory_layer", module.layer_name)]
        pages = Allowance(min(int(mapping.nrpages), memory.maximum_address // layer.page_size + 1))
        tree, flaw = NumberedPointers(module), ""
        for address, count in tree.entries(int(mapping.i_pages.xa_head)):
            try:
                yield from self._folio(module, address, count, pages)
            except exceptions.InvalidAddressException as error:
                flaw = flaw or str(error)
            except exceptions.LinuxPageCacheException as error:
                flaw = flaw or str(error)
        if tree.flaw or flaw:
            raise exceptions.LinuxPageCacheException(tree.flaw or flaw)

    def _folio(self, module: Any, address: int, count: int, pages: Allowance) -> Iterator[Any]:
        """The pages of a folio, which has so many slots of the tree."""
        first = _page(module, address)
        held = -(-int(self.i_size) // self._context.layers[module.layer_name].page_size) - first.index
        for number in range(max(1, min(count, held))):
            if not pages.take():
                return
            yield _page(module, address + number * int(first.vol.size)) if number else first


def _page(module: Any, address: int) -> Any:
    """The page at an address. Raises LinuxPageCacheException where there is none."""
    if not module.context.layers[module.layer_name].is_valid(address):
        raise exceptions.LinuxPageCacheException(f"no page is at {address:#x}")
    page = module.object("page", offset=address, absolute=True)
    if not page.is_valid():
        raise exceptions.LinuxPageCacheException(f"the page at {address:#x} is not valid")
    return page
