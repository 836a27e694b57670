# SPDX-License-Identifier: Apache-2.0
"""The kernel's virtual memory: from virtual addresses to places in the image.

Which format the page tables have is not taken from the configuration: each that the architecture allows is
tried, and the one that maps the kernel's own BTF to where it lies is used.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from ..memory.addresses import Place, Virtual
from ..memory.memory import Memory, Run, UnreadableError
from .arch import arm64, ppc64, riscv64, s390x, x86_64
from .kernel import Kernel
from .paging.format import Format
from .paging.walk import Walker, reader
from .structures import Record

PAGE: Final = 4096
"""Bytes; every architecture's page sizes are multiples of it."""

Translate = Callable[[Virtual], "Place | None"]


class AddressSpace:
    """What a kernel sees at its virtual addresses.

    Attributes:
        memory: the image.
        how: how addresses are translated, as a phrase.
        levels: levels of the page tables; None where they are not read.
        page: bytes of a page, likewise.
        form: the name of their format; empty where they are not read.
        root: where the top table lies, likewise.
    """

    def __init__(
        self,
        memory: Memory,
        translate: Translate,
        how: str,
        levels: int | None = None,
        page: int | None = None,
        form: str = "",
        root: Place | None = None,
    ) -> None:
        self.memory = memory
        self.how = how
        self.levels = levels
        self.page = page
        self.form = form
        self.root = root
        self._translate = translate

    def translate(self, virtual: Virtual) -> Place | None:
        """The address in the layer, or None if it is not mapped."""
        return self._translate(virtual)

    def runs(self, virtual: Virtual, length: int) -> list[Run]:
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

    def read_available(self, virtual: Virtual, length: int) -> bytes:
        """The bytes of a range up to the first one that is not mapped or not in the image."""
        return read_runs(self.memory, self.runs(virtual, length))

    def read(self, virtual: Virtual, length: int) -> bytes:
        """Exactly `length` bytes, page by page.

        Raises:
            UnreadableError: one of them is not mapped or not in the image; `offset` is its virtual address.
        """
        data = self.read_available(virtual, length)
        if len(data) < length:
            raise UnreadableError(virtual + len(data), "not mapped, or not in the image")
        return data

    def pointer(self, virtual: Virtual, endian: str) -> Virtual | None:
        """The pointer of 8 bytes at an address, or None if it cannot be read."""
        data = self.read_available(virtual, 8)
        if len(data) < 8:
            return None
        return Virtual(int.from_bytes(data, "big" if endian == "big" else "little"))


def read_runs(memory: Memory, runs: Iterable[Run]) -> bytes:
    """The bytes of several runs one behind the other, up to the first one that the image does not hold."""
    pieces = []
    for run in runs:
        pieces.append(memory.read_available(run.start, run.length))
        if len(pieces[-1]) < run.length:
            break
    return b"".join(pieces)


def address_space_of(memory: Memory, kernel: Kernel) -> AddressSpace | None:
    """The address space of a kernel; None if no page tables map its BTF to where it was found."""
    if kernel.physical_shift is None:
        return None
    witness, place = Virtual(kernel.blob.offset + kernel.physical_shift), kernel.blob.offset
    return next((space for space in _spaces(memory, kernel) if space.translate(witness) == place), None)


def direct_map(memory: Memory, kernel: Kernel, shift: int) -> AddressSpace:
    """The address space in which every byte of the image is mapped at a fixed distance, and the kernel's BTF.

    Args:
        memory: the image.
        kernel: the kernel, whose image is mapped by itself.
        shift: virtual address minus address in the layer.
    """
    own = range(kernel.blob.offset, kernel.blob.offset + kernel.blob.size)

    def translator(virtual: Virtual) -> Place | None:
        place = kernel.physical(virtual)
        if place is not None and place in own:
            return place
        return Place(virtual - shift) if 0 <= virtual - shift < memory.end else None

    return AddressSpace(memory, translator, f"the direct map at distance {shift:#x}")


def format_of(memory: Memory, kernel: Kernel, space: AddressSpace) -> Format | None:
    """The format of the page tables through which an address space is read; None where they are not."""
    return next((form for _, form in _formats(memory, kernel) if form.name == space.form), None)


def _spaces(memory: Memory, kernel: Kernel) -> Iterator[AddressSpace]:
    """Every way to read this kernel's page tables."""
    base = kernel.layer_base or 0
    for root, form in _formats(memory, kernel):
        walker = Walker(reader(memory), form, root, base=base)
        how = f"page tables of {form.levels} levels"
        yield AddressSpace(memory, walker.translate, how, form.levels, 1 << form.page_bits, form.name, root)


def _formats(memory: Memory, kernel: Kernel) -> Iterator[tuple[Place, Format]]:
    """The root and format of the page tables, every one that the architecture allows, the likeliest first."""
    tables, architecture = kernel.page_tables, kernel.architecture
    if architecture == "s390x":
        yield from _s390x(memory, kernel)
    if tables is None:
        return
    if architecture == "x86-64":
        yield from ((tables.root, form) for form in x86_64.FORMATS if tables.levels in (None, form.levels))
    elif architecture == "arm64":
        yield from ((tables.root, form) for form in arm64.formats(_is_since(kernel.release, 6, 11)))
    elif architecture == "riscv64":
        yield from ((tables.root, form) for form in riscv64.FORMATS)
    elif architecture in ("ppc64", "ppc64le"):
        bits = ppc64.page_bits_at(reader(memory), tables.root, kernel.layer_base or 0)
        yield from ((tables.root, form) for form in ppc64.FORMATS if bits in (None, form.page_bits))


def _is_since(release: str | None, *version: int) -> bool:
    """Whether a release is of a version or a later one; unknown ones are new."""
    numbers = re.match(r"(\d{1,4})\.(\d{1,4})", release or "")
    return numbers is None or (int(numbers[1]), int(numbers[2])) >= version


def _s390x(memory: Memory, kernel: Kernel) -> Iterator[tuple[Place, Format]]:
    """The address-space-control element in `init_mm.context.asce` tells the root and the number of levels."""
    place = kernel.find("init_mm")
    if place is None:
        return
    init_mm = Record.read(memory, kernel.blob.types, "mm_struct", place)
    element = None if init_mm is None else init_mm.number("context.asce")
    if element is not None:
        yield Place((element & ~0xFFF) - (kernel.layer_base or 0)), s390x.FORMATS[element >> 2 & 3]


def _pages(virtual: Virtual, length: int) -> Iterator[tuple[Virtual, int]]:
    """Cut a range at the borders of pages: (start, bytes)."""
    position, end = int(virtual), virtual + length
    while position < end:
        step = min(end, (position // PAGE + 1) * PAGE) - position
        yield Virtual(position), step
        position += step


def translate(
    memory: Memory, root: Place, levels: int, virtual: Virtual, layer_base: int = 0
) -> Place | None:
    """Walk x86-64 page tables once.

    Args:
        memory: the image.
        root: address of the top table in the layer.
        levels: 4 or 5.
        virtual: what to translate.
        layer_base: physical address of the layer's address 0.

    Returns:
        The address in the layer, or None if it is not mapped or a table cannot be read.
    """
    form = x86_64.FORMATS[levels - 4]
    return Walker(reader(memory), form, root, base=layer_base).translate(virtual)
