# SPDX-License-Identifier: Apache-2.0
"""Finding the kallsyms tables from the token table outwards."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

import numpy as np

from ...memory.gaps import read_filled
from ...memory.memory import Memory
from ..errors import KallsymsError, TooManySymbolsError
from . import rebuild
from .attempt import Attempt
from .markers import ALL, LONGEST, WHOLE, Markers, find_markers
from .names import BLOCK
from .rebuild import told_count
from .tables import MAX_NAMES, MAX_SYMBOLS, Tables, read_names
from .tokens import COUNT, Endian, Tokens

_FEWEST = 32
"""At least one of so many names must be whole."""

_MOST_COUNTS = 64


def locate(
    memory: Memory,
    tokens: Tokens,
    places: Mapping[str, int] | None = None,
    thorough: bool = True,
    most: int = MAX_SYMBOLS,
) -> Tables:
    """Find names, markers and num_syms around a token table.

    Args:
        memory: the image.
        tokens: the token table.
        places: addresses of tables in the layer, where VMCOREINFO told them, by symbol name.
        thorough: whether to go on where num_syms or the markers are damaged; takes up to a second.
        most: how many symbols are read at most.

    Raises:
        KallsymsError: no names fit this token table.
        TooManySymbolsError: more than are wanted do.
    """
    attempt = Attempt(memory, tokens, places or {}, most, thorough)
    orders: tuple[Endian, ...] = (tokens.endian,) if tokens.endian else ("little", "big")
    best: Tables | None = None
    for stage in (_by_numbers, rebuild.by_walking, rebuild.by_names)[: 3 if thorough else 1]:
        for tables in stage(attempt, orders):
            if best is None or len(tables.walk.heads) > len(best.walk.heads):
                best = tables
        if best is not None and 4 * len(best.walk.heads) >= best.count:
            break
    if best is None or not _speaks(best):
        where = f"belong to the token table at {tokens.table:#x}"
        if attempt.has_more:
            raise TooManySymbolsError(f"more than {most} symbol names {where}")
        raise KallsymsError(f"no symbol names {where}")
    return replace(best, problems=(*_token_problems(tokens), *best.problems))


def _by_numbers(attempt: Attempt, orders: Sequence[Endian]) -> Iterator[Tables]:
    """Readings with markers and num_syms whole: the first that most names agree with is the only one."""
    for endian in orders:
        for tables, count in _readings(attempt, endian):
            if tables is not None and len(tables.walk.heads):
                yield tables
                if 2 * len(tables.walk.heads) >= count:
                    break


def _readings(attempt: Attempt, endian: Endian) -> Iterator[tuple[Tables | None, int]]:
    """What each run of markers and each number that fits it give, with that number."""
    reaches = ALL if attempt.thorough else WHOLE
    for markers in find_markers(attempt.memory, attempt.tokens.table, endian, reaches):
        for names, num_syms, count in find_names(attempt, markers, endian):
            if attempt.is_over:
                return
            yield read_names(attempt, endian, names, num_syms, count, markers), count


def find_names(attempt: Attempt, markers: Markers, endian: Endian) -> Iterator[tuple[int, int, int]]:
    """(address of names, address of num_syms, number of symbols) that fit a run of markers.

    Args:
        attempt: the search.
        markers: the markers, which lie behind the names.
        endian: byte order of num_syms.
    """
    blocks, last = len(markers.values), int(markers.values[-1])
    fits = range((blocks - 1) * BLOCK + 1, blocks * BLOCK + 1)
    told = told_count(attempt, endian)
    if told is not None and told[2] in fits:
        yield told
        return
    high = markers.address - last
    low = max(0, high - LONGEST)
    low -= low % 4
    if high <= low or last > MAX_NAMES:
        return
    data, _ = read_filled(attempt.memory, low, high - low)
    values = np.frombuffer(data, "<u4" if endian == "little" else ">u4", len(data) // 4)
    for index in np.flatnonzero((values >= fits[0]) & (values <= fits[-1]))[::-1][:_MOST_COUNTS]:
        place, count = low + 4 * int(index), int(values[index])
        start = place - (4 if endian == "big" and markers.size == 8 else 0)
        for size in (8, 4):
            yield start + size, start, count


def _speaks(tables: Tables) -> bool:
    """Whether what was read is names at all: enough of them, and each starts with a type letter of nm(1)."""
    found = tables.walk
    if len(found.heads) < max(BLOCK, tables.count // _FEWEST):
        return False
    first = np.frombuffer(tables.data, np.uint8)[np.minimum(found.tokens, len(tables.data) - 1)]
    return bool(np.count_nonzero(tables.tokens.letters[first]) > 0.9 * len(first))


def _token_problems(tokens: Tokens) -> Iterator[str]:
    if tokens.lost:
        yield f"{len(tokens.lost)} of {COUNT} tokens are lost: kallsyms_token_table is damaged"
    if tokens.endian is None:
        yield "kallsyms_token_index is damaged; it was derived from kallsyms_token_table"
