# SPDX-License-Identifier: Apache-2.0
"""Which pages a kdump file has, and which of them in order each is: its bitmap, counted in groups.

The index is the bitmap itself and a count for every 512 pages; what is known of a page beyond that is read
from the file when somebody asks. So it takes 1.125 bits a page: 36 MiB for a machine of 1 TiB.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

GROUP = 64
"""Bytes of bitmap that are counted together."""

PART = 1 << 17
"""Bytes of bitmap that are looked at together."""

_ONES = np.array([number.bit_count() for number in range(256)], dtype=np.uint16)


class PageIndex:
    """The pages that a bitmap says are there; a byte's lowest bit is its first page.

    Args:
        bitmap: a bit for each page.
        pages: how many bits of it count.

    Attributes:
        count: how many pages are there.
    """

    def __init__(self, bitmap: bytes, pages: int) -> None:
        self.pages = pages
        size = min(len(bitmap), -(-pages // 8))
        kept = bytearray(bitmap[:size])
        if pages < size * 8:
            kept[-1] &= (1 << pages % 8) - 1
        self._bits = bytes(kept) + bytes(-size % GROUP)
        self._before = _counted(self._bits)
        self.count = int(self._before[-1])

    def holds(self, page: int) -> bool:
        """Whether a page is there."""
        return 0 <= page < len(self._bits) * 8 and bool(self._bits[page >> 3] >> (page & 7) & 1)

    def rank(self, page: int) -> int:
        """How many pages are there in front of one."""
        page = max(0, min(page, len(self._bits) * 8))
        group, left = divmod(page, GROUP * 8)
        if not left:
            return int(self._before[group])
        start = group * GROUP
        bits = int.from_bytes(self._bits[start : start + GROUP], "little")
        return int(self._before[group]) + (bits & (1 << left) - 1).bit_count()

    def rows(self, first: int, last: int) -> NDArray[np.int64]:
        """The numbers of the pages that are there in [first, last), ascending."""
        start = max(0, first) >> 3
        part = np.frombuffer(self._bits, np.uint8)[start : max(start, -(-last // 8))]
        pages = np.flatnonzero(np.unpackbits(part, bitorder="little")) + start * 8
        return pages[(pages >= first) & (pages < last)]

    def runs(self) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
        """Pages that follow each other: the first, and the one behind the last; ascending, part by part.

        What goes on across two parts of the bitmap is two runs that touch.
        """
        bits = np.frombuffer(self._bits, np.uint8)
        for start in range(0, len(bits), PART):
            part = bits[start : start + PART]
            if not part.any():
                continue
            edges = np.diff(np.unpackbits(part, bitorder="little").view(np.int8), prepend=0, append=0)
            yield np.flatnonzero(edges == 1) + start * 8, np.flatnonzero(edges == -1) + start * 8

    def lacks(self, bitmap: bytes, start: int) -> int:
        """How many pages are in a part of another bitmap, from its byte `start` on, and not in this one."""
        mine = np.frombuffer(self._bits[start : start + len(bitmap)].ljust(len(bitmap), b"\0"), np.uint8)
        theirs = PageIndex(bitmap, max(0, self.pages - start * 8))._bits[: len(bitmap)]
        held = np.frombuffer(theirs.ljust(len(bitmap), b"\0"), np.uint8)
        return int(_ONES[held & ~mine].sum(dtype=np.int64))


def _counted(bits: bytes) -> NDArray[np.int64]:
    """How many bits are set in front of each group, and at the end in all of them."""
    data = np.frombuffer(bits, np.uint8)
    counts = [np.zeros(1, np.int64)]
    for start in range(0, len(data), PART):
        part = data[start : start + PART]
        counts.append(_ONES[part].reshape(-1, GROUP).sum(axis=1, dtype=np.int64))
    return np.cumsum(np.concatenate(counts))
