# SPDX-License-Identifier: Apache-2.0
"""Copies of dumps in which something about the kernel's memory was changed."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

from dumpmaker.cache import Dump
from volatility3_btf import open_memory
from volatility3_btf.kernel import Kernel, identify_kernel
from volatility3_btf.kernel.loaded.loaded_btf import Loaded, LoadedBtf, loaded_btf
from volatility3_btf.kernel.loaded.module_list import listed_modules
from volatility3_btf.memory.memory import Memory

PAGE = 4096
FRAME = 0x000FFFFFFFFFF000
"""The bits of an x86-64 page table entry that are an address."""


LARGE = 0x80
"""The bit of one that says that it maps a large page."""


class Patch:
    """A copy of a dump's raw image of an x86-64 kernel, to be changed.

    Attributes:
        path: the copy.
        kernel: the kernel in it, as it was before the changes.
        loaded: the BTF that the kernel has loaded, likewise.
    """

    def __init__(self, dump: Dump, path: Path) -> None:
        shutil.copyfile(dump.raw, path)
        self.path = path
        self.kernel: Kernel = identify_kernel(self.memory())
        self.loaded: Loaded = loaded_btf(self.memory(), self.kernel)

    def memory(self) -> Memory:
        """The image as it is now."""
        return open_memory(self.path)

    def read(self, place: int, length: int) -> bytes:
        """Bytes of the image as it is now."""
        with self.path.open("rb") as image:
            image.seek(place)
            return image.read(length)

    def write(self, place: int, data: bytes) -> None:
        """Change bytes of the image."""
        with self.path.open("r+b") as image:
            image.seek(place)
            image.write(data)

    def place(self, virtual: int) -> int:
        """Where a virtual address lay before the changes."""
        assert self.loaded.space is not None
        found = self.loaded.space.translate(virtual)
        assert found is not None
        return found

    def module(self, name: str) -> LoadedBtf:
        """The BTF of a module as it was loaded before the changes."""
        entry = self.loaded.module(name)
        assert entry is not None
        return entry

    def module_to_move(self, pages: int = 6) -> LoadedBtf:
        """The largest module BTF whose pages can be swapped with unused ones, each with an entry of its own.

        The kernel takes what kmalloc() gives, in large pages, or else vmalloc()'s small ones: a large page is
        mapped by small ones instead.
        """
        modules = [entry for entry in self.loaded.entries if entry.kind == "module"]
        for entry in sorted(modules, key=lambda entry: -entry.size):
            if entry.size < pages * PAGE:
                break
            for page in range(entry.address, entry.address + pages * PAGE, PAGE):
                self._split(page)
            place, _ = self.entry_of(entry.address)
            mine = int.from_bytes(self.read(place, 8), "little")
            if sum(self._is_spare(other, mine) for _, other in self._neighbours(place)) >= pages:
                return entry
        raise AssertionError("there are no unused pages beside any of them")

    def _split(self, virtual: int) -> None:
        """Map a large page of 2 MiB by 512 small ones, from a table in a page that nothing uses."""
        place, shift = self.entry_of(virtual)
        if shift == 12:
            return
        assert shift == 21, "mapped by a page of 1 GiB"
        entry = int.from_bytes(self.read(place, 8), "little")
        flags, frame = entry & ~FRAME & ~LARGE, entry & FRAME & ~((1 << 21) - 1)
        table = self.spare(PAGE)
        self.write(
            table, b"".join((frame + at | flags).to_bytes(8, "little") for at in range(0, 1 << 21, PAGE))
        )
        self.write(place, (table | flags).to_bytes(8, "little"))

    def struct_module(self, name: str) -> int:
        """Virtual address of a module's own structure, before the changes."""
        assert self.loaded.space is not None
        modules = listed_modules(self.loaded.space, self.kernel).modules
        return next(module.address for module in modules if module.name == name)

    def rename(self, name: str, new: str) -> None:
        """Give a module another name in the kernel's list."""
        place = self.place(self.struct_module(name) + self.kernel.blob.types["module"]["name"].offset)
        self.write(place, new.encode().ljust(56, b"\0"))

    def unlink(self, name: str) -> None:
        """Take a module out of the kernel's list, as rootkits do."""
        layout = self.kernel.blob.types["module"]
        here = self.place(self.struct_module(name) + layout["list"].offset)
        following, before = (int.from_bytes(self.read(here + at, 8), "little") for at in (0, 8))
        self.write(self.place(before), following.to_bytes(8, "little"))
        self.write(self.place(following + 8), before.to_bytes(8, "little"))

    def entry_of(self, virtual: int) -> tuple[int, int]:
        """The page table entry that maps a virtual address: its place, and how many bits it leaves over."""
        tables = self.kernel.page_tables
        assert tables is not None and tables.levels is not None
        table = tables.root
        for shift in (48, 39, 30, 21, 12)[5 - tables.levels :]:
            place = table + (virtual >> shift & 511) * 8
            entry = int.from_bytes(self.read(place, 8), "little")
            assert entry & 1, "not mapped"
            if shift == 12 or (shift in (21, 30) and entry & 0x80):
                return place, shift
            table = entry & FRAME
        raise AssertionError("no leaf")

    def swap_page(self, virtual: int) -> int:
        """Swap the page at a virtual address with an unused one, in physical memory and in the page tables.

        The kernel would notice nothing. Returns where the page lies now.
        """
        place, shift = self.entry_of(virtual)
        assert shift == 12, "mapped by a large page"
        mine = int.from_bytes(self.read(place, 8), "little")
        other_place, other = next(
            (at, entry) for at, entry in self._neighbours(place) if self._is_spare(entry, mine)
        )
        here, there = mine & FRAME, other & FRAME
        data, spare = self.read(here, PAGE), self.read(there, PAGE)
        self.write(here, spare)
        self.write(there, data)
        self.write(place, (mine & ~FRAME | there).to_bytes(8, "little"))
        self.write(other_place, (other & ~FRAME | here).to_bytes(8, "little"))
        return there

    def spare(self, length: int) -> int:
        """The lowest place behind the first MiB with that many zero bytes, and none else beside them."""
        with self.path.open("rb") as image:
            image.seek(1 << 20)
            found = image.read(self.kernel.blob.offset - (1 << 20)).find(bytes(length + 2 * PAGE))
        assert found >= 0
        return (1 << 20) + found + PAGE

    def _neighbours(self, place: int) -> Iterator[tuple[int, int]]:
        """The other entries of the page table in which an entry lies."""
        start = place & ~(PAGE - 1)
        table = self.read(start, PAGE)
        for index in range(0, PAGE, 8):
            if start + index != place:
                yield start + index, int.from_bytes(table[index : index + 8], "little")

    def _is_spare(self, entry: int, mine: int) -> bool:
        """Whether an entry maps a page of zeros that does not lie beside the one that is to be moved."""
        far = abs((entry & FRAME) - (mine & FRAME)) > 8 * PAGE
        return bool(entry & 1) and far and not any(self.read(entry & FRAME, PAGE))

    def wipe_copies(self, data: bytes, kept: set[int]) -> int:
        """Overwrite every copy of a blob's pieces but those in the pages that are kept; how many there were.

        Args:
            data: the blob.
            kept: addresses of pages.
        """
        pieces = [data[at : at + 512] for at in range(0, len(data), 2048)]
        found = [
            (offset, len(piece))
            for piece in pieces
            for offset in self.memory().find(piece)
            if offset & ~(PAGE - 1) not in kept
        ]
        for offset, length in found:
            self.write(offset, b"\xcc" * length)
        return len(found)
