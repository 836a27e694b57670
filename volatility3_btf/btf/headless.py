# SPDX-License-Identifier: Apache-2.0
"""BTF whose header is gone, recognised by its body.

Encoders write the types, then the strings right behind them. The string section has a shape that nothing else
has: names between single NUL bytes, from one NUL byte on. The records before it end exactly where it starts;
followed backwards, every record that leads there is a possible first one. How many records there are follows
from what they say of each other: a FUNC refers to a FUNC_PROTO, an array is indexed by an integer.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .columns import KIND_MASK, KIND_SHIFT, LONGEST, Positions, Words, record_lengths
from .errors import BtfError
from .header import SHORTEST, Endian
from .kinds import COMMON_WORDS, Kind
from .names import MOST as LONGEST_STRINGS
from .types import Types

_FEWEST: Final = 1000
"""Records that must lead to the strings; what has fewer is no kernel's."""

_BEFORE: Final = 64
"""Bytes behind the last sure non-name in which the string section may start."""

_MOST_FIRST: Final = 17
"""One more than the first records that are tried with one number of types."""

_ENOUGH: Final = 4096
"""References of a kind that are looked at to find the number of types."""

_SURE: Final = 0.98
"""Share of references that must point to the right kind for the number of types to be believed."""


@dataclass(frozen=True)
class Headless:
    """A blob made whole again.

    Attributes:
        start: index in the searched bytes at which its header was.
        blob: the blob, with a header made anew.
        types: its types.
    """

    start: int
    blob: bytes
    types: Types


def recover(data: bytes, hit: int) -> Headless:
    """Find the blob around a name in its string section.

    Args:
        data: bytes around it, from before its header to behind its end.
        hit: index in `data` of a byte of the string section.

    Raises:
        BtfError: nothing there is BTF.
    """
    low, high = _names_around(data, hit)
    for strings in _starts(data, low, hit):
        for endian in _orders(data, strings):
            found = _recover(data, strings, high, endian)
            if found is not None:
                return found
    raise BtfError("no type records lead to these names")


def _names_around(data: bytes, hit: int) -> tuple[int, int]:
    """The range of NUL-separated printable text around an index, up to the first NUL that follows another."""
    first = max(0, hit - LONGEST_STRINGS)
    table = np.frombuffer(data, np.uint8, min(len(data), hit + LONGEST_STRINGS) - first, first)
    is_nul = table == 0
    bad = ~is_nul & ((table < 0x20) | (table > 0x7E))
    bad[1:] |= is_nul[1:] & is_nul[:-1]
    at = hit - first
    before, behind = np.flatnonzero(bad[:at]), np.flatnonzero(bad[at:])
    low = first + int(before[-1]) if len(before) else first
    high = first + at + int(behind[0]) if len(behind) else first + len(table)
    end = data.rfind(b"\0", hit, high) + 1
    return low, end or high


def _starts(data: bytes, low: int, hit: int) -> Iterator[int]:
    """Where the string section may start: NUL bytes at the lower end of the names."""
    at = data.find(b"\0", max(0, low - 1), hit)
    while 0 <= at < low + _BEFORE:
        yield at
        at = data.find(b"\0", at + 1, hit)


def _orders(data: bytes, strings: int) -> tuple[Endian, ...]:
    """Byte orders to try, the likelier one first: small numbers have their zeros at one end."""
    length = min(strings, 4096) // 4 * 4
    words = np.frombuffer(data, np.uint8, length, strings - length).reshape(-1, 4)
    little = np.count_nonzero(words[:, 3] == 0) >= np.count_nonzero(words[:, 0] == 0)
    return ("little", "big") if little else ("big", "little")


def _recover(data: bytes, strings: int, end: int, endian: Endian) -> Headless | None:
    """The blob whose strings start at an index, if records lead there."""
    low = max(strings % 4, strings - LONGEST)
    low += (strings - low) % 4
    order = "<u4" if endian == "little" else ">u4"
    words = np.frombuffer(data, order, (strings - low) // 4, low).astype(np.uint32)
    left = _records_left(words)
    if not left.any() or int(left.max()) < _FEWEST:
        return None
    count = _count_types(words, left)
    for place in np.flatnonzero(left == count)[:-_MOST_FIRST:-1].tolist() if count else ():
        start = low + 4 * place - SHORTEST
        types_len, strings_len = strings - low - 4 * place, end - strings
        fields = (0xEB9F, 1, 0, SHORTEST, 0, types_len, types_len, strings_len)
        blob = (
            struct.pack(("<" if endian == "little" else ">") + "HBB5I", *fields) + data[low + 4 * place : end]
        )
        try:
            types = Types(blob)
        except BtfError:
            continue
        if not types.strings.count_inner(types.columns.name_off):
            return Headless(start, blob, types)
    return None


def _records_left(words: Words) -> NDArray[np.int32]:
    """For each word, how many records there are if one starts there and the last ends with them; else 0."""
    size = len(words)
    following = np.full(size + 1, size + 1, np.int64)
    lengths = record_lengths(words)
    following[: len(lengths)] = np.where(lengths > 0, np.arange(len(lengths)) + lengths, size + 1)
    following[following > size] = size + 1
    following = np.append(following, size + 1)
    following[size] = size
    steps = (np.arange(size + 2) < size).astype(np.int32)
    while True:
        further = following[following]
        if (further == following).all():
            break
        steps += np.where(following < size, steps[following], 0)
        following = further
    return np.where(following[:size] == size, steps[:size], 0).astype(np.int32)


def _count_types(words: Words, left: NDArray[np.int32]) -> int:
    """The number of types with which FUNCs refer to FUNC_PROTOs and arrays have integer indexes; or 0."""
    chain = _main_chain(words, left)
    kinds = (words[chain + 1] >> KIND_SHIFT & KIND_MASK).astype(np.uint8)
    total = len(chain)
    best = (0.0, 0)
    wanted = []
    for kind, target, at in ((Kind.FUNC, Kind.FUNC_PROTO, 2), (Kind.ARRAY, Kind.INT, COMMON_WORDS + 1)):
        places = chain[kinds == kind]
        places = places[:: len(places) // _ENOUGH + 1]
        wanted.append((words[places + at].astype(np.int64), int(target)))
    for count in sorted(range(max(1, total - 4096), total + 4096), key=lambda number: abs(number - total)):
        right = seen = 0
        for ids, kind_number in wanted:
            rows = ids - 1 - (count - total)
            inside = (rows >= 0) & (rows < total) & (ids > 0)
            seen += int(np.count_nonzero(inside))
            right += int(np.count_nonzero(kinds[rows[inside]] == kind_number))
        if seen >= 16 and right / seen > best[0]:
            best = right / seen, count
            if best[0] >= 0.9999:
                break
    return best[1] if best[0] >= _SURE else 0


def _main_chain(words: Words, left: NDArray[np.int32]) -> Positions:
    """The records from the earliest possible first one on; later ones join them soon."""
    first = int(np.argmax(left))
    lengths = record_lengths(words)
    places, at = [], first
    table = lengths.tolist()
    while at < len(words) and left[at]:
        places.append(at)
        at += table[at]
    return np.array(places, np.int64)
