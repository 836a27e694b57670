# SPDX-License-Identifier: Apache-2.0
"""The names of kallsyms as a stream of bytes, of which it is not known where names start.

A name ends where its length says, so a name that starts at a byte leads to the next one. Followed for all
bytes at once, and then twice as far each time, 256 names take eight steps whatever is in the bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ...arrays import Int32s, Int64s

_PIECE = 1 << 16

_SLIPS = 2
"""Names without a type letter, above one in ten, that a few may have by chance."""


class Stream:
    """Where the names end that start at each byte.

    Args:
        data: the bytes, fewer than 2**31.
        wide: whether a length byte from 0x80 on is followed by a second one (6.1 and later).
    """

    def __init__(self, data: bytes, wide: bool) -> None:
        self._data, self._wide = data, wide
        self._ends: dict[int, Int32s] = {}

    def ends(self, names: int) -> Int32s:
        """For each byte, the position behind the names that follow from there.

        Args:
            names: how many, a power of two.

        Returns:
            Positions; that of the end of the data if one of the names has no length, or does not end before.
        """
        known = max((number for number in self._ends if number <= names), default=1)
        ends = self._ends.get(known)
        if ends is None:
            ends = _first_ends(self._data, self._wide)
        while known < names:
            ends, known = _twice(ends), 2 * known
        self._ends[names] = ends
        return ends


def _first_ends(data: bytes, wide: bool) -> Int32s:
    size = len(data)
    table = np.frombuffer(data + b"\0\0", np.uint8)
    ends = np.full(size + 1, size, np.int32)
    for low in range(0, size, _PIECE):
        high = min(low + _PIECE, size)
        length = table[low:high].astype(np.int32)
        after = np.arange(low + 1, high + 1, dtype=np.int32)
        if wide:
            is_long = length >> 7
            second = table[low + 1 : high + 1].astype(np.int32) << 7
            length = np.where(is_long, length & 0x7F | second, length)
            after += is_long
        after += length
        ends[low:high] = np.where((length > 0) & (after < size), after, size)
    return ends


def _twice(ends: Int32s) -> Int32s:
    """Go twice as far, a piece at a time: what is read then stays in the processor's cache."""
    found = np.empty_like(ends)
    for low in range(0, len(ends), _PIECE):
        np.take(ends, ends[low : low + _PIECE], out=found[low : low + _PIECE], mode="clip")
    return found


def lengths(data: bytes, starts: Int64s, most: Int64s, letters: npt.NDArray[np.bool_], names: int) -> Int64s:
    """How many bytes names take that begin with a type letter, as nearly all of a kernel's do.

    All starts are followed at once, a name a step; most of what are no names is dropped after a few.

    Args:
        data: the bytes, fewer than 2**31.
        starts: positions in them.
        most: how many bytes the names may take, for each start.
        letters: for each of the 256 tokens, whether its text may begin a name.
        names: how many names are followed; lengths from 0x80 on take two bytes.

    Returns:
        For each start the bytes, 0 where there are no such names.
    """
    table = np.frombuffer(data + bytes(4), np.uint8)
    left = np.arange(len(starts))
    at, end, spoken = starts.copy(), np.minimum(starts + most, len(data) - 1), np.zeros(len(starts), np.int64)
    kept = at <= end
    for step in range(1, names + 1):
        left, at, end, spoken = left[kept], at[kept], end[kept], spoken[kept]
        length, heads = table[at].astype(np.int64), at + 1
        is_long = length >> 7
        length = np.where(is_long, length & 0x7F | table[heads].astype(np.int64) << 7, length)
        heads += is_long
        spoken += letters[table[heads]]
        at = heads + length
        kept = (length > 0) & (at <= end) & (10 * spoken >= 9 * step - 10 * _SLIPS)
    found = np.zeros(len(starts), np.int64)
    found[left[kept]] = at[kept] - starts[left[kept]]
    return found
