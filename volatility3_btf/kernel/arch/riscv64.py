# SPDX-License-Identifier: Apache-2.0
"""riscv64: Sv39, Sv48 and Sv57 (the privileged specification; arch/riscv/include/asm/pgtable-64.h).

One set of tables maps kernel and process: each process's has the kernel's half.
"""

from __future__ import annotations

from typing import Final

from ..paging.format import of_nine_bits

_VALID, _LEAF, _PROT_NONE, _DIRTY, _NAPOT = 1, 0b1110, 1 << 5, 1 << 7, 1 << 63


def _decode(entry: int, shift: int) -> tuple[int, int] | None:
    """Bit 0 is valid; a leaf has one of the permissions, bits 1 to 3, or is there and may not be touched.

    With Svnapot (bit 63) the lowest bit that is set of the frame's number tells how many pages are one.
    """
    if not entry & (_VALID | _PROT_NONE):
        return None
    frame = entry >> 10 & (1 << 44) - 1
    if not entry & _LEAF and entry & _VALID:
        return None if shift == 12 else (frame << 12, 0)
    if entry & _NAPOT and shift == 12 and frame:
        bits = 12 + (frame & -frame).bit_length()
        return frame << 12 & -(1 << bits), bits
    return frame << 12 & -(1 << shift), shift


def _is_dirty(entry: int) -> bool:
    return bool(entry & _DIRTY)


FORMATS: Final = tuple(
    of_nine_bits(f"riscv64-Sv{12 + 9 * levels}", levels, _decode, _is_dirty) for levels in (3, 4, 5)
)
