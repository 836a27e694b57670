# SPDX-License-Identifier: Apache-2.0
"""The names of kallsyms as a stream of bytes, of which it is not known where names start.

A name ends where its length says, so a name that starts at a byte leads to the next one. Followed for all
bytes at once, and then twice as far each time, 256 names take eight steps whatever is in the bytes.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Int32s = npt.NDArray[np.int32]

_PIECE = 1 << 16


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
