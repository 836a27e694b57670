# SPDX-License-Identifier: Apache-2.0
"""Where the kallsyms tables lie, worked out from the token table outwards.

| versions | order in memory (scripts/kallsyms.c) |
|---|---|
| to 6.1 | addresses *or* offsets, relative_base; num_syms; names; markers; token_table; token_index |
| 6.2, 6.3 | the same with seqs_of_names behind markers |
| 6.4 to 6.19 | num_syms; names; markers; token_table; token_index; offsets; relative_base; seqs_of_names |
| 7.0 and later | the same without relative_base |

num_syms and markers are as wide as a pointer up to 4.19 and 4 bytes from 4.20 on. Tables are aligned to 8
bytes, from 7.0 on to 4. Distributions backport, so the version is never asked: each layout is tried, and the
contents decide.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace

import numpy as np
import numpy.typing as npt

from ..memory import Memory
from .errors import KallsymsError
from .names import BLOCK, Walk, count_names, derive_markers, walk
from .reading import read_filled, read_number
from .tokens import COUNT, Endian, Tokens

Int64s = npt.NDArray[np.int64]

MAX_SYMBOLS = 4 << 20
"""Symbols; the largest kernels known have 500,000."""

MAX_NAMES = 32 << 20
"""Bytes of `kallsyms_names` (7.3 has 3.4 MB)."""

_SHORTEST, _LONGEST = 2 * BLOCK, 520 * BLOCK
"""Bytes between two markers: a name has 2 bytes at least and KSYM_NAME_LEN and its length bytes at most."""

_SEEN_BACK = (128 << 10, 4 << 20, 16 << 20)
"""Bytes before the token table in which markers are looked for, in turn (seqs_of_names may lie between)."""


@dataclass(frozen=True)
class Tables:
    """The tables of one kallsyms, by their addresses in the layer.

    Attributes:
        endian: byte order of all tables.
        tokens: the token table.
        names: address of `kallsyms_names`.
        data: its bytes.
        walk: every name's place in `data`.
        count: number of symbols.
        num_syms: address of `kallsyms_num_syms`; None where it was not found.
        markers: address of `kallsyms_markers`; None where they were derived from the names.
        markers_end: address behind the markers (or behind the names, without markers).
        marker_size: bytes of a marker, 4 or 8.
        wide: whether lengths from 0x80 on take two bytes.
        problems: what was damaged and how it was replaced.
    """

    endian: Endian
    tokens: Tokens
    names: int
    data: bytes = field(repr=False)
    walk: Walk = field(repr=False)
    count: int
    num_syms: int | None
    markers: int | None
    markers_end: int
    marker_size: int
    wide: bool
    problems: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Markers:
    """A run of numbers that could be the markers: their address, width in bytes and values."""

    address: int
    size: int
    values: Int64s

    @property
    def end(self) -> int:
        return self.address + self.size * len(self.values)


def locate(memory: Memory, tokens: Tokens, places: Mapping[str, int] | None = None) -> Tables:
    """Find names, markers and num_syms around a token table.

    Args:
        memory: the image.
        tokens: the token table.
        places: addresses of tables in the layer, where VMCOREINFO told them, by symbol name.

    Raises:
        KallsymsError: no names fit this token table.
    """
    best: Tables | None = None
    orders: tuple[Endian, ...] = (tokens.endian,) if tokens.endian else ("little", "big")
    for endian in orders:
        for tables in _candidates(memory, tokens, endian, places or {}):
            if not len(tables.walk.broken):
                return _with_token_problem(tables)
            if best is None or len(tables.walk.heads) > len(best.walk.heads):
                best = tables
    if best is None or not len(best.walk.heads):
        raise KallsymsError(f"no symbol names belong to the token table at {tokens.table:#x}")
    return _with_token_problem(best)


def _with_token_problem(tables: Tables) -> Tables:
    if tables.tokens.endian is not None:
        return tables
    problem = "kallsyms_token_index is damaged; it was derived from kallsyms_token_table"
    return replace(tables, problems=(*tables.problems, problem))


def _candidates(
    memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]
) -> Iterator[Tables]:
    """Readings of the memory before a token table, the likelier ones first."""
    found = False
    for markers in _find_markers(memory, tokens, endian):
        for names, num_syms, count in _find_names(memory, markers, endian, places):
            tables = _read_names(memory, tokens, endian, names, num_syms, count, markers)
            if tables is not None and len(tables.walk.broken) <= len(markers.values) // 2:
                found = True
                yield tables
    if not found:
        yield from _without_markers(memory, tokens, endian, places)


def _find_markers(memory: Memory, tokens: Tokens, endian: Endian) -> Iterator[_Markers]:
    """Runs before the token table that start at 0 and grow as markers do, longest first."""
    order = "<" if endian == "little" else ">"
    for reach in _SEEN_BACK:
        low = max(0, tokens.table - reach)
        low += (tokens.table - low) % 8
        data, _ = read_filled(memory, low, tokens.table - low)
        runs: list[_Markers] = []
        for size in (4, 8):
            skip = len(data) % size
            values = np.frombuffer(data, f"{order}u{size}", offset=skip).astype(np.int64)
            runs += [_Markers(low + skip + size * start, size, run) for start, run in _growing_runs(values)]
        runs.sort(key=lambda markers: -len(markers.values))
        yield from runs[:8]


def _growing_runs(values: Int64s) -> Iterator[tuple[int, Int64s]]:
    """(index, values) of every run that starts with 0 and then grows by a block's possible size each time."""
    if len(values) < 2:
        return
    steps = values[1:] - values[:-1]
    good = (steps >= _SHORTEST) & (steps <= _LONGEST)
    stops = np.append(np.flatnonzero(~good), len(steps))
    starts = np.flatnonzero(good & (values[:-1] == 0))
    lengths = stops[np.searchsorted(stops, starts)] - starts + 1
    for chosen in np.argsort(-lengths, kind="stable")[:8]:
        start = int(starts[chosen])
        yield start, values[start : start + int(lengths[chosen])]


def _find_names(
    memory: Memory, markers: _Markers, endian: Endian, places: Mapping[str, int]
) -> Iterator[tuple[int, int | None, int]]:
    """(address of names, address of num_syms or None, number of symbols) that fit a run of markers."""
    blocks, last = len(markers.values), int(markers.values[-1])
    fits = range((blocks - 1) * BLOCK + 1, blocks * BLOCK + 1)
    if "kallsyms_names" in places and "kallsyms_num_syms" in places:
        told = read_number(memory, places["kallsyms_num_syms"], 4, endian)
        if told is not None and told in fits:
            yield places["kallsyms_names"], places["kallsyms_num_syms"], told
    high = markers.address - last
    low = max(0, high - _LONGEST)
    low -= low % 4
    if high <= low or last > MAX_NAMES:
        return
    data, _ = read_filled(memory, low, high - low)
    values = np.frombuffer(data, "<u4" if endian == "little" else ">u4", len(data) // 4)
    for index in np.flatnonzero((values >= fits[0]) & (values <= fits[-1]))[::-1][:64]:
        place, count = low + 4 * int(index), int(values[index])
        for size in (8, 4):
            start = place - (4 if endian == "big" and markers.size == 8 else 0)
            yield start + size, start, count
    for names in _names_by_walking(memory, markers):
        start = names + last
        tail, _ = read_filled(memory, start, min(markers.address - start, _LONGEST))
        count, _ = count_names(tail, 0, BLOCK, True)
        if count:
            yield names, None, (blocks - 1) * BLOCK + count


def _names_by_walking(memory: Memory, markers: _Markers) -> Iterator[int]:
    """Starts of names from which 256 names end at the second marker, though no num_syms says so."""
    last, second = int(markers.values[-1]), int(markers.values[1])
    high = markers.address - last
    low = max(0, high - _LONGEST)
    low -= low % 4
    data, _ = read_filled(memory, low, high - low + second)
    table = np.frombuffer(data + b"\0\0", np.uint8).astype(np.int64)
    starts = np.arange(0, high - low, 4, dtype=np.int64)
    position = starts.copy()
    for _ in range(BLOCK):
        length = table[position]
        length = np.where(length & 0x80, length & 0x7F | table[position + 1] << 7, length) + (length >> 7)
        alive = (length > 0) & (position + length < len(data)) & (position - starts < second)
        starts, position = starts[alive], (position + 1 + length)[alive]
    for start in starts[position - starts == second][::-1][:16]:
        yield low + int(start)


def _read_names(
    memory: Memory,
    tokens: Tokens,
    endian: Endian,
    names: int,
    num_syms: int | None,
    count: int,
    markers: _Markers,
) -> Tables | None:
    """Walk the names by their markers, and keep the reading of length bytes that fits better."""
    size = markers.address - names
    if not 0 < size <= MAX_NAMES or count > MAX_SYMBOLS:
        return None
    data, missing = read_filled(memory, names, size)
    best: tuple[Walk, bool] | None = None
    for wide in (True, False):
        found = walk(data, markers.values, count, wide)
        if best is None or len(found.heads) > len(best[0].heads):
            best = found, wide
        if not len(found.broken):
            break
    assert best is not None
    problems = [f"{missing} bytes of kallsyms_names cannot be read"] if missing else []
    if num_syms is None:
        problems.append(
            "kallsyms_num_syms is damaged; it was derived from kallsyms_markers and kallsyms_names"
        )
    return Tables(
        endian,
        tokens,
        names,
        data,
        best[0],
        count,
        num_syms,
        markers.address,
        markers.end,
        markers.size,
        best[1],
        tuple(problems),
    )


def _without_markers(
    memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]
) -> Iterator[Tables]:
    """Readings in which the markers are made anew from the names."""
    for names, num_syms, count in _counted_names(memory, tokens, endian, places):
        data, _ = read_filled(memory, names, min(tokens.table - names, MAX_NAMES))
        for wide in (True, False):
            markers = derive_markers(data, count, wide)
            blocks = -(-count // BLOCK)
            if len(markers) < blocks:
                continue
            found = walk(data, markers, count, wide)
            end = names + found.end
            if len(found.broken) or not _table_fits(tokens.table - end, count):
                continue
            end = end + -end % 8
            size = 4 if tokens.table - end < 8 * blocks else 8
            problem = "kallsyms_markers are damaged; they were derived from kallsyms_names"
            yield Tables(
                endian,
                tokens,
                names,
                data,
                found,
                count,
                num_syms,
                None,
                end + size * blocks,
                size,
                wide,
                (problem,),
            )
            return


def _table_fits(gap: int, count: int) -> bool:
    """Whether markers (of either width), and seqs_of_names or not, fill the space before the token table."""
    blocks = -(-count // BLOCK)
    sizes = (4 * blocks, 8 * blocks, 4 * blocks + 3 * count)
    return any(size <= gap <= size + 24 for size in sizes)


def _counted_names(
    memory: Memory, tokens: Tokens, endian: Endian, places: Mapping[str, int]
) -> Iterator[tuple[int, int, int]]:
    """(address of names, of num_syms, number of symbols) wherever a number fits the space behind it."""
    if "kallsyms_names" in places and "kallsyms_num_syms" in places:
        count = read_number(memory, places["kallsyms_num_syms"], 4, endian)
        if count is not None and 0 < count <= MAX_SYMBOLS and places["kallsyms_names"] < tokens.table:
            yield places["kallsyms_names"], places["kallsyms_num_syms"], count
    low = max(0, tokens.table - MAX_NAMES // 2)
    low += (tokens.table - low) % 4
    data, _ = read_filled(memory, low, tokens.table - low)
    values = np.frombuffer(data, "<u4" if endian == "little" else ">u4", len(data) // 4).astype(np.int64)
    room = len(data) - 4 * np.arange(len(values), dtype=np.int64)
    likely = np.flatnonzero(
        (values > BLOCK) & (values <= MAX_SYMBOLS) & (values * 4 < room) & (values * 64 > room)
    )
    table = np.frombuffer(data + b"\0\0", np.uint8).astype(np.int64)
    letters = _starts_name(tokens)
    tried = 0
    for size in (8, 4):
        starts = 4 * likely + size
        for start in starts[_walks(table, starts, letters)]:
            tried += 1
            if tried > 32:
                return
            place = int(start) - size
            yield low + int(start), low + place, int(values[place // 4])


def _walks(table: Int64s, starts: Int64s, letters: npt.NDArray[np.bool_]) -> npt.NDArray[np.bool_]:
    """Which of many positions 64 names can be walked from, each of them starting with a type letter."""
    end = len(table) - 2
    position, alive = np.minimum(starts, end), np.ones(len(starts), np.bool_)
    for _ in range(64):
        length = table[position]
        high = length >> 7
        length = np.where(high, length & 0x7F | table[np.minimum(position + 1, end)] << 7, length)
        first = np.minimum(position + 1 + high, end)
        alive &= (length > 0) & letters[table[first]]
        position = np.minimum(first + length, end)
    return alive


def _starts_name(tokens: Tokens) -> npt.NDArray[np.bool_]:
    """Which tokens can start a name: those that start with a type letter, as nm(1) prints them."""
    return np.array([text[:1].isalpha() or text[:1] == b"?" for text in tokens.texts], np.bool_)


def address_tables(tables: Tables) -> list[tuple[str, int, int | None]]:
    """Where the addresses can be: ("offsets" or "addresses", their place, place of relative_base or None)."""
    behind = tables.tokens.index + 2 * COUNT
    found: list[tuple[str, int, int | None]] = []
    for place in dict.fromkeys((behind + -behind % 8, behind + -behind % 4)):
        base = place + 4 * tables.count
        found += [("offsets", place, base + -base % 8), ("offsets", place, None)]
    if tables.num_syms is not None:
        front = tables.num_syms - tables.num_syms % 8
        found.append(("offsets", front - 8 - (4 * tables.count + 7) // 8 * 8, front - 8))
        found.append(("addresses", tables.num_syms - 8 * tables.count, None))
    else:
        front = tables.names - 8 - tables.names % 8
        found.append(("offsets", front - 8 - (4 * tables.count + 7) // 8 * 8, front - 8))
        found.append(("addresses", front - 8 * tables.count, None))
    return [entry for entry in found if entry[1] >= 0]
