# SPDX-License-Identifier: Apache-2.0
"""Where a running kernel rewrites its own code: the places that its own tables list (`rewriting`).

BTF tells how the tables' entries are laid out in this version. After boot most of them are freed, so they are
read from the shipped kernel only.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
import numpy.typing as npt

from ...bits import ALL_BITS
from ...btf import BtfError
from ...btf.composites import Composite
from ...kernel import Kernel
from ...memory.memory import Memory
from .rewriting import CALLS, CONSTANTS, ENTRIES, PROCESSORS, TRACED, TRAMPOLINE, TRAMPOLINES, Table

_MOST: Final = 16 << 20
"""Bytes of one table; the largest, of mcount, has half a million."""

_NEAR: Final = 4
"""Bytes of an offset that counts from its own place."""

_WIDTHS: Final = (1, 2, 4, 8)
"""Bytes that the members of an entry may have."""

_MOST_ENTRY: Final = 256
"""Bytes of an entry; the longest have 16."""

_TRAMPOLINE_SIZE: Final = 8
_MOST_ASKED: Final = 256
"""Traced functions, about, that are looked at to learn how many instructions a place has."""


class PatchSites:
    """The places of one kernel.

    Args:
        memory: the kernel as it is shipped, at link-time addresses.
        kernel: its types and symbols; its processor is one of `PROCESSORS`.

    Attributes:
        counts: how many places there are of each kind.
        at: the link-time addresses of those of each kind.
        traced: bytes of a place of ftrace.
    """

    def __init__(self, memory: Memory, kernel: Kernel) -> None:
        self._memory, self._kernel = memory, kernel
        self._processor = PROCESSORS[kernel.architecture or ""]
        self.traced = self._processor.traced
        self.counts: dict[str, int] = {}
        self.at: dict[str, npt.NDArray[np.int64]] = {}
        self._ranges = [self._kept(*found) for found in self._all()]

    def masked(self, start: int, stop: int, with_calls: bool = False) -> npt.NDArray[np.bool_]:
        """Which bytes from one link-time address to another may be rewritten.

        Args:
            start: the first address.
            stop: behind the last one.
            with_calls: whether that is so for every call too.
        """
        marks = np.zeros(stop - start + 1, np.int32)
        kept = (found for what, *found in self._ranges if with_calls or what != CALLS)
        for places, lengths in kept:
            first = np.clip(places - start, 0, stop - start)
            last = np.clip(places + lengths - start, 0, stop - start)
            np.add.at(marks, first, 1)
            np.add.at(marks, last, -1)
        return np.cumsum(marks[:-1]) > 0

    def _kept(
        self, what: str, places: npt.NDArray[np.int64], lengths: npt.NDArray[np.int64]
    ) -> tuple[str, npt.NDArray[np.int64], npt.NDArray[np.int64]]:
        self.counts[what] = self.counts.get(what, 0) + len(places)
        self.at[what] = places
        return what, places, lengths

    def _all(self) -> Iterator[tuple[str, npt.NDArray[np.int64], npt.NDArray[np.int64]]]:
        for table in self._processor.tables:
            found = self._read(table)
            if found is not None:
                yield table.what, *found
        traced = self._bytes("__start_mcount_loc", "__stop_mcount_loc", 8)
        if traced is not None:
            places = np.frombuffer(traced[1], "<i8").astype(np.int64)
            self.traced = self._length_of_traced(places)
            yield TRACED, places, np.full(len(places), self.traced)
        symbols = self._kernel.symbols
        assert symbols is not None
        for table in self._constants(symbols.names):
            found = self._read(table)
            if found is not None:
                yield CONSTANTS, *found
        names = [number for number, name in enumerate(symbols.names) if name.startswith(TRAMPOLINE)]
        entries = [symbols.get(name) for name in self._processor.entries if name in symbols]
        own = np.array(entries, np.uint64).astype(np.int64)
        yield ENTRIES, own, np.full(len(own), self._processor.entry)
        places = symbols.addresses[names].astype(np.int64)
        yield TRAMPOLINES, places, np.full(len(places), _TRAMPOLINE_SIZE)

    def _length_of_traced(self, places: npt.NDArray[np.int64]) -> int:
        """Bytes of a place of ftrace: of the instructions there that do nothing, as most places have them."""
        processor = self._processor
        if not processor.nops:
            return processor.traced
        shift = self._kernel.physical_shift or 0
        found = np.zeros(processor.traced // 4 + 1, np.int64)
        for place in places[:: max(1, len(places) // _MOST_ASKED)].tolist():
            piece = self._memory.read_available((place - shift) & ALL_BITS, processor.traced)
            words = np.frombuffer(piece, "<u4", len(piece) // 4)
            found[int(np.logical_and.accumulate(np.isin(words, processor.nops)).sum())] += 1
        return 4 * int(found[1:].argmax() + 1)

    def _constants(self, names: list[str]) -> Iterator[Table]:
        for name in names:
            for kind, length in self._processor.constants:
                start = f"__start_runtime_{kind}_"
                if name.startswith(start):
                    stop = f"__stop_runtime_{kind}_" + name.removeprefix(start)
                    yield Table(CONSTANTS, name, stop, length=length)

    def _read(self, table: Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        """Places and lengths; None where this kernel has no such table."""
        members = self._members(table.type) if table.type else {"": (0, _NEAR)}
        if members is None:
            return None
        if not {name for name in (table.place, table.length) if isinstance(name, str)} <= members.keys():
            return None
        size = members[""][1] if table.type else _NEAR
        found = self._bytes(table.start, table.stop, size)
        if found is None:
            return None
        base, data = found
        rows = np.frombuffer(data, np.uint8).reshape(-1, size)
        at, width = members[table.place]
        if not table.type:
            at, width = 0, _NEAR
        words = np.ascontiguousarray(rows[:, at : at + width]).view(f"<i{width}").ravel().astype(np.int64)
        if width == _NEAR:
            words = words + base + np.arange(len(rows)) * size + at
        if isinstance(table.length, int):
            return words, np.full(len(words), table.length)
        at, width = members[table.length]
        lengths = np.ascontiguousarray(rows[:, at : at + width]).view(f"<u{width}").ravel()
        return words, lengths.astype(np.int64)

    def _members(self, name: str) -> dict[str, tuple[int, int]] | None:
        """Offset and size of each member, in bytes; that of the whole struct under the empty name."""
        try:
            found = self._kernel.blob.types[name]
        except (KeyError, BtfError):
            return None
        if not isinstance(found, Composite):
            return None
        try:
            members = {member.name: (member.offset, member.type.size) for member in found.members}
        except BtfError:
            return None
        fitting = {
            name: (at, width)
            for name, (at, width) in members.items()
            if at is not None and width in _WIDTHS and at + width <= found.size
        }
        return {**fitting, "": (0, found.size)} if 0 < found.size <= _MOST_ENTRY else None

    def _bytes(self, start: str, stop: str, size: int) -> tuple[int, bytes] | None:
        """Where a table lies and what is in it, whole entries only."""
        symbols = self._kernel.symbols
        first, last = self._kernel.find(start), self._kernel.find(stop)
        address = None if symbols is None else symbols.get(start)
        if first is None or last is None or address is None or not first <= last <= first + _MOST:
            return None
        rows = -(-(last - first) // size)  # the last entry may lack the padding that the others end in
        data = self._memory.read_available(first, rows * size)
        signed = address - (address >> 63 << 64)
        return signed, data[: len(data) // size * size]
