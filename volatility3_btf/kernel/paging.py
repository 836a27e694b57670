# SPDX-License-Identifier: Apache-2.0
"""The kernel's page tables on x86-64: where their root lies and how many levels they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..memory import Memory
from .reading import read_number

if TYPE_CHECKING:
    from .kernel import Kernel

_PRESENT, _LARGE = 1, 1 << 7
_FRAME = 0x000FFFFFFFFFF000
_SHIFTS = (48, 39, 30, 21, 12)


@dataclass(frozen=True)
class PageTables:
    """The root of the kernel's page tables.

    Attributes:
        root: its address in the layer.
        levels: 4 or 5 on x86-64; None on other architectures, and where nothing tells.
        reason: how the number of levels is known, as a sentence.
        checked: whether translating a known address through them gave the right place.
    """

    root: int
    levels: int | None
    reason: str
    checked: bool


def translate(memory: Memory, root: int, levels: int, virtual: int, layer_base: int = 0) -> int | None:
    """Walk x86-64 page tables.

    Args:
        memory: the image.
        root: address of the top table in the layer.
        levels: 4 or 5.
        virtual: what to translate.
        layer_base: physical address of the layer's address 0.

    Returns:
        The address in the layer, or None if it is not mapped or a table cannot be read.
    """
    table = root
    for shift in _SHIFTS[5 - levels :]:
        entry = read_number(memory, table + (virtual >> shift & 0x1FF) * 8, 8, "little")
        if entry is None or not entry & _PRESENT:
            return None
        if shift == 12 or (shift in (30, 21) and entry & _LARGE):
            inside = (1 << shift) - 1
            return (entry & _FRAME & ~inside | virtual & inside) - layer_base
        table = (entry & _FRAME) - layer_base
    return None


def page_tables_of(memory: Memory, kernel: Kernel) -> PageTables | None:
    """Find the kernel's page tables by symbol; their levels by VMCOREINFO, by variable or by walking them."""
    root = _root(kernel)
    if root is None:
        return None
    if kernel.architecture != "x86-64":
        return PageTables(root, None, "", False)
    mapped = {levels for levels in (4, 5) if _maps(memory, kernel, root, levels)}
    enabled = None if kernel.vmcoreinfo is None else kernel.vmcoreinfo.number("pgtable_l5_enabled")
    if enabled is not None:
        levels = 5 if enabled else 4
        return PageTables(root, levels, f"VMCOREINFO says pgtable_l5_enabled={enabled}", levels in mapped)
    variable = kernel.find("__pgtable_l5_enabled")
    enabled = None if variable is None else read_number(memory, variable, 4, "little")
    if enabled in (0, 1):
        levels = 5 if enabled else 4
        return PageTables(root, levels, f"__pgtable_l5_enabled is {enabled}", levels in mapped)
    if len(mapped) == 1:
        levels = mapped.pop()
        return PageTables(root, levels, f"walked with {levels} levels, the tables map the kernel", True)
    return PageTables(root, None, "", False)


def _root(kernel: Kernel) -> int | None:
    """The address in the layer of `init_top_pgt` (x86-64) or `swapper_pg_dir`."""
    for name in ("init_top_pgt", "swapper_pg_dir"):
        address = None if kernel.symbols is None else kernel.symbols.get(name)
        if address is None and kernel.vmcoreinfo is not None:
            address = kernel.vmcoreinfo.symbol(name)
        at = None if address is None else kernel.physical(address)
        if at is not None and at >= 0:
            return at
    return None


def _maps(memory: Memory, kernel: Kernel, root: int, levels: int) -> bool:
    """Whether the tables, read with so many levels, map the start of the kernel to where it lies."""
    for name in ("linux_banner", "_text", "_stext"):
        address = None if kernel.symbols is None else kernel.symbols.get(name)
        if address is not None:
            return translate(memory, root, levels, address, kernel.layer_base or 0) == kernel.physical(
                address
            )
    return False
