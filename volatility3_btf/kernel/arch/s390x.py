# SPDX-License-Identifier: Apache-2.0
"""s390x: region, segment and page tables of two to five levels (z/Architecture Principles of Operation).

Bits that Linux gives a meaning are in arch/s390/include/asm/pgtable.h. Kernel and process have spaces apart,
both from 0 on, and a process has as many levels as it needs: the type in any entry of the top table tells.
"""

from __future__ import annotations

from typing import Final

from ..paging.format import Format, one_span
from ..paging.walk import Read

_INVALID, _TYPE, _LARGE = 0x20, 0x0C, 0x400
_PAGE_INVALID, _PAGE_PRESENT, _PAGE_DIRTY = 0x400, 0x1, 0x8

_LOWCORE: Final = 0x2000
"""Bytes that the processor keeps for itself, mapped at 0 in the kernel's space."""


def _decode(entry: int, shift: int) -> tuple[int, int] | None:
    """A page that is there is marked invalid too while it is old, or may not be touched."""
    if shift == 12:
        is_there = entry & _PAGE_PRESENT or not entry & _PAGE_INVALID
        return (entry & ~0xFFF, 12) if is_there else None
    is_large = shift in (20, 31) and entry & _LARGE
    if entry & _INVALID and not (is_large and shift == 20 and entry & _PAGE_PRESENT):
        return None
    if is_large:
        return entry & -(1 << shift), shift
    return entry & (~0x7FF if shift == 20 else ~0xFFF), 0


def _is_dirty(entry: int) -> bool:
    return bool(entry & _PAGE_DIRTY)


def _form(levels: int) -> Format:
    shifts, widths = (53, 42, 31, 20, 12)[5 - levels :], (11, 11, 11, 11, 8)[5 - levels :]
    spans = one_span(shifts[0] + 11)
    return Format(f"s390x-{levels}", shifts, widths, _decode, _is_dirty, spans, 64, -1, "big", _LOWCORE)


FORMATS: Final = tuple(_form(levels) for levels in (2, 3, 4, 5))


def format_at(read: Read, root: int) -> Format:
    """The format of the tables at a place; that of three levels where they cannot be read."""
    data = read(root, 8)
    levels = 3 if data is None else 2 + (data[7] & _TYPE) // 4
    return FORMATS[levels - 2]
