# SPDX-License-Identifier: Apache-2.0
"""The kernel's virtual memory: from virtual addresses to places in the image, by architecture.

Which format the page tables have is not taken from the configuration: each that the architecture allows is
tried, and the one that maps the kernel's own BTF to where it lies is used.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from ..memory import Memory, Run, UnreadableError
from .kernel import Kernel
from .paging import translate
from .reading import read_number
from .records import Record

PAGE: Final = 4096
"""Bytes; every architecture's page sizes are multiples of it."""

Translate = Callable[[int], "int | None"]
Decode = Callable[[int, int], "tuple[int, bool] | None"]
"""Takes a table's entry and the lowest bit that its level resolves; gives the address that the entry holds,
and whether that is the page itself."""


@dataclass(frozen=True)
class Format:
    """How page tables are read.

    Attributes:
        shifts: the lowest bit of a virtual address that each level resolves, the root's first.
        widths: how many bits each level resolves.
        decode: reads an entry.
    """

    shifts: tuple[int, ...]
    widths: tuple[int, ...]
    decode: Decode


class AddressSpace:
    """What a kernel reads at its virtual addresses.

    Attributes:
        memory: the image.
        how: how addresses are translated, as a phrase.
        levels: levels of the page tables; None where they are not read.
        page: bytes of a page, likewise.
    """

    def __init__(
        self,
        memory: Memory,
        translate: Translate,
        how: str,
        levels: int | None = None,
        page: int | None = None,
    ) -> None:
        self.memory = memory
        self.how = how
        self.levels = levels
        self.page = page
        self._translate = translate

    def translate(self, virtual: int) -> int | None:
        """The address in the layer, or None if it is not mapped."""
        return self._translate(virtual)

    def runs(self, virtual: int, length: int) -> list[Run]:
        """Where a range of virtual addresses lies in the layer, in order of virtual address.

        Pages that lie one after the other are one run. The list ends before the first unmapped page.
        """
        found: list[Run] = []
        for start, size in _pages(virtual, length):
            at = self.translate(start)
            if at is None or at < 0:
                break
            if found and found[-1].end == at:
                found[-1] = Run(found[-1].start, found[-1].length + size)
            else:
                found.append(Run(at, size))
        return found

    def read_available(self, virtual: int, length: int) -> bytes:
        """The bytes of a range up to the first one that is not mapped or not in the image."""
        return read_runs(self.memory, self.runs(virtual, length))

    def read(self, virtual: int, length: int) -> bytes:
        """Exactly `length` bytes, page by page.

        Raises:
            UnreadableError: one of them is not mapped or not in the image; `offset` is its virtual address.
        """
        data = self.read_available(virtual, length)
        if len(data) < length:
            raise UnreadableError(virtual + len(data), "not mapped, or not in the image")
        return data

    def pointer(self, virtual: int, endian: str) -> int | None:
        """The pointer of 8 bytes at an address, or None if it cannot be read."""
        data = self.read_available(virtual, 8)
        return int.from_bytes(data, "big" if endian == "big" else "little") if len(data) == 8 else None


def read_runs(memory: Memory, runs: Iterable[Run]) -> bytes:
    """The bytes of several runs one behind the other, up to the first one that the image does not hold."""
    pieces = []
    for run in runs:
        pieces.append(memory.read_available(run.start, run.length))
        if len(pieces[-1]) < run.length:
            break
    return b"".join(pieces)


def address_space_of(memory: Memory, kernel: Kernel) -> AddressSpace | None:
    """The address space of a kernel; None without page tables that map its BTF to where it lies."""
    if kernel.physical_shift is None:
        return None
    witness, place = kernel.blob.offset + kernel.physical_shift, kernel.blob.offset
    for translator, levels, page in _translators(memory, kernel):
        if translator(witness) == place:
            return AddressSpace(memory, translator, f"page tables of {levels} levels", levels, page)
    return None


def direct_map(memory: Memory, kernel: Kernel, shift: int) -> AddressSpace:
    """The address space in which every byte of the image is mapped at a fixed distance, and the kernel's BTF.

    Args:
        memory: the image.
        kernel: the kernel, whose image is mapped by itself.
        shift: virtual address minus address in the layer.
    """
    own = range(kernel.blob.offset, kernel.blob.offset + kernel.blob.size)

    def translator(virtual: int) -> int | None:
        place = kernel.physical(virtual)
        if place is not None and place in own:
            return place
        return virtual - shift if 0 <= virtual - shift < memory.end else None

    return AddressSpace(memory, translator, f"the direct map at distance {shift:#x}")


def _translators(memory: Memory, kernel: Kernel) -> Iterator[tuple[Translate, int, int]]:
    """Every way to read this kernel's page tables, how many levels they have, and the bytes of a page."""
    base, tables = kernel.layer_base or 0, kernel.page_tables
    endian = kernel.blob.header.endian
    if kernel.architecture == "x86-64":
        root = None if tables is None else tables.root
        levels = (4, 5) if tables is None or tables.levels is None else (tables.levels,)
        for count in levels if root is not None else ():
            yield _x86_64(memory, root or 0, count, base), count, PAGE
        return
    for root, form in _formats(memory, kernel):
        yield _walker(memory, form, root, base, endian), len(form.shifts), 1 << form.shifts[-1]


def _x86_64(memory: Memory, root: int, levels: int, base: int) -> Translate:
    return lambda virtual: translate(memory, root, levels, virtual, base)


def _walker(memory: Memory, form: Format, root: int, base: int, endian: str) -> Translate:
    return lambda virtual: walk(memory, form, root, virtual, base, endian)


def walk(memory: Memory, form: Format, root: int, virtual: int, base: int, endian: str) -> int | None:
    """Walk page tables.

    Args:
        memory: the image.
        form: how they are read.
        root: address of the top table in the layer.
        virtual: what to translate.
        base: physical address of the layer's address 0.
        endian: byte order of the entries.

    Returns:
        The address in the layer, or None if it is not mapped or a table cannot be read.
    """
    table = root
    for shift, width in zip(form.shifts, form.widths, strict=True):
        index = virtual >> shift & (1 << width) - 1
        entry = read_number(memory, table + 8 * index, 8, endian)
        decoded = None if entry is None else form.decode(entry, shift)
        if decoded is None:
            return None
        address, is_page = decoded
        if is_page:
            inside = (1 << shift) - 1
            return (address & ~inside | virtual & inside) - base
        table = address - base
    return None


def _formats(memory: Memory, kernel: Kernel) -> Iterator[tuple[int, Format]]:
    """The root and format of the page tables, every one that the architecture allows."""
    if kernel.architecture == "s390x":
        yield from _s390x(memory, kernel)
    elif kernel.page_tables is None:
        return
    elif kernel.architecture == "arm64":
        yield from ((kernel.page_tables.root, form) for form in ARM64)
    elif kernel.architecture == "riscv64":
        yield from ((kernel.page_tables.root, form) for form in RISCV64)


def _arm64_format(page_bits: int, virtual_bits: int) -> Format:
    """A format of arm64's (Arm ARM, "Translation table format")."""
    width = page_bits - 3
    shifts = list(range(page_bits, virtual_bits, width))
    widths = [width] * (len(shifts) - 1) + [virtual_bits - shifts[-1]]

    def decode(entry: int, shift: int) -> tuple[int, bool] | None:
        is_page = shift == page_bits
        if not entry & 1 or (is_page and not entry & 2):
            return None
        return entry & 0x0000FFFFFFFFFFFF & -(1 << page_bits), is_page or not entry & 2

    return Format(tuple(reversed(shifts)), tuple(reversed(widths)), decode)


ARM64: Final = tuple(
    _arm64_format(*bits)
    for bits in (
        (12, 48),
        (12, 39),
        (12, 52),
        (16, 52),
        (16, 48),
        (16, 42),
        (14, 47),
        (14, 48),
        (14, 52),
        (14, 36),
    )
)
"""The granules and sizes of address spaces that arch/arm64/Kconfig offers."""


def _riscv64_entry(entry: int, shift: int) -> tuple[int, bool] | None:
    """The privileged specification: bit 0 valid; a leaf has one of the permissions, bits 1 to 3."""
    if not entry & 1:
        return None
    is_page = bool(entry & 0b1110)
    return None if shift == 12 and not is_page else ((entry >> 10 & (1 << 44) - 1) << 12, is_page)


RISCV64: Final = tuple(
    Format((48, 39, 30, 21, 12)[5 - levels :], (9,) * levels, _riscv64_entry) for levels in (3, 4, 5)
)
"""Sv39, Sv48 and Sv57."""


def _s390x_entry(entry: int, shift: int) -> tuple[int, bool] | None:
    """z/Architecture Principles of Operation, "Translation tables"; bits count from the lowest here."""
    if shift == 12:
        return None if entry & 0x400 else (entry & ~0xFFF, True)
    if entry & 0x20:
        return None
    if shift in (20, 31) and entry & 0x400:
        return entry & -(1 << shift), True
    return entry & (~0x7FF if shift == 20 else ~0xFFF), False


def _s390x(memory: Memory, kernel: Kernel) -> Iterator[tuple[int, Format]]:
    """The address-space-control element in `init_mm.context.asce` tells the root and the number of levels."""
    place = kernel.find("init_mm")
    if place is None:
        return
    init_mm = Record.read(memory, kernel.blob.types, "mm_struct", place)
    element = None if init_mm is None else init_mm.number("context.asce")
    if element is None:
        return
    levels = 2 + (element >> 2 & 3)
    form = Format((53, 42, 31, 20, 12)[5 - levels :], (11, 11, 11, 11, 8)[5 - levels :], _s390x_entry)
    yield (element & ~0xFFF) - (kernel.layer_base or 0), form


def _pages(virtual: int, length: int) -> Iterator[tuple[int, int]]:
    """Cut a range at the borders of pages: (start, bytes)."""
    position, end = virtual, virtual + length
    while position < end:
        step = min(end, (position // PAGE + 1) * PAGE) - position
        yield position, step
        position += step
