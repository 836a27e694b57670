# SPDX-License-Identifier: Apache-2.0
"""Where the code and data of listed modules lie, in the kernel's virtual memory.

`struct module` has them in `core_layout` and `init_layout` until 6.3, and in the array `mem` from 6.4 on,
each with a `base` and a `size` (include/linux/module.h).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from ...btf import Array, Composite
from ...limits import Allowance
from ...memory.addresses import Virtual
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..loaded.module_list import ListedModule
from ..structures import member_at, struct_of

MOST_BYTES: Final = 1 << 30
"""Bytes of all modules; x86-64 has room for 1 to 1.5 GiB of them, and one has some ten million at most."""

_MOST_PARTS: Final = 16
"""Parts of a module; there are 7 kinds (`enum mod_mem_type`)."""

_LARGEST_MODULE: Final = 1 << 14
"""Bytes of a `struct module`."""


def module_ranges(
    space: AddressSpace, kernel: Kernel, modules: Iterable[ListedModule]
) -> Iterator[tuple[str, Virtual, int]]:
    """The parts of each listed module: its name, virtual address, bytes."""
    struct = struct_of(kernel.blob.types, "module")
    if struct is None:
        return
    parts = list(_parts(struct))
    left = Allowance(
        MOST_BYTES, "the modules in the list are larger than memory has room for: not all are shown"
    )
    for module in modules:
        data = space.read_available(Virtual(module.address), min(struct.size, _LARGEST_MODULE))
        for (base, base_size), (size, size_size) in parts:
            start = int.from_bytes(data[base : base + base_size], struct.types.header.endian)
            length = int.from_bytes(data[size : size + size_size], struct.types.header.endian)
            if start and length and left.take(length):
                yield module.name, Virtual(start), length


def _parts(struct: Composite) -> Iterator[tuple[tuple[int, int], tuple[int, int]]]:
    """Offset and bytes of each part's `base` and `size`."""
    for name in ("core_layout", "init_layout"):
        base, size = member_at(struct, f"{name}.base"), member_at(struct, f"{name}.size")
        if base is not None and size is not None:
            yield base, size
    mem = struct.get("mem")
    array = None if mem is None else mem.type.strip()
    part = array.type.strip() if isinstance(array, Array) else None
    if mem is None or not isinstance(array, Array) or not isinstance(part, Composite):
        return
    base, size = member_at(part, "base"), member_at(part, "size")
    if base is not None and size is not None:
        for index in range(min(array.count, _MOST_PARTS)):
            at = mem.offset + index * part.size
            yield (base[0] + at, base[1]), (size[0] + at, size[1])
