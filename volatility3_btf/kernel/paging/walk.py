# SPDX-License-Identifier: Apache-2.0
"""The walker: from a virtual address to a place, through page tables of any format."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final, TypeAlias

from ...memory.addresses import Place, Virtual
from ...memory.memory import Memory
from .format import Format

Read: TypeAlias = Callable[[int, int], "bytes | None"]
"""Takes a place and a length in bytes; None where not all of it can be read."""

_KEPT: Final = 16 << 20
"""Bytes of last tables, and of those above, that a walker remembers; a process has some hundred of 4 KiB."""


class Walker:
    """Translates virtual addresses, and remembers the tables that it went through.

    Places are addresses in the layer.

    Args:
        read: reads tables.
        form: how they are read.
        root: place of the top table.
        kernel_root: place of the kernel's, where it has one of its own; None if `root` is it.
        base: physical address of the layer's address 0.
    """

    def __init__(
        self, read: Read, form: Format, root: Place, kernel_root: Place | None = None, base: int = 0
    ) -> None:
        self.form = form
        self._read, self._base = read, base
        # The kernel's own tables have no process in them.
        is_process = kernel_root not in (None, root) or len(form.spans) == 1
        high = root if kernel_root is None else kernel_root
        self._spans = [
            (span.low >> span.bits, span.bits, high if span.is_kernels else root)
            for span in form.spans
            if span.is_kernels or is_process
        ]
        self._mask, self._lowest = form.mask, form.lowest
        self._gap = min(span.bits for span in form.spans)
        self._levels = tuple(zip(form.shifts, form.widths, strict=True))
        self._page_bits = form.shifts[-1]
        self._last_bits = self._page_bits + form.widths[-1]
        self._index = (1 << form.widths[-1]) - 1
        order = "<" if form.endian == "little" else ">"
        self._entry = struct.Struct(f"{order}Q").unpack_from
        self._decode = form.decode
        self._known: dict[int, bytes | tuple[int | None, int]] = {}
        self._tables: dict[int, bytes] = {}
        self._room = _KEPT
        self._most = max(16, _KEPT // (8 << form.widths[-1]))

    def lookup(self, virtual: int) -> tuple[int | None, int]:
        """Where an address lies, and the size of what lies there together.

        Returns:
            The place, None where nothing is mapped; and a number of bits: the page, or all that is not mapped
            around the address, is 1 << bits bytes, and starts at a multiple of that.
        """
        virtual &= self._mask
        if virtual < self._lowest:
            return None, self._page_bits
        key = virtual >> self._last_bits
        known = self._known.get(key)
        if known is None:
            known = self._remember(key, virtual)
        if isinstance(known, bytes):
            return self._page(known, virtual)
        place, bits = known
        return (None if place is None else place + (virtual & (1 << bits) - 1)), bits

    def translate(self, virtual: Virtual) -> Place | None:
        """The place of an address, or None if it is not mapped or a table cannot be read."""
        place = self.lookup(virtual)[0]
        return None if place is None else Place(place)

    def entry_of(self, virtual: int) -> int | None:
        """The table's entry that maps an address; None where nothing does."""
        virtual &= self._mask
        table = self._root(virtual)
        for shift, width in self._levels if table is not None else ():
            entry = self._entry_at((table or 0) + 8 * (virtual >> shift & (1 << width) - 1))
            decoded = None if entry is None else self._decode(entry, shift)
            if decoded is None or decoded[1]:
                return None if decoded is None else entry
            table = decoded[0] - self._base
        return None

    def _page(self, table: bytes, virtual: int) -> tuple[int | None, int]:
        (entry,) = self._entry(table, 8 * (virtual >> self._page_bits & self._index))
        decoded = self._decode(entry, self._page_bits)
        if decoded is None:
            return None, self._page_bits
        address, bits = decoded
        return address + (virtual & (1 << bits) - 1) - self._base, bits

    def _remember(self, key: int, virtual: int) -> bytes | tuple[int | None, int]:
        """The last table that leads to an address, or the large page or hole around it."""
        if len(self._known) >= self._most:
            self._known.clear()
        found = self._last(virtual)
        is_small = not isinstance(found, bytes) and found[1] < self._last_bits
        if not is_small:
            self._known[key] = found
        return found

    def _last(self, virtual: int) -> bytes | tuple[int | None, int]:
        table = self._root(virtual)
        if table is None:
            return None, self._gap
        for shift, width in self._levels[:-1]:
            entry = self._entry_in(table, virtual >> shift & (1 << width) - 1, 8 << width)
            decoded = None if entry is None else self._decode(entry, shift)
            if decoded is None:
                return None, shift
            address, bits = decoded
            if bits:
                return address - self._base, bits
            table = address - self._base
        data = self._read(table, 8 << self._levels[-1][1])
        if data is not None:
            return data
        entry = self._entry_at(table + 8 * (virtual >> self._page_bits & self._index))
        decoded = None if entry is None else self._decode(entry, self._page_bits)
        return (None, self._page_bits) if decoded is None else (decoded[0] - self._base, decoded[1])

    def _root(self, virtual: int) -> int | None:
        for high, bits, root in self._spans:
            if virtual >> bits == high:
                return root
        return None

    def _entry_in(self, table: int, index: int, length: int) -> int | None:
        """An entry of a table, which is kept if all of it can be read."""
        data = self._tables.get(table)
        if data is None and (data := self._read(table, length)) is not None:
            self._room -= length
            if self._room < 0:
                self._tables.clear()
                self._room = _KEPT - length
            self._tables[table] = data
        return self._entry_at(table + 8 * index) if data is None else int(self._entry(data, 8 * index)[0])

    def _entry_at(self, place: int) -> int | None:
        data = self._read(place, 8)
        return None if data is None else int(self._entry(data)[0])


def reader(memory: Memory) -> Read:
    """Reads tables in an image."""

    def read(place: int, length: int) -> bytes | None:
        data = memory.read_available(place, length) if place >= 0 else b""
        return data if len(data) == length else None

    return read
