# SPDX-License-Identifier: Apache-2.0
"""x86-64: page tables of 4 and 5 levels (Intel SDM volume 3A, "Paging")."""

from __future__ import annotations

from typing import Final

from ..paging.format import of_nine_bits

PRESENT: Final = 1
"""The bit of an entry that says that it leads somewhere."""

FRAME: Final = 0x00003FFFFFFFF000
"""The bits of an entry that are an address: 46, as wide as any machine's memory. Above, confidential guests
have a bit that says who may read the page: SEV's C-bit is bit 47 or 51, TDX' shared bit 47 or 51."""

_LARGE: Final = 1 << 7
_DIRTY: Final = 1 << 6


def _decode(entry: int, shift: int) -> tuple[int, int] | None:
    if not entry & PRESENT:
        return None
    if shift == 12 or (shift in (30, 21) and entry & _LARGE):
        return entry & FRAME & -(1 << shift), shift
    return entry & FRAME, 0


def _is_dirty(entry: int) -> bool:
    return bool(entry & _DIRTY)


FORMATS: Final = tuple(of_nine_bits(f"x86-64-{levels}", levels, _decode, _is_dirty) for levels in (4, 5))
