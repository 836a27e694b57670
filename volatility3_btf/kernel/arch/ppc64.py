# SPDX-License-Identifier: Apache-2.0
"""ppc64: radix page tables of 4 and 64 KiB pages (Power ISA book III; arch/powerpc/include/asm/book3s/64).

Entries are big-endian on little-endian kernels too. One set of tables maps the kernel, from
0xc000000000000000 on, another the process. Hash page tables are not read.
"""

from __future__ import annotations

from typing import Final

from ..paging.format import Format, Span
from ..paging.walk import Read

_PRESENT, _LEAF, _INVALID, _DIRTY = 1 << 63, 1 << 62, 1 << 61, 0x80
_BITS: Final = 52
_KERNEL: Final = 0xC000000000000000


def _decode(entry: int, shift: int) -> tuple[int, int] | None:
    """`_PAGE_INVALID` marks what is there and may not be touched."""
    if not entry & (_PRESENT | _INVALID):
        return None
    if entry & _LEAF:
        return entry & 0x01FFFFFFFFFFF000 & -(1 << shift), shift
    return entry & 0x0FFFFFFFFFFFFF00, 0


def _is_dirty(entry: int) -> bool:
    return bool(entry & _DIRTY)


def _form(name: str, shifts: tuple[int, ...], widths: tuple[int, ...]) -> Format:
    spans = (Span(0, _BITS, False), Span(_KERNEL, _BITS, True))
    return Format(f"ppc64-{name}", shifts, widths, _decode, _is_dirty, spans, 64, -1, "big")


FORMATS: Final = (
    _form("64K", (39, 30, 21, 16), (13, 9, 9, 5)),
    _form("4K", (39, 30, 21, 12), (13, 9, 9, 9)),
)

_MOST_ENTRIES: Final = 1 << 13


def page_bits_at(read: Read, root: int, base: int = 0) -> int | None:
    """Bits of a page, by what the tables say of the size of the last ones; None where they have none.

    The kernel's own memory is mapped by large pages, so that it tells nothing. A directory's entry has the
    bits that its table resolves in its lowest five (RPDB, "next level size").
    """
    table = read(root, 8 * _MOST_ENTRIES) or b""
    tables = [table]
    for _ in range(2):
        tables = [
            below
            for one in tables
            for at in range(0, len(one), 8)
            if (entry := int.from_bytes(one[at : at + 8], "big")) & _PRESENT
            and not entry & _LEAF
            and (below := read((entry & 0x0FFFFFFFFFFFFF00) - base, 8 << 9)) is not None
        ][:64]
    for one in tables:
        for at in range(0, len(one), 8):
            entry = int.from_bytes(one[at : at + 8], "big")
            if entry & _PRESENT and not entry & _LEAF and entry & 0x1F in (5, 9):
                return 16 if entry & 0x1F == 5 else 12
    return None
