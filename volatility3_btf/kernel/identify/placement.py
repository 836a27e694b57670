# SPDX-License-Identifier: Apache-2.0
"""Where a kernel lies: which reading of its addresses is right, and how far from physical ones they are.

Every reading must stand up to witnesses: things whose place in the image is known by themselves and whose
address kallsyms tells (the banner, BTF, the kallsyms tables), VMCOREINFO, and pointers that the kernel holds.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Protocol

import numpy as np
import numpy.typing as npt

from ...bits import ALL_BITS
from ...memory.memory import Memory
from ..evidence import function_starts, pointers
from ..evidence.banner import MAX_BANNER, Banner, parse_banner
from ..evidence.vmcoreinfo import NOT_ADDRESSES, Vmcoreinfo
from ..evidence.vmcoreinfo_symbols import Agreement, Listed, Notes
from ..kallsyms.addresses import Addresses, without_base
from ..kallsyms.kallsyms import Kallsyms
from ..kallsyms.tables import index_places
from ..kallsyms.tokens import COUNT

BTF_STARTS = ("__start_BTF", "_binary__btf_vmlinux_bin_start")
"""What the start of the kernel's BTF is called (include/asm-generic/vmlinux.lds.h; the second before 5.6)."""

_PAGE = 4096
_LEAST_ORDER = 0.5
_MOST_LINES = 256
"""SYMBOL lines of one note that are compared; a kernel writes about forty."""
_FEW_POINTERS = 2
"""Pointers up to which it says nothing that none agrees."""
_MOST_GUESSES = 8
"""Distances that are tried for one reading; without copies of a kernel there are one or two."""
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
        added: what makes run-time addresses of the reading's values; 0 unless it floats, None if nothing
            tells.
        shift: virtual address minus address in the layer, of the kernel image; None if nothing tells.
        direct: witnesses found at the very place that their address and the shift give, by name.
        banner: the banner at `linux_banner`.
        note: the VMCOREINFO that agrees with these addresses.
        agreed: symbols of that note that have the same address here, and
        told: those that both have.
        is_own: whether the kernel's own pointer leads to that note.
        tables: kallsyms tables that lie where that note and the shift say.
        pointers: pointers in the kernel that agree with the shift, and
        pointers_seen: those that were looked at.
        aligned: how many symbols lie at the start of a page that have to.
        encloses: whether the tables themselves lie in the kernel image, from its first symbol to its last: a
            copy of banner and types elsewhere is not theirs.
        inferred: set when the shift rests on the shape of code alone.
    """

    reading: Addresses
    added: int | None = 0
    shift: int | None = None
    direct: dict[str, int] = field(default_factory=dict)
    banner: Banner | None = None
    note: Vmcoreinfo | None = None
    agreed: int = 0
    told: int = 0
    is_own: bool = False
    tables: int = 0
    pointers: int = 0
    pointers_seen: int = 0
    aligned: int = 0
    encloses: bool = False
    inferred: bool = False

    @property
    def weight(self) -> tuple[int, bool, int, float, bool]:
        """How much speaks for it; compared with other readings of the same tables."""
        spoken = len(self.direct) + min(self.agreed, 4) + min(self.pointers, 4) + self.tables
        return spoken, self.encloses, self.aligned, self.reading.order, not self.reading.floating

    @property
    def refuted(self) -> bool:
        """Whether none of many pointers that the kernel holds agrees."""
        return self.pointers_seen > _FEW_POINTERS and not self.pointers

    @property
    def confirmed(self) -> bool:
        """Whether the kernel itself or VMCOREINFO agrees with the addresses."""
        return not self.refuted and (self.agreed > 1 or self.pointers > 1)

    def compare(self, kallsyms: Kallsyms, note: Vmcoreinfo) -> None:
        """Hold another note against the addresses; it is the one that counts from now on."""
        addresses = {name: at for name, at in note.symbols.items() if name not in NOT_ADDRESSES}
        values = {name: kallsyms.value(self.reading, name) for name in islice(addresses, _MOST_LINES)}
        moved = {name: value + (self.added or 0) for name, value in values.items() if value is not None}
        self.note, self.told = note, len(moved)
        self.agreed = sum((addresses[name] - value) & ALL_BITS == 0 for name, value in moved.items())
        self.tables = self.tables_at_home(kallsyms)

    def forget_note(self) -> None:
        """Go on as if there were no note."""
        self.note, self.agreed, self.told, self.tables = None, 0, 0, 0

    def tables_at_home(self, kallsyms: Kallsyms) -> int:
        """How many of the kallsyms tables lie where the note and the shift say."""
        note, shift = self.note, self.shift
        if note is None or shift is None:
            return 0
        own = own_tables(kallsyms, self.reading).items()
        return sum(note.symbol(name) == at + shift for name, at in own)

    @property
    def addresses(self) -> npt.NDArray[np.uint64]:
        """Run-time addresses of all symbols; `added` must be known."""
        values = self.reading.values
        moved = values + np.uint64((self.added or 0) & ALL_BITS)
        return np.where(self.reading.fixed, values, moved)


@dataclass(frozen=True)
class Surroundings:
    """What the image holds besides these tables: everything that can bear witness.

    Attributes:
        memory: the image.
        banners: every `Linux version` text.
        blobs: every kernel BTF.
        notes: what every VMCOREINFO says of symbols.
    """

    memory: Memory
    banners: Sequence[Banner]
    blobs: Sequence[Placed]
    notes: Notes


def place(kallsyms: Kallsyms, around: Surroundings) -> Placement:
    """Choose the reading that most witnesses agree with.

    Args:
        kallsyms: the tables; `readings` must not be empty.
        around: the witnesses.
    """
    ordered = [reading for reading in kallsyms.readings if reading.order >= _LEAST_ORDER]
    if not ordered:
        return Placement(kallsyms.readings[0], added=None)
    listed = around.notes.listed_by(kallsyms)
    found = [_judge(kallsyms, reading, around, listed) for reading in ordered]
    best = _best(found)
    if not best.confirmed:
        floating = [without_base(reading) for reading in ordered if reading.start is not None]
        found = [best, *(_judge(kallsyms, reading, around, listed) for reading in floating)]
        best = _best(found)
    if best.shift is None and best.added is not None:
        _from_code(kallsyms, best, around.memory)
    return best


def _best(found: Sequence[Placement]) -> Placement:
    """The one that most speaks for, of those that the kernel's own pointers do not refute, if any."""
    standing = [placement for placement in found if placement.added is not None and not placement.refuted]
    return max(standing or found, key=lambda placement: placement.weight)


def own_tables(kallsyms: Kallsyms, reading: Addresses) -> dict[str, int]:
    """The places in the layer at which the kallsyms tables themselves were found, by symbol name."""
    tables = kallsyms.tables
    found = {
        "kallsyms_num_syms": tables.num_syms,
        "kallsyms_names": tables.names,
        "kallsyms_markers": tables.markers,
        "kallsyms_token_table": tables.tokens.table,
        "kallsyms_token_index": _index_place(kallsyms, reading),
        "kallsyms_addresses" if reading.rule == "absolute" else "kallsyms_offsets": reading.place,
        "kallsyms_relative_base": reading.base,
    }
    return {name: at for name, at in found.items() if at is not None}


def _index_place(kallsyms: Kallsyms, reading: Addresses) -> int:
    """Where the token index lies: where it is damaged, offsets behind it tell."""
    places = index_places(kallsyms.tables)
    behind = (place for place in places if 0 <= reading.place - place - 2 * COUNT < 8)
    return next(behind, places[0])


def _judge(kallsyms: Kallsyms, reading: Addresses, around: Surroundings, listed: Listed) -> Placement:
    """Try the distances from values to places that witnesses speak for, and keep the best.

    They are whole pages, but in a file that leaves out ranges which are not (LiME's raw): there two witnesses
    must speak for one.
    """
    votes: dict[int, dict[str, int]] = {}
    for name, value, offset in _pairs(kallsyms, reading, around):
        votes.setdefault(value - offset, {}).setdefault(name, offset)
    votes = {apart: names for apart, names in votes.items() if apart % _PAGE == 0 or len(names) > 1}
    if reading.rule == "self-relative":
        votes = {0: votes.get(0, {})}
    image = _span(reading)
    found: list[Placement] = []
    for distance in _likeliest(votes, kallsyms.token_table, image):
        found.append(_try(kallsyms, reading, around.memory, listed, distance, votes[distance]))
        if found[-1].confirmed and found[-1].encloses and found[-1].pointers > 1:
            break
    found = found or [_try(kallsyms, reading, around.memory, listed, None, {})]
    return _best(found)


def _likeliest(votes: Mapping[int, Mapping[str, int]], table: int, image: range) -> list[int]:
    """The distances that are tried: those that put the tables into their kernel's image come first.

    A copy of banner and types elsewhere has as many witnesses as the kernel's own, which lie nearer, since
    nothing else comes between the parts of a kernel.
    """

    def turn(distance: int) -> tuple[bool, int, int]:
        witnesses = votes[distance]
        nearest = min((abs(offset - table) for offset in witnesses.values()), default=0)
        return table + distance not in image, -len(witnesses), nearest

    return sorted(votes, key=turn)[:_MOST_GUESSES]


def _try(
    kallsyms: Kallsyms,
    reading: Addresses,
    memory: Memory,
    listed: Listed,
    distance: int | None,
    direct: dict[str, int],
) -> Placement:
    """Judge one reading with one distance from its values to places in the layer.

    The kernel's own pointers are asked first, and notes only for what those leave open.
    """
    placement = Placement(reading, direct=dict(direct))
    if reading.floating:
        placement.added = None
    else:
        placement.shift = distance
    _ask_pointers(kallsyms, placement, distance, memory)
    is_open = placement.shift is None or placement.added is None
    _ask_notes(kallsyms, placement, distance, listed.agreeing(reading, placement.added))
    if is_open:
        _ask_pointers(kallsyms, placement, distance, memory)
    placement.banner = _banner_at_home(kallsyms, reading, memory, distance)
    if placement.banner is not None:
        placement.direct["linux_banner"] = placement.banner.offset
    placement.encloses = distance is not None and kallsyms.token_table + distance in _span(reading)
    placement.aligned = sum(
        value is not None and value % _PAGE == 0
        for value in (kallsyms.value(reading, name) for name in _ALIGNED)
    )
    return placement


def _span(reading: Addresses) -> range:
    """The values from the first to the last symbol that moves with the kernel."""
    values = reading.values[reading.sound & ~reading.fixed]
    return range(int(values.min()), int(values.max()) + 1) if len(values) else range(0)


def _banner_at_home(
    kallsyms: Kallsyms, reading: Addresses, memory: Memory, distance: int | None
) -> Banner | None:
    """The banner at `linux_banner`, whether or not the survey came upon it."""
    value = kallsyms.value(reading, "linux_banner")
    if value is None or distance is None or not 0 <= value - distance < memory.end:
        return None
    at = value - distance
    banner = parse_banner(memory.read_available(at, MAX_BANNER), at)
    return banner if banner is not None and banner.kind == "banner" else None


def _pairs(kallsyms: Kallsyms, reading: Addresses, around: Surroundings) -> Iterator[tuple[str, int, int]]:
    """(symbol, its value, an address in the layer where it could be)."""
    value = kallsyms.value(reading, "linux_banner")
    if value is not None:
        for banner in around.banners:
            if banner.kind == "banner":
                yield "linux_banner", value, banner.offset
    for name in BTF_STARTS:
        value = kallsyms.value(reading, name)
        if value is not None:
            yield from (("__start_BTF", value, blob.offset) for blob in around.blobs)
    for name, offset in own_tables(kallsyms, reading).items():
        value = kallsyms.value(reading, name)
        if value is not None:
            yield name, value, offset


def _ask_notes(
    kallsyms: Kallsyms, placement: Placement, distance: int | None, agreement: Agreement | None
) -> None:
    """Learn from the note that agrees with most symbols what is still unknown."""
    if agreement is None:
        return
    placement.agreed, placement.told, placement.note = agreement.agreed, agreement.told, agreement.note
    placement.added = agreement.added
    table = placement.note.symbol("kallsyms_token_table")
    if placement.shift is None and distance is not None:
        placement.shift = distance + placement.added
    elif placement.shift is None and table is not None:
        placement.shift = table - kallsyms.token_table
    placement.tables = placement.tables_at_home(kallsyms)


def _ask_pointers(kallsyms: Kallsyms, placement: Placement, distance: int | None, memory: Memory) -> None:
    """Let the kernel's own pointers confirm the shift, or tell it."""
    reading, endian = placement.reading, kallsyms.tables.endian
    if distance is None:
        if placement.shift is None or placement.added is None:
            return
        distance = placement.shift - placement.added
    apart = distance

    def where(name: str) -> int | None:
        value = kallsyms.value(reading, name)
        return None if value is None or not 0 <= value - apart < memory.end else value - apart

    if placement.shift is None:
        votes = pointers.shifts(memory, where, endian)
        if votes and (winner := votes.most_common(1)[0])[1] > 1:
            placement.shift, placement.added = winner[0], winner[0] - apart
    if placement.shift is not None:
        placement.pointers, placement.pointers_seen = pointers.agreeing(
            memory, where, placement.shift, endian
        )


def _from_code(kallsyms: Kallsyms, placement: Placement, memory: Memory) -> None:
    """With nothing else to go by, lay the functions' addresses over the image until functions start there."""
    reading = placement.reading
    numbers, letters = kallsyms.names.numbers, kallsyms.names.letters
    functions = numbers[((letters | 0x20) == ord("t")) & reading.sound[numbers] & ~reading.fixed[numbers]]
    shift = function_starts.shift_by_functions(memory, reading.values[functions], kallsyms.token_table)
    if shift is not None:
        placement.shift, placement.inferred = shift, True
        _ask_pointers(kallsyms, placement, shift, memory)
