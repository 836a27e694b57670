# SPDX-License-Identifier: Apache-2.0
"""The kallsyms tables: what lies where.

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

from dataclasses import dataclass, field

from ...memory.gaps import read_filled
from .attempt import Attempt
from .markers import Markers
from .names import BLOCK, Walk, count_names, walk
from .tokens import COUNT, Endian, Tokens

MAX_SYMBOLS = 1 << 20
"""Symbols; the largest kernels known have 500,000."""

MAX_NAMES = 32 << 20
"""Bytes of `kallsyms_names` (7.3 has 3.4 MB)."""

_SAMPLES = 24

_AT_ONCE = 4
"""Names that are walked over from all markers at once in the time that one by one takes for one."""


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
        wide: whether lengths from 0x80 on take two bytes.
        word: bytes of num_syms and of a marker: 4, or 8 up to 4.19.
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
    wide: bool
    problems: tuple[str, ...] = ()
    word: int = 4


def read_names(
    attempt: Attempt, endian: Endian, names: int, num_syms: int | None, count: int, markers: Markers
) -> Tables | None:
    """Walk the names by their markers, and keep the reading of length bytes that fits better.

    Args:
        attempt: the search, which is told how many names were walked over.
        endian: byte order.
        names: address of `kallsyms_names` in the layer.
        num_syms: address of `kallsyms_num_syms` in the layer; None if it is damaged.
        count: number of symbols.
        markers: the markers, which lie behind the names.

    Returns:
        The tables, or None if no block of names ends where the next one should start.
    """
    size = markers.address - names
    is_room = 0 < size <= MAX_NAMES and count <= MAX_SYMBOLS
    if not is_room or not some_block_fits(attempt, names, markers):
        return None
    if count > attempt.most:
        attempt.has_more = True
        return None
    data, missing = read_filled(attempt.memory, names, size)
    ends = range(size - 15, size + 1)
    found, wide = walk(data, markers.values, count, True, ends), True
    attempt.walk(count // _AT_ONCE)
    if len(found.broken):
        narrow = walk(data, markers.values, count, False, ends)
        attempt.walk(count // _AT_ONCE)
        if len(narrow.heads) > len(found.heads):
            found, wide = narrow, False
    problems = [f"{missing} bytes of kallsyms_names cannot be read"] if missing else []
    if num_syms is None:
        problems.append("kallsyms_num_syms is damaged; it was derived from markers and names")
    at, word = markers.address, markers.size
    tokens = attempt.tokens
    return Tables(endian, tokens, names, data, found, count, num_syms, at, wide, tuple(problems), word)


def some_block_fits(attempt: Attempt, names: int, markers: Markers) -> bool:
    """Whether at least one of a sample of blocks of names ends where the next one starts; a cheap look.

    Args:
        attempt: the search, which is told how many names were walked over.
        names: address of `kallsyms_names` in the layer.
        markers: where its blocks start.
    """
    blocks = len(markers.values) - 1
    for block in range(0, blocks, max(1, blocks // _SAMPLES)):
        start, end = int(markers.values[block]), int(markers.values[block + 1])
        data, _ = read_filled(attempt.memory, names + start, end - start)
        for wide in (True, False):
            count, size = count_names(data, 0, BLOCK, wide)
            attempt.walk(count)
            if (count, size) == (BLOCK, end - start):
                return True
    return blocks < 1


def index_places(tables: Tables) -> tuple[int, ...]:
    """Where `kallsyms_token_index` lies; two places where it is damaged, for either alignment."""
    index = tables.tokens.index
    return (index,) if tables.tokens.endian else (index, index - 4)


def address_tables(tables: Tables) -> list[tuple[str, int, int | None]]:
    """Where the addresses can be: ("offsets" or "addresses", their place, place of relative_base or None)."""
    found: list[tuple[str, int, int | None]] = []
    behind = [index + 2 * COUNT for index in index_places(tables)]
    for place in dict.fromkeys(end + -end % step for end in behind for step in (8, 4)):
        base = place + 4 * tables.count
        found += [("offsets", place, base + -base % 8), ("offsets", place, None)]
    front = tables.names - 8 if tables.num_syms is None else tables.num_syms
    front -= front % 8
    found.append(("offsets", front - 8 - (4 * tables.count + 7) // 8 * 8, front - 8))
    found.append(("addresses", front - 8 * tables.count, None))
    return [entry for entry in found if entry[1] >= 0]
