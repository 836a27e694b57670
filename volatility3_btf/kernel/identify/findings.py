# SPDX-License-Identifier: Apache-2.0
"""What a survey found that a kernel says of itself: banners, VMCOREINFO, kallsyms."""

from __future__ import annotations

import heapq
import logging
from bisect import bisect
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from ...limits import Allowance
from ...memory.memory import Memory, Run, lies_in
from ...memory.progress import Progress
from ...survey import BANNER, DIGITS, NOTE, Survey, surveyed
from ..errors import KernelError, TooManySymbolsError
from ..evidence.banner import Banner, read_banners
from ..evidence.vmcoreinfo import Vmcoreinfo, read_vmcoreinfo
from ..home.mapped import tell_tables
from ..kallsyms.kallsyms import Kallsyms, read_kallsyms
from ..kallsyms.names import Decoder
from ..kallsyms.tables import MAX_SYMBOLS
from ..kallsyms.tokens import Tokens, tokens_at, tokens_at_digits

log = logging.getLogger(__name__)

_MOST_IN_MIB = 16
"""Places in each MiB at which one kind of text is looked at; a kernel's own MiB has one or two of each."""

_MOST_HITS, _MOST_EACH = 1 << 12, 256
"""Places near to a kernel's BTF where there is one, and near to each where there are several; an honest image
of 512 MiB has about ten in all."""

_MOST_TABLES, _MOST_THOROUGH = 96, 3
"""Token tables of an image that are followed at all, and with all means; each kernel has one."""

_MOST_ELSEWHERE = 8
"""Those that are near to no BTF, of kernels that have none: an honest image has one or two."""

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
    """What there is in an image beside BTF.

    Attributes:
        banners: every `Linux version` text but format strings.
        notes: every VMCOREINFO.
        kallsyms: every kallsyms that could be read.
        complaints: what was found and could not be read, a sentence each.
        unread: how many token tables were left unread, since that of a kernel that runs was found, and
        untold: how many of these may be another kernel's, and no copies of it.
    """

    banners: list[Banner] = field(default_factory=list)
    notes: list[Vmcoreinfo] = field(default_factory=list)
    kallsyms: list[Kallsyms] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)
    unread: int = 0
    untold: int = 0


def read_findings(
    memory: Memory,
    near: Sequence[int] = (),
    progress: Progress | None = None,
    survey: Survey | None = None,
    home: Sequence[Run] = (),
    beside: int | None = None,
) -> Findings:
    """Read the banners, VMCOREINFO and kallsyms of an image.

    Args:
        memory: the image.
        near: where kernels' BTF lies: what is near to one comes first where there is too much of it.
        progress: told the percentage done.
        survey: the pass over this memory whose places are looked at; one is made if None.
        home: where the kernel lies that processors start into; empty where nothing tells.
        beside: where only the kernel that runs matters, how many token tables are read beside those that may
            be its own, once one of these is sound: together they have so many times as many names.
    """
    needles = (BANNER, NOTE, DIGITS)
    with surveyed(memory, survey, needles, progress, "Searching kernels") as passed:
        kept = [_Nearest(near, (offset for offset, _ in passed.places(needle))) for needle in needles]
    banners, notes, digits = (places.sorted() for places in kept)
    findings = Findings(read_banners(memory, banners), read_vmcoreinfo(memory, notes))
    findings.complaints += ["too many places look like a kernel's text: not all were looked at"] * any(
        places.is_crowded for places in kept
    )
    _read_all_kallsyms(memory, digits, findings, near, home, beside)
    return findings


class _Nearest:
    """The places that are looked at: for each kernel's BTF those nearest to it, so that each has its share.

    Args:
        near: where kernels' BTF lies; without any, the lowest places of all are kept.
        places: all there are, in order of address.
    """

    def __init__(self, near: Sequence[int], places: Iterable[int]) -> None:
        self._near = sorted(near) or [0]
        self._heaps: dict[int, list[tuple[int, int]]] = {}
        self._in_mib: Counter[int] = Counter()
        self.is_crowded = False
        for place in places:
            self._in_mib[place >> 20] += 1
            self.is_crowded |= self._in_mib[place >> 20] == _MOST_IN_MIB
            if self._in_mib[place >> 20] <= _MOST_IN_MIB:
                self._add(place)

    def _add(self, offset: int) -> None:
        nearest = _nearest(offset, self._near)
        heap = self._heaps.setdefault(nearest, [])
        heapq.heappush(heap, (-abs(nearest - offset), offset))
        if len(heap) > (_MOST_EACH if len(self._near) > 1 else _MOST_HITS):
            heapq.heappop(heap)
            self.is_crowded = True

    def sorted(self) -> list[int]:
        """The places in order of address."""
        return sorted(offset for heap in self._heaps.values() for _, offset in heap)


def _nearest(offset: int, places: Sequence[int]) -> int:
    """The nearest of some places, which are sorted."""
    index = bisect(places, offset)
    return min(places[max(0, index - 1) : index + 1], key=lambda place: abs(place - offset))


def _read_all_kallsyms(
    memory: Memory,
    hits: Iterable[int],
    findings: Findings,
    near: Sequence[int],
    home: Sequence[Run],
    beside: int | None,
) -> None:
    """Read the kallsyms at every token table: those that VMCOREINFO tells, and those found by their shape."""
    found: dict[int, Tokens] = {}
    for tokens in (*_told_tables(memory, findings.notes), *(tokens_at_digits(memory, hit) for hit in hits)):
        if tokens is not None:
            found.setdefault(tokens.table, tokens)
    turn = _in_turn(found, near)[:_MOST_TABLES]
    at_home = [tokens for table, tokens in found.items() if lies_in(table, home)]
    every = [] if at_home else [*found.values()]
    told = tell_tables(memory, every, turn if every else [], findings.banners, findings.notes)
    own = (at_home or told.mapped)[:_MOST_TABLES]
    first = {tokens.table for tokens in own}
    turn = [tokens for tokens in turn if tokens.table not in first]
    if len(found) > len(own) + len(turn):
        text = f"{len(found)} places look like a token table; {len(own) + len(turn)} were read"
        findings.complaints.append(text)
    if not found:
        told_of = any(note.symbol("kallsyms_token_table") is not None for note in findings.notes)
        why = "VMCOREINFO tells of one, so it is damaged" if told_of else "there is none, or it is damaged"
        findings.complaints.append(f"no kallsyms_token_table was found: {why}")
    reading = _Reading(memory, findings, near)
    is_certain = bool(at_home) or (not home and told.is_complete and len(told.mapped) <= _MOST_TABLES)
    if beside is None or not is_certain:
        reading.read_all([*own, *turn])
        return
    turn.sort(key=lambda tokens: tokens.table in told.copies)
    if not reading.read_own(own, turn, beside):
        reading.read_all(turn)
    elif not at_home:
        untold = sum(tokens.table not in told.copies for tokens in turn[beside:])
        findings.untold = untold + reading.too_large


class _Reading:
    """Reads the kallsyms at token tables, first the quick way, which serves wherever nothing is damaged.

    Args:
        memory: the image.
        findings: gets what is read, and what could not be.
        near: where kernels' BTF lies, the largest first.

    Attributes:
        too_large: how many kallsyms were left unread for the number of their names.
    """

    def __init__(self, memory: Memory, findings: Findings, near: Sequence[int]) -> None:
        self._memory, self._findings = memory, findings
        self._room, self._decoder = Allowance(_MOST_KEPT), Decoder()
        self._places, self._order = sorted(near) or [0], list(near) or [0]
        self._sound = len(self._order), 0
        self._unread: list[tuple[tuple[int, int], Tokens, str]] = []
        self.too_large = 0

    def read_all(self, turn: Iterable[Tokens]) -> None:
        """Read all of them quickly, then some with all means, of those too that were followed before.

        Args:
            turn: the token tables, the likeliest first.
        """
        for tokens in turn:
            self._follow(tokens)
        self._read_thoroughly()

    def read_own(self, own: Iterable[Tokens], turn: Sequence[Tokens], beside: int) -> bool:
        """Read those that may be the running kernel's, and if one is sound, few others.

        Args:
            own: the token tables.
            turn: the others, the likeliest first.
            beside: how many of these are read at most; together they have so many times as many names.

        Returns:
            Whether one was sound; otherwise no others were read, and these are left to `read_all`.
        """
        counts = [self._follow(tokens) for tokens in own]
        if not any(counts):
            return False
        damaged, self._unread = self._unread, []
        for _, tokens, _ in damaged[:_MOST_THOROUGH]:
            self._take(self._try(tokens, True))
        left = beside * max(counts)
        for tokens in turn[:beside]:
            left -= self._follow(tokens, left)
        self._findings.unread = max(0, len(turn) - beside) + self.too_large
        self._read_thoroughly()
        if self._findings.unread:
            self._findings.complaints.append(f"{self._findings.unread} token tables were left unread")
        return True

    def _read_thoroughly(self) -> None:
        """Read with all means some of those that could not be read quickly.

        They are the first that lie near to a larger BTF than any near to which something sound was found, or
        nearer to the same one.
        """
        for number, (rank, tokens, reason) in enumerate(self._unread):
            is_behind = rank > self._sound or number >= _MOST_THOROUGH
            self._take(reason if reason and is_behind else self._try(tokens, True))

    def _follow(self, tokens: Tokens, most: int = MAX_SYMBOLS) -> int:
        """Read one quickly; how many names there are, 0 where they are not sound, or too many."""
        try:
            found = self._try(tokens, False, most)
        except TooManySymbolsError:
            self.too_large += 1
            return 0
        nearest = _nearest(tokens.table, self._places)
        rank = self._order.index(nearest), abs(nearest - tokens.table)
        if isinstance(found, Kallsyms) and found.is_sound:
            self._sound = min(self._sound, rank)
            self._take(found)
            return found.tables.count
        self._unread.append((rank, tokens, "" if isinstance(found, Kallsyms) else found))
        return 0

    def _take(self, found: Kallsyms | str) -> None:
        if isinstance(found, Kallsyms):
            self._keep(found)
        else:
            self._findings.complaints.append(found)

    def _try(self, tokens: Tokens, thorough: bool, most: int = MAX_SYMBOLS) -> Kallsyms | str:
        """What is at a token table, or why nothing is; too many symbols remain an error."""
        try:
            return self._read(tokens, thorough, most)
        except TooManySymbolsError:
            raise
        except KernelError as error:
            log.info("%s", error)
            return str(error)

    def _read(self, tokens: Tokens, thorough: bool, most: int) -> Kallsyms:
        """Read kallsyms with the help of the note whose distance between the two token tables fits."""
        for note in self._findings.notes:
            table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
            if table is None or index is None or index - table != tokens.index - tokens.table:
                continue
            told = {name: note.symbol(name) for name in _KALLSYMS_NAMES}
            moved = {name: at - table + tokens.table for name, at in told.items() if at is not None}
            places = {name: at for name, at in moved.items() if at >= 0}
            return read_kallsyms(self._memory, tokens, places, thorough, self._decoder, most)
        return read_kallsyms(self._memory, tokens, None, thorough, self._decoder, most)

    def _keep(self, found: Kallsyms) -> None:
        """Keep it, as long as all do not take too much; one that does leaves room for smaller ones."""
        is_first = not self._room.is_used_up
        if self._room.take(found.size):
            self._findings.kallsyms.append(found)
        elif is_first:
            text = "there are more symbols than several kernels have: not all were read"
            self._findings.complaints.append(text)


def _in_turn(found: Mapping[int, Tokens], near: Sequence[int]) -> list[Tokens]:
    """The token tables: the nearest to each kernel's BTF, the next nearest, then those that are whole.

    Args:
        found: the tables, by address.
        near: where kernels' BTF lies, the likeliest first.
    """
    first: dict[int, Tokens] = {}
    for rank in range(_NEAREST):
        for place in near:
            nearest = heapq.nsmallest(rank + 1, found, key=lambda table: (abs(table - place), table))
            first |= {table: found[table] for table in nearest[rank:]}
    rest = [tokens for table, tokens in found.items() if table not in first]
    rest.sort(key=lambda tokens: (tokens.endian is None, len(tokens.lost)))
    return [*first.values(), *rest[:_MOST_ELSEWHERE]]


def _told_tables(memory: Memory, notes: Iterable[Vmcoreinfo]) -> Iterator[Tokens | None]:
    """The token tables at the places that VMCOREINFO tells, if the layer's addresses are physical."""
    for note in notes:
        table, shift = note.symbol("kallsyms_token_table"), note.physical_shift
        index = note.symbol("kallsyms_token_index")
        if table is not None and index is not None and shift is not None:
            yield tokens_at(memory, table - shift, index - shift)
