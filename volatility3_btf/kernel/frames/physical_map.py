# SPDX-License-Identifier: Apache-2.0
"""What lies where in physical memory: the kernel's records of its frames, and what is found beside them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Bytes
from ...memory.addresses import Virtual
from ...memory.memory import Memory, Run
from ..address_space import AddressSpace, address_space_of
from ..errors import NoKernelError
from ..kernel import Kernel
from ..loaded.loaded_btf import LoadedBtf, loaded_btf
from ..loaded.module_list import listed_modules
from ..memory_map import memory_map_of
from .modules import module_ranges
from .records import MOST_FRAMES, Reader, Records, find_records
from .tables import table_places
from .use import Use

_PAGE: Final = 4096

_GIVEN_AT_START: Final = (Use.UNKNOWN, Use.RESERVED)
"""What was used only while the kernel started is given away: its frames are of the kernel image no longer."""


@dataclass(frozen=True, eq=False)
class PhysicalMap:
    """What each frame of physical memory is used for.

    Attributes:
        page: bytes of a frame.
        start: physical address of the first frame.
        uses: the use of each frame, as numbers of `Use`.
        doubts: what is not known, a sentence each.
    """

    page: int
    start: int
    uses: Bytes
    doubts: tuple[str, ...] = ()

    @property
    def end(self) -> int:
        """The first physical address behind the map."""
        return self.start + len(self.uses) * self.page

    def size_of(self, use: Use) -> int:
        """How many bytes have this use."""
        return int(np.count_nonzero(self.uses == use)) * self.page

    def use_at(self, address: int) -> Use:
        """The use of the frame with a physical address.

        Raises:
            IndexError: the address lies outside of the map.
        """
        if not self.start <= address < self.end:
            raise IndexError(f"{address:#x} is outside of the map")
        return Use(int(self.uses[(address - self.start) // self.page]))


def physical_map(memory: Memory, kernel: Kernel) -> PhysicalMap:
    """Tell what each frame of physical memory is used for.

    The kernel's own records (`struct page`) are read first. Uses that are found in other ways (page tables,
    the kernel image, modules, BTF) take precedence over them.

    Args:
        memory: the image.
        kernel: a kernel in it.

    Raises:
        NoKernelError: the kernel's page tables cannot be read.
    """
    space = address_space_of(memory, kernel)
    if space is None:
        raise NoKernelError(f"the page tables of Linux {kernel.release} cannot be read")
    drawing = _Drawing(memory, kernel, space)
    drawing.add_records()
    drawing.add_found()
    drawing.add_damage()
    return PhysicalMap(drawing.page, drawing.first * drawing.page, drawing.uses, tuple(drawing.doubts))


class _Drawing:
    """A map that is being made."""

    def __init__(self, memory: Memory, kernel: Kernel, space: AddressSpace) -> None:
        self._memory, self._kernel, self._space = memory, kernel, space
        self._base = kernel.layer_base or 0
        self._map = memory_map_of(memory, kernel, space)
        self.page = space.page or _PAGE
        ranges = [*self._map.ranges, *(Run(run.start + self._base, run.length) for run in memory.runs)]
        self.first = min(run.start for run in ranges) // self.page
        wanted = -(-max(run.end for run in ranges) // self.page) - self.first
        self.doubts: list[str] = []
        if wanted > MOST_FRAMES:
            self.doubts.append(f"only the first {MOST_FRAMES} of {wanted} frames are shown: the limit")
        self.uses = np.zeros(min(wanted, MOST_FRAMES), np.uint8)
        self._records: Records | None = None

    def add_records(self) -> None:
        """What the kernel says of each frame that the image holds."""
        self._records = find_records(self._space, self._kernel)
        for run in self._memory.runs:
            self._fill(run, Use.UNKNOWN)
        if self._records is None:
            self.doubts.append("the kernel's records of its frames (struct page) were not found")
            return
        reader = Reader(self._space, self._kernel, self._records)
        for run in self._memory.runs:
            some = self._slice(run)
            if some.stop > some.start:
                self.uses[some] = reader.uses(self.first + some.start, some.stop - some.start)
        self._clear_holes()
        unknown = int(np.count_nonzero(self.uses == Use.UNKNOWN))
        if unknown:
            self.doubts.append(f"the kernel's records of {unknown} frames cannot be read")

    def add_found(self) -> None:
        """Page tables, the records themselves, the kernel image, modules and BTF."""
        tables = table_places(self._memory, self._kernel, self._space)
        if not tables.are_all:
            self.doubts.append(
                "not all page tables of processes are known: the list of tasks was not followed to its end"
            )
        for place, length in tables.lengths.items():
            self._fill(Run(place, length), Use.PAGE_TABLE)
        if self._records is not None:
            start, length = self._records.range_of(self.first, len(self.uses))
            self._fill_virtual(start, length, Use.RECORDS)
        symbols = self._kernel.symbols
        start_of, end_of = (symbols and symbols.get(name) for name in ("_text", "_end"))
        shift = self._kernel.physical_shift
        if shift is not None and start_of and end_of and start_of < end_of:
            self._fill(Run(start_of - shift, end_of - start_of), Use.IMAGE, _GIVEN_AT_START)
        listed = listed_modules(self._space, self._kernel)
        if not listed.is_complete:
            self.doubts.append("the list of modules was not followed to its end")
        for _, at, length in module_ranges(self._space, self._kernel, listed.modules):
            self._fill_virtual(at, length, Use.MODULE)
        for entry in self._loaded():
            for run in entry.runs:
                self._fill(run, Use.BTF)

    def add_damage(self) -> None:
        """Pages of the kernel's BTF that are zero, and memory that the kernel has and the image has not."""
        blob = self._kernel.blob
        self._fill(Run(blob.offset, blob.size), Use.BTF)
        zeroed = 0
        for at in range(-blob.offset % self.page, len(blob.data) - self.page + 1, self.page):
            if not any(blob.data[at : at + self.page]):
                self._fill(Run(blob.offset + at, self.page), Use.ZEROED)
                zeroed += 1
        if zeroed:
            self.doubts.append(f"{zeroed} pages of the kernel's BTF are zero, or are missing")
        held = [Run(run.start + self._base, run.length) for run in self._memory.runs]
        missing = self._map.lacking(held)
        for run in missing:
            self._fill(Run(run.start - self._base, run.length), Use.MISSING)
        if missing:
            size = sum(run.length for run in missing)
            self.doubts.append(f"{size >> 10} KiB of the kernel's memory are not in the image")

    def _clear_holes(self) -> None:
        """What the kernel has neither a record of nor memory at is a hole, whatever the file holds there."""
        if not self._map.ranges:
            return
        outside = np.ones(len(self.uses), np.bool_)
        for run in self._map.ranges:
            outside[self._slice(Run(run.start - self._base, run.length))] = False
        self.uses[outside & (self.uses == Use.UNKNOWN)] = Use.HOLE

    def _loaded(self) -> Iterable[LoadedBtf]:
        found = loaded_btf(self._memory, self._kernel)
        if not found.is_complete:
            self.doubts.append("not all loaded BTF is known")
        return found.entries

    def _slice(self, run: Run) -> slice:
        """The frames that a range of the layer touches."""
        start = (run.start + self._base) // self.page - self.first
        stop = -(-(run.end + self._base) // self.page) - self.first
        return slice(min(max(start, 0), len(self.uses)), min(max(stop, 0), len(self.uses)))

    def _fill(self, run: Run, use: Use, instead_of: Iterable[Use] = Use) -> None:
        some = self.uses[self._slice(run)]
        some[np.isin(some, list(instead_of))] = use

    def _fill_virtual(self, at: Virtual, length: int, use: Use) -> None:
        """Fill what a range of virtual addresses lies in; what is not mapped is left out."""
        position, end = int(at), at + length
        while position < end:
            runs = self._space.runs(Virtual(position), end - position)
            for run in runs:
                self._fill(run, use)
                position += run.length
            position += _PAGE - position % _PAGE
