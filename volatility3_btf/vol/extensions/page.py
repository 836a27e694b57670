# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct page`: which page of physical memory it describes, on every processor.

The framework knows where Intel's kernels keep the array of these structures. The kernel itself finds it
through its memory sections (include/linux/mmzone.h, sparse_encode_mem_map() in mm/sparse.c): each holds the
array's address less the number of the section's first page, so that all of them hold one value, and flags.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any, Final
from weakref import WeakKeyDictionary

from volatility3.framework import exceptions
from volatility3.framework.symbols import linux
from volatility3.framework.symbols.linux import extensions

from ..layers.paged import LinuxPagedLayer

_HAS_MAP: Final = 1 << 1
"""SECTION_HAS_MEM_MAP."""

_FLAGS: Final = (1 << 6) - 1
"""SECTION_MAP_MASK: the array is aligned so that they are free."""

_MOST_ROOTS, _MOST_SECTIONS = 1 << 12, 1 << 12
"""Arrays of sections that are looked at, and sections in all; there is memory in the first ones."""

_arrays: WeakKeyDictionary[Any, dict[str, int | None]] = WeakKeyDictionary()
"""What was found for a context's kernels: each page is an object of its own."""


class AnyPage(extensions.page):
    """A page whose physical address the kernel's own sections tell, where the layer is not Intel's."""

    def to_paddr(self) -> int:
        """The physical address of the page.

        Raises:
            VolatilityException: the kernel's memory sections cannot be read.
        """
        module = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        layer = self._context.layers[module.layer_name]
        if not isinstance(layer, LinuxPagedLayer):
            return int(super().to_paddr())
        known = _arrays.setdefault(self._context, {})
        if module.name not in known:
            known[module.name] = _array(module)
        array = known[module.name]
        if array is None:
            raise exceptions.VolatilityException("the kernel's memory sections (mem_section) cannot be read")
        return (layer.canonicalize(self.vol.offset) - array) // int(self.vol.size) * layer.page_size


def _array(module: Any) -> int | None:
    """Address of the structure of page 0, whether or not there is one."""
    for section in islice(_sections(module), _MOST_SECTIONS):
        value = int(section.section_mem_map)
        if value & _HAS_MAP:
            return value & ~_FLAGS
    return None


def _sections(module: Any) -> Iterator[Any]:
    """The kernel's memory sections, of a kernel with SPARSEMEM_EXTREME."""
    context, name = module.context, module.layer_name
    layer = context.layers[name]
    size = module.get_type("mem_section").size
    count = max(1, layer.page_size // size)
    order = module.get_type("pointer").vol.data_format.byteorder

    def pointer(at: int) -> int:
        return int.from_bytes(layer.read(at & layer.address_mask, 8), "big" if order == "big" else "little")

    try:
        roots = pointer(module.get_absolute_symbol_address("mem_section"))
        for number in range(_MOST_ROOTS):
            first = pointer(roots + 8 * number)
            for index in range(count if first else 0):
                at = (first + index * size) & layer.address_mask
                yield module.object(object_type="mem_section", offset=at, absolute=True)
    except exceptions.InvalidAddressException:
        return
