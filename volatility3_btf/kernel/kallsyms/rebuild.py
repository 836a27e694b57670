# SPDX-License-Identifier: Apache-2.0
"""kallsyms with a broken table: what is missing is made anew from what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from ...memory.addresses import Place
from ...memory.gaps import read_filled, read_number
from ...memory.memory import Memory
from .attempt import Attempt
from .markers import LONGEST, Markers, find_markers
from .name_stream import Stream, lengths
from .names import BLOCK, count_names, walk
from .tables import MAX_NAMES, MAX_SYMBOLS, Tables, read_names
from .tokens import Endian

_WALKED = 6
"""Blocks of names that the start of the names is sought by."""

_MOST_STARTS = 24
_SAMPLE = 64

_FARTHEST = BLOCK * (2 + 0x7FFF)
"""Bytes that a block of names takes at most, whatever their lengths are."""

_START = np.zeros(1, np.int64)


def by_walking(attempt: Attempt, orders: Sequence[Endian]) -> Iterator[Tables]:
    """Readings without num_syms: the markers tell where names start, and the last names are counted."""
    table = attempt.tokens.table
    for endian in orders:
        found = sorted(find_markers(attempt.memory, table, endian), key=lambda markers: -len(markers.values))
        for markers in found[:2]:
            yield from _walked(attempt, endian, markers)


def _walked(attempt: Attempt, endian: Endian, markers: Markers) -> Iterator[Tables]:
    """Readings with these markers."""
    blocks, last = len(markers.values), int(markers.values[-1])
    known = attempt.places.get("kallsyms_names")
    for names in [known] if known is not None else _names_by_walking(attempt.memory, markers):
        if attempt.is_over:
            return
        start = names + last
        tail, _ = read_filled(attempt.memory, start, max(0, min(markers.address - start, LONGEST)))
        count, end = count_names(tail, 0, BLOCK, True)
        if count and markers.address - start - end in range(16):
            total = (blocks - 1) * BLOCK + count
            tables = read_names(attempt, endian, names, None, total, markers)
            if tables is not None:
                yield tables


def by_names(attempt: Attempt, orders: Sequence[Endian]) -> Iterator[Tables]:
    """Readings without markers: they are derived from the names."""
    stretch, table = _Stretch(attempt), attempt.tokens.table
    for endian in orders:
        for place, num_syms, count in _counted_names(stretch, endian):
            derived = max(
                (stretch.derive(place, count, wide) for wide in (True, False)), key=lambda one: one.whole
            )
            told = num_syms is not None and num_syms in attempt.places.values()
            if told or _markers_fit(table - stretch.low - derived.end, count):
                yield stretch.tables(endian, derived, place, num_syms, count)
                break


@dataclass(frozen=True)
class _Derived:
    """Markers made anew.

    Attributes:
        markers: the positions of every 256th name, as far as the names go.
        wide: whether lengths from 0x80 on take two bytes.
        whole: how many names there are in whole blocks.
        end: the position behind the last name.
    """

    markers: list[int]
    wide: bool
    whole: int
    end: int


class _Stretch:
    """The bytes before a token table that the names are among.

    Attributes:
        attempt: the search.
        told: (address of num_syms, number of symbols) where VMCOREINFO tells them and the names' place.
        known: whether VMCOREINFO tells the names' place; it is the start then.
        low: the address of the first byte.
        data: the bytes, up to the token table.
    """

    def __init__(self, attempt: Attempt) -> None:
        table = attempt.tokens.table
        names = attempt.places.get("kallsyms_names")
        self.attempt = attempt
        self.known = names is not None and names < table
        if names is not None and names < table:
            self.low = names
        else:
            self.low = max(0, table - MAX_NAMES // 2)
            self.low += (table - self.low) % 4
        self.data, _ = read_filled(attempt.memory, self.low, min(table - self.low, MAX_NAMES))

    @cached_property
    def wide(self) -> Stream:
        """The names, if lengths from 0x80 on take two bytes."""
        return Stream(self.data, True)

    @cached_property
    def narrow(self) -> Stream:
        """The names, if all lengths take one byte."""
        return Stream(self.data, False)

    def derive(self, place: int, count: int, wide: bool) -> _Derived:
        """Make markers of the names from a position on.

        Args:
            place: the position.
            count: number of symbols.
            wide: whether lengths from 0x80 on take two bytes.
        """
        behind = (self.wide if wide else self.narrow).ends(BLOCK).data
        markers, left, size = [], count, len(self.data)
        while place < size and self.data[place]:
            markers.append(place)
            if left <= BLOCK or behind[place] == size:
                last = walk(self.data[place : place + _FARTHEST], _START, min(left, BLOCK), wide)
                whole = (len(markers) - 1) * BLOCK + len(last.heads)
                return _Derived(markers, wide, whole, place + last.end)
            place, left = behind[place], left - BLOCK
        return _Derived(markers, wide, len(markers) * BLOCK, place)

    def count(self, wide: bool) -> int:
        """How many names there are from the start on."""
        derived = self.derive(0, MAX_SYMBOLS, wide)
        if not derived.markers:
            return 0
        last = derived.markers[-1]
        counted, _ = count_names(self.data[last : last + _FARTHEST], 0, BLOCK, wide)
        return (len(derived.markers) - 1) * BLOCK + counted

    def tables(
        self, endian: Endian, derived: _Derived, place: int, num_syms: int | None, count: int
    ) -> Tables:
        """The tables, walked by derived markers."""
        data = self.data[place:]
        markers = np.array(derived.markers, np.int64) - place
        found = walk(data, markers, min(count, len(markers) * BLOCK), derived.wide)
        problem = "kallsyms_markers are damaged; they were derived from kallsyms_names"
        names, tokens = self.low + place, self.attempt.tokens
        return Tables(endian, tokens, names, data, found, count, num_syms, None, derived.wide, (problem,))


def told_count(attempt: Attempt, endian: Endian) -> tuple[int, int, int] | None:
    """(address of names, address of num_syms, number of symbols) by VMCOREINFO."""
    names, num_syms = attempt.places.get("kallsyms_names"), attempt.places.get("kallsyms_num_syms")
    if names is None or num_syms is None:
        return None
    memory = attempt.memory
    place = Place(num_syms)
    count = read_number(memory, place, 4, endian) or read_number(memory, place, 8, endian)
    return None if count is None or not 0 < count <= MAX_SYMBOLS else (names, num_syms, count)


def _names_by_walking(memory: Memory, markers: Markers) -> Iterator[int]:
    """Starts of names that make blocks end where the next ones start, though no num_syms says so."""
    high = markers.address - int(markers.values[-1])
    low = max(0, high - LONGEST)
    low -= low % 4
    if high <= low:
        return
    votes: Counter[int] = Counter()
    blocks = len(markers.values) - 1
    for block in range(0, blocks, max(1, blocks // _WALKED)):
        start, end = int(markers.values[block]), int(markers.values[block + 1])
        data, _ = read_filled(memory, low + start, high - low + end - start)
        votes.update(_block_starts(data, high - low, end - start))
    for names, _ in votes.most_common(8):
        yield low + names


def _block_starts(data: bytes, stop: int, size: int) -> list[int]:
    """The positions before `stop`, in steps of 4, from which 256 names take exactly `size` bytes."""
    starts = np.arange(0, stop, 4, dtype=np.int64)
    ends = Stream(data, True).ends(BLOCK)[starts]
    found: list[int] = starts[(ends - starts == size) & (ends < len(data))].tolist()
    return found


def _markers_fit(gap: int, count: int) -> bool:
    """Whether markers (of either width), and seqs_of_names or not, fill the space before the token table."""
    blocks = -(-count // BLOCK)
    sizes = (4 * blocks, 8 * blocks, 4 * blocks + 3 * count)
    return any(size <= gap <= size + 24 for size in sizes)


def _counted_names(stretch: _Stretch, endian: Endian) -> Iterator[tuple[int, int | None, int]]:
    """(position of names, address of num_syms, number of symbols) wherever a number fits what follows."""
    told = told_count(stretch.attempt, endian)
    if told is not None and stretch.known:
        yield 0, told[1], told[2]
    elif stretch.known:
        for wide in (True, False):
            yield 0, None, stretch.count(wide)
    else:
        for start, place, count in _numbers_that_fit(stretch, endian):
            yield start, stretch.low + place, count


def _numbers_that_fit(stretch: _Stretch, endian: Endian) -> list[tuple[int, int, int]]:
    """(position of names, of num_syms, number of symbols) that fit the names' average size, best first."""
    data = stretch.data
    values = np.frombuffer(data, "<u4" if endian == "little" else ">u4", len(data) // 4).astype(np.int64)
    room = len(data) - 4 * np.arange(len(values), dtype=np.int64)
    likely = (values > BLOCK) & (values <= MAX_SYMBOLS) & (values * 4 < room) & (values * 64 > room)
    numbers = np.flatnonzero(likely)
    values, room = values[numbers], room[numbers]
    most = (2 * _SAMPLE * room / values).astype(np.int64)
    letters = stretch.attempt.tokens.letters
    found: list[tuple[float, int, int, int]] = []
    for size in (8, 4):
        starts = 4 * numbers + size
        ratio = lengths(data, starts, most, letters, _SAMPLE) / _SAMPLE * values / room
        fits = np.flatnonzero(ratio > 0.4)
        far = np.abs(ratio[fits] - 1)
        fits, far = (column[np.argsort(far, kind="stable")[:_MOST_STARTS]] for column in (fits, far))
        for off, start, count in zip(far.tolist(), starts[fits].tolist(), values[fits].tolist(), strict=True):
            found.append((off, start, size, count))
    return [(start, start - size, count) for _, start, size, count in sorted(found)[:_MOST_STARTS]]
