# SPDX-License-Identifier: Apache-2.0
"""One pass over an image for everything that a kernel says of itself: banners, VMCOREINFO, kallsyms."""

from __future__ import annotations

import heapq
import logging
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ..memory import Memory, Progress
from . import banner as banners_
from . import vmcoreinfo as notes_
from .banner import Banner
from .errors import KernelError
from .kallsyms import Kallsyms, read_kallsyms
from .tokens import DIGITS, Tokens, tokens_at, tokens_at_digits
from .vmcoreinfo import Vmcoreinfo

log = logging.getLogger(__name__)

_MOST_IN_MIB = 16
"""Places in each MiB at which one kind of text is looked at; a kernel's own MiB has one or two of each."""

_MOST_HITS = 1 << 12
"""Places in all, those nearest to a kernel's BTF; an honest image of 512 MiB has about ten."""

_MOST_TABLES, _MOST_THOROUGH = 32, 4
"""Token tables of an image that are followed at all, and with all means; each kernel has one."""

_MOST_KEPT = 320 << 20
"""Bytes that all kallsyms of an image take, decoded; one of 210,000 symbols takes 20 million."""

_NEAREST = 2
"""Token tables that are followed first for each kernel's BTF: its own kallsyms is among them, since both lie
in the kernel's read-only data, where no process can put anything."""

_KALLSYMS_NAMES = (
    "kallsyms_num_syms",
    "kallsyms_names",
    "kallsyms_token_index",
    "kallsyms_offsets",
    "kallsyms_relative_base",
)


@dataclass
class Findings:
    """What one pass over the image found.

    Attributes:
        banners: every `Linux version` text but format strings.
        notes: every VMCOREINFO.
        kallsyms: every kallsyms that could be read.
        complaints: what was found and could not be read, a sentence each.
    """

    banners: list[Banner] = field(default_factory=list)
    notes: list[Vmcoreinfo] = field(default_factory=list)
    kallsyms: list[Kallsyms] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def survey(memory: Memory, near: Sequence[int] = (), progress: Progress | None = None) -> Findings:
    """Look for banners, VMCOREINFO and kallsyms in one pass.

    Args:
        memory: the image.
        near: where kernels' BTF lies: what is near to one comes first where there is too much of it.
        progress: told the percentage done.
    """
    needles = (banners_.SIGNATURE, notes_.SIGNATURE, DIGITS)
    kept = [_Nearest(near) for _ in needles]
    for offset, number in memory.search(needles, 0, None, progress, "Searching kernels", _MOST_IN_MIB):
        kept[number].add(offset)
    banners, notes, digits = (places.sorted() for places in kept)
    findings = Findings(banners_.read_banners(memory, banners), notes_.read_vmcoreinfo(memory, notes))
    findings.complaints += ["too many places look like a kernel's text: not all were looked at"] * any(
        places.is_crowded for places in kept
    )
    _read_all_kallsyms(memory, digits, findings, near)
    return findings


class _Nearest:
    """The places that are looked at: those nearest to a kernel's BTF, or the lowest where there is none."""

    def __init__(self, near: Sequence[int]) -> None:
        self._near = sorted(near) or [0]
        self._heap: list[tuple[int, int]] = []
        self._in_mib: Counter[int] = Counter()
        self.is_crowded = False

    def add(self, offset: int) -> None:
        """Take in a place."""
        self._in_mib[offset >> 20] += 1
        self.is_crowded |= self._in_mib[offset >> 20] == _MOST_IN_MIB
        heapq.heappush(self._heap, (-_distance(offset, self._near), offset))
        if len(self._heap) > _MOST_HITS:
            heapq.heappop(self._heap)
            self.is_crowded = True

    def sorted(self) -> list[int]:
        """The places in order of address."""
        return sorted(offset for _, offset in self._heap)


def _distance(offset: int, places: Sequence[int]) -> int:
    """Bytes to the nearest of some places, which are sorted."""
    index = bisect(places, offset)
    return min(abs(place - offset) for place in places[max(0, index - 1) : index + 1])


def _read_all_kallsyms(memory: Memory, hits: Iterable[int], findings: Findings, near: Sequence[int]) -> None:
    """Read the kallsyms at every token table: those that VMCOREINFO tells, and those found by their shape."""
    found: dict[int, Tokens] = {}
    for tokens in (*_told_tables(memory, findings.notes), *(tokens_at_digits(memory, hit) for hit in hits)):
        if tokens is not None:
            found.setdefault(tokens.table, tokens)
    if len(found) > _MOST_TABLES:
        findings.complaints.append(f"{len(found)} places look like a token table; {_MOST_TABLES} were read")
    if not found:
        told = any(note.symbol("kallsyms_token_table") is not None for note in findings.notes)
        why = "VMCOREINFO tells of one, so it is damaged" if told else "there is none, or it is damaged"
        findings.complaints.append(f"no kallsyms_token_table was found: {why}")
    left = _MOST_KEPT
    for number, tokens in enumerate(_in_turn(found, near)[:_MOST_TABLES]):
        try:
            found_there = _read_with_notes(memory, tokens, findings.notes, number < _MOST_THOROUGH)
            left -= found_there.size
            if left < 0:
                findings.complaints.append(
                    "there are more symbols than several kernels have: not all were read"
                )
                break
            findings.kallsyms.append(found_there)
        except KernelError as error:
            findings.complaints.append(str(error))
            log.info("%s", error)


def _in_turn(found: Mapping[int, Tokens], near: Sequence[int]) -> list[Tokens]:
    """The token tables, those first that lie nearest to a kernel's BTF, then those that are whole."""
    first: dict[int, Tokens] = {}
    for place in near:
        nearest = heapq.nsmallest(_NEAREST, found, key=lambda table: (abs(table - place), table))
        first |= {table: found[table] for table in nearest}
    rest = [tokens for table, tokens in found.items() if table not in first]
    rest.sort(key=lambda tokens: (tokens.endian is None, len(tokens.lost)))
    return [*first.values(), *rest]


def _read_with_notes(memory: Memory, tokens: Tokens, notes: Iterable[Vmcoreinfo], thorough: bool) -> Kallsyms:
    """Read kallsyms with the help of the note whose distance between the two token tables fits."""
    for note in notes:
        table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
        if table is None or index is None or index - table != tokens.index - tokens.table:
            continue
        told = {name: note.symbol(name) for name in _KALLSYMS_NAMES}
        moved = {name: at - table + tokens.table for name, at in told.items() if at is not None}
        places = {name: at for name, at in moved.items() if at >= 0}
        return read_kallsyms(memory, tokens, places, thorough)
    return read_kallsyms(memory, tokens, None, thorough)


def _told_tables(memory: Memory, notes: Iterable[Vmcoreinfo]) -> Iterator[Tokens | None]:
    """The token tables at the places that VMCOREINFO tells, if the layer's addresses are physical."""
    for note in notes:
        table, shift = note.symbol("kallsyms_token_table"), note.physical_shift
        index = note.symbol("kallsyms_token_index")
        if table is not None and index is not None and shift is not None:
            yield tokens_at(memory, table - shift, index - shift)
