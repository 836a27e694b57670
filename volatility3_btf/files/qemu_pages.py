# SPDX-License-Identifier: Apache-2.0
"""Memory that lies in a file page by page, in any order, as a migration stream has it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..memory.memory import UnreadableError
from .segments import ReadAt

NEAR = 1 << 14
"""Bytes; pages of memory that are no further apart in the file are read together."""


@dataclass(frozen=True)
class Stream:
    """Where a guest's memory lies in a stream. It does not change, so that copies may share it.

    Attributes:
        machine: QEMU's name of it, "" where the stream has none.
        page_size: in bytes.
        addresses: physical addresses of the pages that are there, ascending.
        places: where each lies in the file; of a page that is one byte over and over, -1 - its value.
        is_whole: whether the stream goes on to the end of memory.
    """

    machine: str
    page_size: int
    addresses: NDArray[np.int64]
    places: NDArray[np.int64]
    is_whole: bool

    def __deepcopy__(self, memo: object) -> Stream:
        return self

    def runs(self) -> list[tuple[int, int]]:
        """What is there without a gap: start and length, ascending."""
        if not len(self.addresses):
            return []
        gaps = np.flatnonzero(np.diff(self.addresses) != self.page_size) + 1
        starts = self.addresses[np.concatenate(([0], gaps))]
        ends = self.addresses[np.concatenate((gaps - 1, [-1]))] + self.page_size
        return list(zip(starts.tolist(), (ends - starts).tolist(), strict=True))

    def holds(self, address: int, length: int) -> bool:
        """Whether all of a range of memory is there."""
        if length <= 0 or address < 0:
            return False
        first = int(np.searchsorted(self.addresses, address - address % self.page_size))
        last = first + (address % self.page_size + length - 1) // self.page_size
        if last >= len(self.addresses) or self.addresses[first] != address - address % self.page_size:
            return False
        return bool(self.addresses[last] - self.addresses[first] == (last - first) * self.page_size)

    def read(self, read_at: ReadAt, address: int, length: int) -> bytes:
        """Read memory that lies within one run.

        Raises:
            UnreadableError: the file is shorter than it was.
        """
        skipped = address % self.page_size
        first = int(np.searchsorted(self.addresses, address - skipped))
        count = -(-(skipped + length) // self.page_size)
        pieces = list(self._pages(read_at, self.places[first : first + count].tolist()))
        if len(pieces) < count or any(len(piece) < self.page_size for piece in pieces):
            raise UnreadableError(address, "the file has become shorter")
        whole = pieces[0] if count == 1 else b"".join(pieces)
        return whole[skipped : skipped + length]

    def _pages(self, read_at: ReadAt, places: list[int]) -> Iterator[bytes]:
        """The bytes of pages; what lies close together in the file is read at once."""
        start, end, held = 0, 0, b""
        for number, place in enumerate(places):
            if place < 0:
                yield bytes((-1 - place,)) * self.page_size
                continue
            if not start <= place <= end - self.page_size:
                start, end = place, place + self.page_size
                for later in places[number + 1 :]:
                    if later >= 0:
                        if not end <= later <= end + NEAR:
                            break
                        end = later + self.page_size
                held = read_at(start, end - start)
            yield held[place - start : place - start + self.page_size]
