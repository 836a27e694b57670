# SPDX-License-Identifier: Apache-2.0
"""What a format of page tables is, as data; the formats themselves are in `kernel.arch`, by processor."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

Decode = Callable[[int, int], "tuple[int, int] | None"]
"""Takes a table's entry and the lowest bit that its level resolves. Gives the physical address that the entry
leads to, and how many bits of a virtual address count inside of it: 0 where it leads to the next table. None
where it leads nowhere."""


class Span(NamedTuple):
    """A part of the space of addresses that one set of tables maps.

    Attributes:
        low: its first address, as the format's significant bits have it.
        bits: it has 1 << bits addresses, and `low` is a multiple of that.
        is_kernels: whether the kernel's tables map it in every process.
    """

    low: int
    bits: int
    is_kernels: bool


@dataclass(frozen=True)
class Format:
    """How page tables are read.

    Attributes:
        name: a word that a configuration can hold.
        shifts: the lowest bit of a virtual address that each level resolves, the root's first.
        widths: how many bits each level resolves; its table has 8 << width bytes.
        decode: reads an entry.
        is_dirty: whether the page that an entry leads to has been written to.
        spans: what the tables map; of one span alone, the root is the process's own.
        significant: how many bits of a virtual address count; pointers in memory may hold more.
        sign: the bit that all above it repeat in a pointer; -1 where a pointer is the address itself.
        endian: byte order of the entries.
        lowest: addresses below are mapped, and hold nothing that a pointer leads to.
    """

    name: str
    shifts: tuple[int, ...]
    widths: tuple[int, ...]
    decode: Decode
    is_dirty: Callable[[int], bool]
    spans: tuple[Span, ...]
    significant: int
    sign: int
    endian: str = "little"
    lowest: int = 0

    @property
    def levels(self) -> int:
        """How many tables an address goes through at most."""
        return len(self.shifts)

    @property
    def page_bits(self) -> int:
        """A page has 1 << page_bits bytes."""
        return self.shifts[-1]

    @property
    def mask(self) -> int:
        """The bits of a virtual address that count."""
        return (1 << self.significant) - 1

    @property
    def end(self) -> int:
        """The first address behind all that tables can map."""
        return max(span.low + (1 << span.bits) for span in self.spans)

    def canonical(self, virtual: int) -> int:
        """The 64 bits of a pointer that leads to an address."""
        virtual &= self.mask
        is_high = self.sign >= 0 and virtual >> self.sign & 1
        return virtual | (1 << 64) - (1 << self.significant) if is_high else virtual


def one_span(bits: int) -> tuple[Span, ...]:
    """The spans of tables that map kernel and process alike."""
    return (Span(0, bits, False),)


def of_nine_bits(name: str, levels: int, decode: Decode, is_dirty: Callable[[int], bool]) -> Format:
    """The format of tables of 512 entries each, over pages of 4 KiB, that map kernel and process alike."""
    shifts = (48, 39, 30, 21, 12)[5 - levels :]
    bits = shifts[0] + 9
    return Format(name, shifts, (9,) * levels, decode, is_dirty, one_span(bits), bits, bits - 1)
