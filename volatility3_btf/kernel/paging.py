# SPDX-License-Identifier: Apache-2.0
"""The kernel's page tables on x86-64: where their root lies and how many levels they have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ..memory import Memory
from .reading import read_number

PRESENT: Final = 1
"""The bit of an entry that says that it leads somewhere."""

FRAME: Final = 0x00003FFFFFFFF000
"""The bits of an entry that are an address: 46, as wide as any machine's memory. Above, confidential guests
have a bit that says who may read the page: SEV's C-bit is bit 47 or 51, TDX' shared bit 47 or 51."""

_LARGE = 1 << 7
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
        if entry is None or not entry & PRESENT:
            return None
        if shift == 12 or (shift in (30, 21) and entry & _LARGE):
            inside = (1 << shift) - 1
            return (entry & FRAME & ~inside | virtual & inside) - layer_base
        table = (entry & FRAME) - layer_base
    return None
