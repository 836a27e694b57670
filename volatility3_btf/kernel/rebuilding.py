# SPDX-License-Identifier: Apache-2.0
"""kallsyms with a broken table: what is missing is made anew from what is left."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

import numpy as np
import numpy.typing as npt

from ..memory import Memory
from .markers import LONGEST, Markers, find_markers
from .names import BLOCK, Walk, count_names, derive_markers, walk
from .reading import read_filled, read_number
from .tables import MAX_NAMES, MAX_SYMBOLS, Tables, read_names
from .tokens import Endian, Tokens

Int64s = npt.NDArray[np.int64]

_WALKED = 6
"""Blocks of names that the start of the names is sought by."""

_MOST_STARTS = 24
_SAMPLE = 64


def by_walking(memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]) -> Iterator[Tables]:
    """Readings without num_syms: the markers tell where names start, and the last names are counted."""
    longest = sorted(find_markers(memory, tokens.table, endian), key=lambda markers: -len(markers.values))
    for markers in longest[:2]:
        blocks, last = len(markers.values), int(markers.values[-1])
        known = places.get("kallsyms_names")
        for names in [known] if known is not None else _names_by_walking(memory, markers):
            start = names + last
            tail, _ = read_filled(memory, start, max(0, min(markers.address - start, LONGEST)))
            count, end = count_names(tail, 0, BLOCK, True)
            if count and markers.address - start - end in range(16):
                total = (blocks - 1) * BLOCK + count
                tables = read_names(memory, tokens, endian, names, None, total, markers)
                if tables is not None:
                    yield tables


def by_names(memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]) -> Iterator[Tables]:
    """Readings without markers: they are derived from the names."""
    problem = "kallsyms_markers are damaged; they were derived from kallsyms_names"
    for names, num_syms, count in _counted_names(memory, tokens, endian, places):
        data, _ = read_filled(memory, names, min(tokens.table - names, MAX_NAMES))
        found, wide = max(
            ((_walk_derived(data, count, wide), wide) for wide in (True, False)),
            key=lambda reading: len(reading[0].heads),
        )
        told = num_syms is not None and num_syms in places.values()
        if told or _markers_fit(tokens.table - names - found.end, count):
            yield Tables(endian, tokens, names, data, found, count, num_syms, None, wide, (problem,))
            return


def _walk_derived(data: bytes, count: int, wide: bool) -> Walk:
    """Walk the names by markers made of them."""
    markers = derive_markers(data, count, wide)
    return walk(data, markers, min(count, len(markers) * BLOCK), wide)


def told_count(memory: Memory, endian: Endian, places: Mapping[str, int]) -> tuple[int, int, int] | None:
    """(address of names, address of num_syms, number of symbols) by VMCOREINFO."""
    names, num_syms = places.get("kallsyms_names"), places.get("kallsyms_num_syms")
    if names is None or num_syms is None:
        return None
    count = read_number(memory, num_syms, 4, endian) or read_number(memory, num_syms, 8, endian)
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
    starts, ends = _walk_all(data, starts, BLOCK, starts + size)
    return [int(start) for start in starts[ends - starts == size]]


def _walk_all(
    data: bytes, starts: Int64s, names: int, limits: npt.NDArray[np.int64]
) -> tuple[Int64s, Int64s]:
    """Walk over names from many positions at once, and drop those that go wrong.

    Args:
        data: the bytes.
        starts: positions to start from.
        names: how many names to walk over.
        limits: for each position, where so many names end at the latest.

    Returns:
        The positions left, and where the names behind each of them end.
    """
    table = np.frombuffer(data + b"\0\0", np.uint8)
    position = starts.copy()
    for _ in range(names):
        length = table[position].astype(np.int64)
        high = length >> 7
        if high.any():
            length = np.where(high, length & 0x7F | table[position + 1].astype(np.int64) << 7, length)
        after = position + 1 + high + length
        alive = (length > 0) & (after <= limits) & (after < len(data))
        starts, position, limits = starts[alive], after[alive], limits[alive]
    return starts, position


def _markers_fit(gap: int, count: int) -> bool:
    """Whether markers (of either width), and seqs_of_names or not, fill the space before the token table."""
    blocks = -(-count // BLOCK)
    sizes = (4 * blocks, 8 * blocks, 4 * blocks + 3 * count)
    return any(size <= gap <= size + 24 for size in sizes)


def _counted_names(
    memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]
) -> Iterator[tuple[int, int | None, int]]:
    """(address of names, of num_syms, number of symbols) wherever a number fits the space behind it."""
    told = told_count(memory, endian, places)
    if told is not None and told[0] < tokens.table:
        yield told
        return
    names = places.get("kallsyms_names")
    if names is not None and names < tokens.table:
        data, _ = read_filled(memory, names, min(tokens.table - names, MAX_NAMES))
        for wide in (True, False):
            yield names, None, count_names(data, 0, MAX_SYMBOLS, wide)[0]
        return
    low = max(0, tokens.table - MAX_NAMES // 2)
    low += (tokens.table - low) % 4
    data, _ = read_filled(memory, low, tokens.table - low)
    yield from ((low + start, low + place, count) for start, place, count in _numbers_that_fit(data, endian))


def _numbers_that_fit(data: bytes, endian: Endian) -> list[tuple[int, int, int]]:
    """(position of names, of num_syms, number of symbols) that fit the names' average size, best first."""
    values = np.frombuffer(data, "<u4" if endian == "little" else ">u4", len(data) // 4).astype(np.int64)
    room = len(data) - 4 * np.arange(len(values), dtype=np.int64)
    likely = np.flatnonzero((values > BLOCK) & (values * 4 < room) & (values * 64 > room))
    found: list[tuple[float, int, int]] = []
    for size in (8, 4):
        starts = 4 * likely + size
        most = (2 * _SAMPLE * room[likely] / values[likely]).astype(np.int64)
        starts, ends = _walk_all(data, starts, _SAMPLE, starts + most)
        for start, end in zip(starts.tolist(), ends.tolist(), strict=True):
            number = (start - size) // 4
            ratio = (end - start) / _SAMPLE * int(values[number]) / int(room[number])
            if ratio > 0.4:
                found.append((abs(ratio - 1), start, size))
    return [
        (start, start - size, int(values[(start - size) // 4]))
        for _, start, size in sorted(found)[:_MOST_STARTS]
    ]
