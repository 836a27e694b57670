# SPDX-License-Identifier: Apache-2.0
"""How a kernel's virtual addresses lead to places in the image: measured by walking its page tables.

VMCOREINFO and the kernel's variables tell how many levels the tables have and where physical memory starts.
They are tried first, and believed where nothing can be measured; what is measured goes before what is told.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Final

from ...memory.addresses import Physical, Place
from ...memory.gaps import is_blank, read_number
from ...memory.memory import Memory
from ..address_space import AddressSpace, address_space_of
from ..arch.x86_64 import FRAME, PRESENT
from ..kernel import Kernel, Said
from ..paging.tables import PageTables
from ..structures import Record

_TOP_ENTRY: Final = 511 * 8
"""Bytes before the entry of the kernel image in the top table, x86-64."""

_BELOW: Final = {4: "level3_kernel_pgt", 5: "level4_kernel_pgt"}
"""The table that this entry leads to (arch/x86/kernel/head_64.S), by number of levels."""

WALKED: Final = ("x86-64", "arm64", "riscv64", "s390x")
"""Architectures of which every format of page tables that is in use can be read."""

_KERNEL_MAP: Final = 0xFFFFFFFF80000000
"""Where x86-64 maps the kernel image (__START_KERNEL_map)."""


_VARIABLES: Final = {
    "x86-64": ("phys_base", "", ""),
    "arm64": ("kimage_voffset", "", ""),
    "s390x": ("vm_layout", "", ""),
    "riscv64": ("kernel_map", "kernel_mapping", "va_kernel_pa_offset"),
}
"""Variables from which virtual minus physical address of the kernel image follows, by architecture; the last
one's structure and member."""


@dataclass(frozen=True)
class Mapped:
    """What came of walking the page tables.

    Attributes:
        kernel: the kernel, with its `page_tables` and `layer_base`.
        space: the address space; None where no page tables map the kernel to where it lies.
        said: what was told and measured alike, and otherwise.
    """

    kernel: Kernel
    space: AddressSpace | None
    said: Said


def map_kernel(memory: Memory, kernel: Kernel) -> Mapped:
    """Find how the kernel's page tables are read.

    A kernel as it lies on disk has no physical addresses yet.

    Args:
        memory: the image.
        kernel: the kernel, its symbols placed, with the VMCOREINFO that may be its own.
    """
    if not memory.has_run:
        return Mapped(kernel, None, Said())
    told = dict(_told_bases(memory, kernel))
    kernel = replace(kernel, page_tables=_root(kernel))
    for base in dict.fromkeys((*told.values(), *_seen_bases(memory, kernel), Physical(0))):
        based = replace(kernel, layer_base=base)
        space = address_space_of(memory, based)
        if space is not None:
            return _measured(memory, based, space, told)
    return _unmapped(memory, replace(kernel, layer_base=None), told)


def _unmapped(memory: Memory, kernel: Kernel, told: dict[str, Physical]) -> Mapped:
    """With nothing measured what is told is all there is; tables that could have been walked contradict."""
    said, tables = Said(), kernel.page_tables
    if told:
        source, base = next(iter(told.items()))
        kernel, said = replace(kernel, layer_base=base), Said((_say_base(base, source),))
    if tables is None or kernel.architecture not in WALKED:
        return Mapped(kernel, None, said)
    levels, reason = next(_told_levels(memory, kernel), (None, ""))
    kernel = replace(kernel, page_tables=replace(tables, levels=levels, reason=reason))
    if not is_blank(memory, tables.root):
        said += Said(against=("the kernel's page tables do not map it to where it lies",))
    return Mapped(kernel, None, said)


def _compare_bases(layer_base: Physical | None, told: dict[str, Physical]) -> Said:
    """Hold what is told of physical addresses against the page tables."""
    agreed = [_say_base(base, source) for source, base in told.items() if base == layer_base]
    against = [
        f"address 0 of the image is physical address {layer_base or 0:#x} by the page tables, "
        f"but {base:#x} by {source}"
        for source, base in told.items()
        if base != layer_base
    ]
    if not told and layer_base:
        agreed.append(_say_base(layer_base, "the page tables"))
    return Said(tuple(agreed), (), tuple(against))


def _say_base(base: Physical, source: str) -> str:
    if base:
        return f"address 0 of the image is physical address {base:#x}, by {source}"
    return f"physical addresses agree with {source}"


def _measured(memory: Memory, kernel: Kernel, space: AddressSpace, told: dict[str, Physical]) -> Mapped:
    """The kernel with its page tables as they were walked."""
    said = Said(("the kernel's page tables map its BTF to where it lies",))
    said += _compare_bases(kernel.layer_base, told)
    tables = kernel.page_tables
    if tables is None:
        return Mapped(kernel, space, said)
    tables = replace(
        tables,
        root=tables.root if space.root is None else space.root,
        form=space.form,
        levels=space.levels,
        checked=True,
    )
    if kernel.architecture == "x86-64":
        tables = replace(tables, reason=f"walked with {space.levels} levels, the tables map the kernel")
        against = (
            f"{reason}, but page tables of {space.levels} levels map the kernel"
            for levels, reason in _told_levels(memory, kernel)
            if levels != space.levels
        )
        said += Said(against=tuple(against))
    return Mapped(replace(kernel, page_tables=tables), space, said)


def _root(kernel: Kernel) -> PageTables | None:
    """Where `init_top_pgt` (x86-64) or `swapper_pg_dir` lies."""
    for name in ("init_top_pgt", "swapper_pg_dir"):
        address = None if kernel.symbols is None else kernel.symbols.get(name)
        if address is None and kernel.vmcoreinfo is not None:
            address = kernel.vmcoreinfo.symbol(name)
        at = None if address is None else kernel.physical(address)
        if at is not None:
            return PageTables(at, None, "", False)
    return None


def _told_levels(memory: Memory, kernel: Kernel) -> Iterator[tuple[int, str]]:
    """How many levels the page tables have, as VMCOREINFO and the kernel's variable tell it (x86-64)."""
    if kernel.architecture != "x86-64":
        return
    enabled = None if kernel.vmcoreinfo is None else kernel.vmcoreinfo.number("pgtable_l5_enabled")
    if enabled is not None:
        yield 5 if enabled else 4, f"VMCOREINFO says pgtable_l5_enabled={enabled}"
    variable = kernel.find("__pgtable_l5_enabled")
    enabled = None if variable is None else read_number(memory, variable, 4, "little")
    if enabled in (0, 1):
        yield 5 if enabled else 4, f"__pgtable_l5_enabled is {enabled}"


def _seen_bases(memory: Memory, kernel: Kernel) -> Iterator[Physical]:
    """The base of the layer, by a table whose physical address and place in the layer are both known."""
    tables = kernel.page_tables
    if tables is None or kernel.architecture != "x86-64":
        return
    entry = read_number(memory, Place(tables.root + _TOP_ENTRY), 8, "little") or 0
    for name in _BELOW.values():
        place = kernel.find(name)
        if place is not None and entry & PRESENT:
            yield Physical((entry & FRAME) - place)


def _told_bases(memory: Memory, kernel: Kernel) -> Iterator[tuple[str, Physical]]:
    """Physical address of the layer's address 0, as the kernel's own variable and VMCOREINFO tell it."""
    if kernel.physical_shift is None:
        return
    note = None if kernel.vmcoreinfo is None else kernel.vmcoreinfo.physical_shift
    if note is not None:
        yield "VMCOREINFO", Physical(kernel.physical_shift - note)
    variable = _told_by_variable(memory, kernel)
    if variable is not None:
        yield "the kernel's own variable", Physical(kernel.physical_shift - variable)


def _told_by_variable(memory: Memory, kernel: Kernel) -> int | None:
    """Virtual minus physical address of the kernel image, from a variable of the kernel's own."""
    endian = kernel.blob.endian
    name, struct, path = _VARIABLES.get(kernel.architecture or "", ("", "", ""))
    at = kernel.find(name) if name else None
    if at is None or is_blank(memory, at):
        return None
    if struct:
        record = Record.read(memory, kernel.blob.types, struct, at)
        return None if record is None else record.number(path)
    value = read_number(memory, at, 8, endian)
    if value is None:
        return None
    if name == "phys_base":
        return _KERNEL_MAP - (value - (value >> 63 << 64))
    if name == "vm_layout":
        physical = read_number(memory, Place(at + 8), 8, endian)
        return None if physical is None else value - physical
    return value
