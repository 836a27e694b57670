# SPDX-License-Identifier: Apache-2.0
"""Where a kernel lies: which reading of its addresses is right, and how far from physical ones they are.

Every reading must stand up to witnesses: things whose place in the image is known by themselves and whose
address kallsyms tells (the banner, BTF, the kallsyms tables), VMCOREINFO, and pointers that the kernel holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ..memory import Memory
from . import code, pointers
from .addresses import Addresses
from .banner import Banner
from .kallsyms import Kallsyms
from .vmcoreinfo import NOT_ADDRESSES, Vmcoreinfo

BTF_STARTS = ("__start_BTF", "_binary__btf_vmlinux_bin_start")
"""What the start of the kernel's BTF is called (include/asm-generic/vmlinux.lds.h; the second before 5.6)."""

_PAGE = 4096
_LEAST_ORDER = 0.6
_ALIGNED = (
    "_text",
    "_stext",
    "__start_rodata",
    "__end_rodata",
    "swapper_pg_dir",
    "init_top_pgt",
    "_sinittext",
)


class Placed(Protocol):
    """Something found at an address of the layer, such as a BTF blob."""

    @property
    def offset(self) -> int:
        """Address of the first byte."""


@dataclass
class Placement:
    """One reading of the addresses, and what speaks for it.

    Attributes:
        reading: the addresses.
        shift: virtual address minus address in the layer, of the kernel image; None if nothing tells.
        direct: witnesses found at the very place that their address and the shift give, by name.
        banner: the banner at `linux_banner`.
        note: the VMCOREINFO that agrees with these addresses.
        agreed: symbols of that note that have the same address here, and
        told: those that both have.
        tables: kallsyms tables that lie where that note and the shift say.
        pointers: pointers in the kernel that agree with the shift, and
        pointers_seen: those that were looked at.
        aligned: how many symbols lie at the start of a page that have to.
        inferred: set when the shift rests on the shape of code alone.
    """

    reading: Addresses
    shift: int | None = None
    direct: dict[str, int] = field(default_factory=dict)
    banner: Banner | None = None
    note: Vmcoreinfo | None = None
    agreed: int = 0
    told: int = 0
    tables: int = 0
    pointers: int = 0
    pointers_seen: int = 0
    aligned: int = 0
    inferred: bool = False

    @property
    def weight(self) -> tuple[int, int, float, int]:
        """How much speaks for it; compared with other readings of the same tables."""
        spoken = len(self.direct) + min(self.agreed, 4) + min(self.pointers, 4) + self.tables
        return spoken, self.aligned, self.reading.order, self.reading.base is not None

    @property
    def addresses(self) -> npt.NDArray[np.uint64]:
        """Run-time addresses of all symbols; places in the layer while the shift is unknown."""
        if self.reading.placed and self.shift is not None:
            return np.asarray(self.reading.values + np.uint64(self.shift & (1 << 64) - 1), np.uint64)
        return self.reading.values


def place(
    memory: Memory,
    kallsyms: Kallsyms,
    banners: Sequence[Banner],
    blobs: Sequence[Placed],
    notes: Sequence[Vmcoreinfo],
) -> Placement:
    """Choose the reading that most witnesses agree with.

    Args:
        memory: the image.
        kallsyms: the tables; `readings` must not be empty.
        banners: every `Linux version` text of the image.
        blobs: every kernel BTF of the image.
        notes: every VMCOREINFO of the image.
    """
    readings = [reading for reading in kallsyms.readings[:6] if reading.order >= _LEAST_ORDER]
    readings = readings or kallsyms.readings[:1]
    found = [_judge(memory, kallsyms, reading, banners, blobs, notes) for reading in readings]
    best = max(found, key=lambda placement: placement.weight)
    if best.shift is None:
        _from_code(memory, kallsyms, best)
    return best


def own_tables(kallsyms: Kallsyms, reading: Addresses) -> dict[str, int]:
    """The places in the layer at which the kallsyms tables themselves were found, by symbol name."""
    tables = kallsyms.tables
    found = {
        "kallsyms_num_syms": tables.num_syms,
        "kallsyms_names": tables.names,
        "kallsyms_markers": tables.markers,
        "kallsyms_token_table": tables.tokens.table,
        "kallsyms_token_index": tables.tokens.index,
        "kallsyms_addresses" if reading.rule == "absolute" else "kallsyms_offsets": reading.place,
        "kallsyms_relative_base": reading.base,
    }
    return {name: at for name, at in found.items() if at is not None}


def _judge(
    memory: Memory,
    kallsyms: Kallsyms,
    reading: Addresses,
    banners: Sequence[Banner],
    blobs: Sequence[Placed],
    notes: Sequence[Vmcoreinfo],
) -> Placement:
    placement = Placement(reading)
    votes: dict[int, dict[str, int]] = {}
    for name, value, offset in _pairs(kallsyms, reading, banners, blobs):
        votes.setdefault(value - offset, {}).setdefault(name, offset)
    if reading.placed:
        votes = {0: votes.get(0, {})}
    if votes:
        distance = max(votes, key=lambda shift: len(votes[shift]))
        placement.direct = votes[distance]
        placement.shift = None if reading.placed else distance
    _ask_notes(kallsyms, placement, notes)
    _ask_pointers(memory, kallsyms, placement)
    at = placement.direct.get("linux_banner")
    placement.banner = next((banner for banner in banners if banner.offset == at), None)
    placement.aligned = _aligned(kallsyms, reading)
    return placement


def _pairs(
    kallsyms: Kallsyms, reading: Addresses, banners: Iterable[Banner], blobs: Iterable[Placed]
) -> Iterator[tuple[str, int, int]]:
    """(symbol, its value, an address in the layer where it could be)."""
    value = kallsyms.value(reading, "linux_banner")
    if value is not None:
        for banner in banners:
            if banner.kind == "banner":
                yield "linux_banner", value, banner.offset
    for name in BTF_STARTS:
        value = kallsyms.value(reading, name)
        if value is not None:
            yield from (("__start_BTF", value, blob.offset) for blob in blobs)
    for name, offset in own_tables(kallsyms, reading).items():
        value = kallsyms.value(reading, name)
        if value is not None:
            yield name, value, offset


def _ask_notes(kallsyms: Kallsyms, placement: Placement, notes: Iterable[Vmcoreinfo]) -> None:
    """Find the note that agrees with most symbols, and learn the shift from it where it is still unknown."""
    best: tuple[int, int, Vmcoreinfo, int] | None = None
    for note in notes:
        distances: Counter[int] = Counter()
        for name, address in note.symbols.items():
            value = None if name in NOT_ADDRESSES else kallsyms.value(placement.reading, name)
            if value is not None:
                distances[address - value] += 1
        if not distances:
            continue
        distance = distances.most_common(1)[0][0] if placement.reading.placed else 0
        agreed, told = distances[distance], distances.total()
        if 2 * agreed > told and (best is None or agreed > best[0]):
            best = agreed, told, note, distance
    if best is None:
        return
    placement.agreed, placement.told, placement.note, distance = best
    if placement.reading.placed:
        placement.shift = distance
    table = placement.note.symbol("kallsyms_token_table")
    if placement.shift is None and table is not None:
        placement.shift = table - kallsyms.place
    if placement.shift is not None:
        own = own_tables(kallsyms, placement.reading).items()
        placement.tables = sum(placement.note.symbol(name) == at + placement.shift for name, at in own)


def _ask_pointers(memory: Memory, kallsyms: Kallsyms, placement: Placement) -> None:
    """Let the kernel's own pointers confirm the shift, or tell it."""
    reading, endian = placement.reading, kallsyms.tables.endian
    apart = 0 if reading.placed else placement.shift
    if apart is None:
        return

    def where(name: str) -> int | None:
        value = kallsyms.value(reading, name)
        return None if value is None or not 0 <= value - apart < memory.end else value - apart

    if reading.placed and placement.shift is None:
        votes = pointers.shifts(memory, where, endian)
        if votes and (winner := votes.most_common(1)[0])[1] >= 2:
            placement.shift = (
                winner[0] if winner[0] < 1 << 63 or winner[0] >= 0xFFFF << 48 else winner[0] - (1 << 64)
            )
    if placement.shift is not None:
        placement.pointers, placement.pointers_seen = pointers.agreeing(
            memory, where, placement.shift, endian
        )


def _from_code(memory: Memory, kallsyms: Kallsyms, placement: Placement) -> None:
    """With nothing else to go by, lay the functions' addresses over the image until functions start there."""
    if placement.reading.placed:
        return
    walk, names = kallsyms.tables.walk, kallsyms.names
    functions = placement.reading.values[walk.numbers[(names.letters | 0x20) == ord("t")]]
    shift = code.shift_by_functions(memory, functions, kallsyms.place)
    if shift is not None:
        placement.shift, placement.inferred = shift, True
        _ask_pointers(memory, kallsyms, placement)


def _aligned(kallsyms: Kallsyms, reading: Addresses) -> int:
    values = [kallsyms.value(reading, name) for name in _ALIGNED]
    return sum(value is not None and value % _PAGE == 0 for value in values)
