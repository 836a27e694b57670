# SPDX-License-Identifier: Apache-2.0
"""arm64: page tables of 4, 16 and 64 KiB pages (Arm ARM, "Translation table format").

Bits that Linux gives a meaning are in arch/arm64/include/asm/pgtable-hwdef.h and pgtable-prot.h. One set of
tables maps the kernel (TTBR1, swapper_pg_dir), another the process (TTBR0, mm->pgd); bit 55 of an address
tells which. What stands above bit 55 is a tag or a pointer's authentication code, and no part of the address.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from typing import Final

from ..paging.format import Format, Span

_SIGNIFICANT: Final = 56
_LPA, _LPA2 = "lpa", "lpa2"

INVALID_NEW: Final = 1 << 11
"""PTE_PRESENT_INVALID since 6.11 (commit f0f5863a0fb0): a page that is there and may not be touched."""

INVALID_OLD: Final = 1 << 58 | 1 << 59
"""PTE_PROT_NONE and PMD_PRESENT_INVALID before."""

_DIRTY, _WRITE, _READ_ONLY = 1 << 55, 1 << 51, 1 << 7

SIZES: Final = (
    (12, 48, ""),
    (12, 52, _LPA2),
    (12, 39, ""),
    (16, 52, _LPA),
    (16, 48, ""),
    (16, 42, ""),
    (14, 47, ""),
    (14, 52, _LPA2),
    (14, 48, ""),
    (14, 36, ""),
)
"""Bits of a page, bits of an address, and how entries hold more than 48 bits of a physical address: the
granules and sizes that arch/arm64/Kconfig offers. LPA2 goes with 52 bits of virtual addresses of 4 and 16 KiB
pages (the same kernel uses fewer levels where the processor has none), LPA with those of 64 KiB."""


def _decode(page_bits: int, wide: str, invalid: int, entry: int, shift: int) -> tuple[int, int] | None:
    """Read an entry. Each entry of a contiguous range (bit 52) has its own address."""
    if entry & 1:
        is_page = shift == page_bits
        if is_page and not entry & 2:
            return None
        is_leaf = is_page or not entry & 2
    elif entry & invalid:
        is_leaf = True
    else:
        return None
    if wide == _LPA2:
        address = entry & 0x0003FFFFFFFFFFFF & -(1 << page_bits) | (entry & 0x300) << 42
    elif wide == _LPA:
        address = entry & 0x0000FFFFFFFF0000 | (entry & 0xF000) << 36
    else:
        address = entry & 0x0000FFFFFFFFFFFF & -(1 << page_bits)
    return (address & -(1 << shift), shift) if is_leaf else (address, 0)


def _is_dirty(entry: int) -> bool:
    return bool(entry & _DIRTY) or (bool(entry & _WRITE) and not entry & _READ_ONLY)


def _form(page_bits: int, bits: int, wide: str, invalid: int) -> Format:
    width = page_bits - 3
    shifts = tuple(range(page_bits, bits, width))
    widths = (*(width,) * (len(shifts) - 1), bits - shifts[-1])
    spans = (Span(0, bits, False), Span((1 << _SIGNIFICANT) - (1 << bits), bits, True))
    age = "new" if invalid == INVALID_NEW else "old"
    return Format(
        f"arm64-{1 << page_bits - 10}K-{bits}-{age}",
        shifts[::-1],
        widths[::-1],
        partial(_decode, page_bits, wide, invalid),
        _is_dirty,
        spans,
        _SIGNIFICANT,
        _SIGNIFICANT - 1,
    )


def formats(is_new: bool) -> Iterator[Format]:
    """Every format; `is_new`: of a kernel since 6.11."""
    for size in SIZES:
        yield _form(*size, INVALID_NEW if is_new else INVALID_OLD)


FORMATS: Final = (*formats(True), *formats(False))
