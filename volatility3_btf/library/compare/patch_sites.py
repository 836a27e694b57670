# SPDX-License-Identifier: Apache-2.0
"""Where a running x86-64 kernel rewrites its own code: the places that its own tables list.

The tables are in the kernel as it is shipped (arch/x86/kernel/vmlinux.lds.S, asm-generic/vmlinux.lds.h); BTF
tells how their entries are laid out in this version. After boot most of them are freed, so they are read
from the shipped kernel only.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt

from ...btf import BtfError
from ...btf.composites import Composite
from ...kernel import Kernel
from ...memory.memory import Memory

_MOST: Final = 16 << 20
"""Bytes of one table; the largest, of mcount, has half a million."""

_NEAR: Final = 4
"""Bytes of an offset that counts from its own place."""


@dataclass(frozen=True)
class Table:
    """A table of places.

    Attributes:
        what: why the code is rewritten there, as a noun in the plural.
        start, stop: the symbols around it.
        type: the struct of its entries; empty where they are offsets from their own places.
        place: the member that tells the place: as an address, or as an offset from where it is itself.
        length: the member that tells how many bytes are rewritten; or how many at most.
        back: bytes before the place that may be rewritten too.
    """

    what: str
    start: str
    stop: str
    type: str = ""
    place: str = ""
    length: str | int = 5
    back: int = 0


CALLS: Final = "call thunks"
"""All calls, which the kernel rewrites only where it counts them (call depth tracking, 6.2 and later)."""

TABLES: Final = (
    Table(
        "alternatives",
        "__alt_instructions",
        "__alt_instructions_end",
        "alt_instr",
        "instr_offset",
        "instrlen",
    ),
    Table(
        "paravirtual calls",
        "__parainstructions",
        "__parainstructions_end",
        "paravirt_patch_site",
        "instr",
        "len",
    ),
    Table("jump labels", "__start___jump_table", "__stop___jump_table", "jump_entry", "code"),
    Table(
        "static calls", "__start_static_call_sites", "__stop_static_call_sites", "static_call_site", "addr", 6
    ),
    Table("retpolines", "__retpoline_sites", "__retpoline_sites_end", length=7),
    Table("return thunks", "__return_sites", "__return_sites_end"),
    Table(CALLS, "__call_sites", "__call_sites_end"),
    Table("indirect branch targets", "__ibt_endbr_seal", "__ibt_endbr_seal_end", length=4),
    Table("lock prefixes", "__smp_locks", "__smp_locks_end", length=1),
)
"""Those of addresses or offsets; ftrace's, of plain addresses, is read apart."""

CONSTANTS: Final = "runtime constants"
_CONSTANTS: Final = (("ptr", 8), ("shift", 1), ("mask", 4))
"""Kinds of constants, as symbols around their places name them, and bytes of each (asm/runtime-const.h)."""

ENTRIES: Final = "ftrace's own calls"
_FTRACE: Final = ("ftrace_call", "ftrace_regs_call", "ftrace_graph_call")
"""Calls in ftrace's entry code that it rewrites when it traces (arch/x86/kernel/ftrace_64.S)."""

TRACED: Final = "traced functions"
TRAMPOLINES: Final = "static call trampolines"
TRAMPOLINE: Final = "__SCT__"
"""How the names of static calls' trampolines begin (include/linux/static_call_types.h)."""

_TRAMPOLINE_SIZE: Final = 8


class PatchSites:
    """The places of one kernel.

    Args:
        memory: the kernel as it is shipped, at link-time addresses.
        kernel: its types and symbols.

    Attributes:
        counts: how many places there are of each kind.
    """

    def __init__(self, memory: Memory, kernel: Kernel) -> None:
        self._memory, self._kernel = memory, kernel
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
        for table in TABLES:
            found = self._read(table)
            if found is not None:
                yield table.what, *found
        traced = self._bytes("__start_mcount_loc", "__stop_mcount_loc", 8)
        if traced is not None:
            places = np.frombuffer(traced[1], "<i8").astype(np.int64)
            yield TRACED, places, np.full(len(places), 5)
        symbols = self._kernel.symbols
        assert symbols is not None
        for table in self._constants(symbols.names):
            found = self._read(table)
            if found is not None:
                yield CONSTANTS, *found
        names = [number for number, name in enumerate(symbols.names) if name.startswith(TRAMPOLINE)]
        own = np.array([symbols.get(name) for name in _FTRACE if name in symbols], np.uint64).astype(np.int64)
        yield ENTRIES, own, np.full(len(own), 5)
        places = symbols.addresses[names].astype(np.int64)
        yield TRAMPOLINES, places, np.full(len(places), _TRAMPOLINE_SIZE)

    @staticmethod
    def _constants(names: list[str]) -> Iterator[Table]:
        for name in names:
            for kind, length in _CONSTANTS:
                start = f"__start_runtime_{kind}_"
                if name.startswith(start):
                    stop = f"__stop_runtime_{kind}_" + name.removeprefix(start)
                    yield Table(CONSTANTS, name, stop, length=length)

    def _read(self, table: Table) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.int64]] | None:
        """Places and lengths; None where this kernel has no such table."""
        members = self._members(table.type) if table.type else {"": (0, _NEAR)}
        if members is None:
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
        members = {member.name: (member.offset, member.type.size or 0) for member in found.members}
        return {**members, "": (0, found.size)}

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
