# SPDX-License-Identifier: Apache-2.0
"""Flattened files: pieces of another file in the order in which they were written (makedumpfile -F, QEMU).

Each piece has its place in the other file and its length in front of it, both of 64 bits and big-endian; the
first one stands at 4096. What is written twice counts as it was written last. Source of the format:
makedumpfile's IMPLEMENTATION, "The flattened format".
"""

from __future__ import annotations

import heapq
import logging
import struct
from array import array
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from itertools import pairwise

from ..formats import FormatError
from ..segments import MAX_OFFSET, ReadAt, Segment

log = logging.getLogger(__name__)

_PIECE = struct.Struct(">qq")
FIRST, END = 4096, (-1, -1)

SMALLEST, FEW = 4096, 1 << 16
"""Bytes that a piece has on average, at least, in a file of more than so many: writers collect more."""


class Flattened:
    """The file that a flattened one is put together to. It does not change, so that copies may share it.

    Args:
        read_at: reads the flattened file.
        size: of that, in bytes.

    Raises:
        FormatError: it has no pieces, or far too many for its size.

    Attributes:
        size: of the file that the pieces make, in bytes.
    """

    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at = read_at
        starts, lengths, places = _pieces(read_at, size)
        if not starts:
            raise FormatError("a flattened file without content")
        if any(starts[at] + lengths[at] > starts[at + 1] for at in range(len(starts) - 1)):
            starts, lengths, places = _untangled(starts, lengths, places)
        self._starts, self._lengths, self._places = starts, lengths, places
        self.size = starts[-1] + lengths[-1]

    def __deepcopy__(self, memo: object) -> Flattened:
        return self

    def read(self, offset: int, length: int) -> bytes:
        """Read the file that the pieces make: what no piece has is zero, and at its end there is less."""
        end = min(offset + length, self.size)
        pieces, at = [], max(0, offset)
        index = bisect_right(self._starts, at) - 1
        while at < end:
            held = index >= 0 and at < self._starts[index] + self._lengths[index]
            if held:
                skipped = at - self._starts[index]
                wanted = min(end - at, self._lengths[index] - skipped)
                data = self._read_at(self._places[index] + skipped, wanted)
            else:
                wanted = min(end, self._starts[index + 1]) - at
                data = bytes(wanted)
            pieces.append(data)
            at += len(data)
            if len(data) < wanted:
                break
            if index + 1 < len(self._starts) and self._starts[index + 1] <= at:
                index += 1
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def segments(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """Where ranges of memory lie in the flattened file, which have places in the other one."""
        for address, offset, length in segments:
            end = offset + length
            for index in range(max(0, bisect_right(self._starts, offset) - 1), len(self._starts)):
                start = self._starts[index]
                if start >= end:
                    break
                low, high = max(offset, start), min(end, start + self._lengths[index])
                if low < high:
                    yield Segment(address + low - offset, self._places[index] + low - start, high - low)


Columns = tuple["array[int]", "array[int]", "array[int]"]
"""Where pieces start in the other file, how long they are, and where they lie in this one."""


def _pieces(read_at: ReadAt, size: int) -> Columns:
    """The pieces in order of their starts, the earlier written first."""
    found: list[tuple[int, int, int]] = []
    at, most = FIRST, max(FEW, size // SMALLEST)
    while True:
        head = read_at(at, _PIECE.size)
        if len(head) < _PIECE.size:
            log.warning("the flattened file is cut short: what would come behind %#x is missing", at)
            break
        start, length = _PIECE.unpack(head)
        if (start, length) == END:
            break
        if not (0 <= start < MAX_OFFSET and 0 < length < MAX_OFFSET):
            log.warning("the flattened file is damaged at %#x: what lies behind is left out", at)
            break
        at += _PIECE.size
        found.append((start, min(length, size - at), at))
        if len(found) > most:
            raise FormatError(f"a flattened file of {size} bytes in more than {most} pieces")
        at += length
    found = sorted(piece for piece in found if piece[1] > 0)
    columns = zip(*found, strict=True) if found else ((), (), ())
    starts, lengths, places = (array("q", column) for column in columns)
    return starts, lengths, places


def _untangled(starts: array[int], lengths: array[int], places: array[int]) -> Columns:
    """The same without overlap: of what was written twice the later counts, which lies further behind."""
    edges = sorted({*starts, *(start + length for start, length in zip(starts, lengths, strict=True))})
    made: Columns = (array("q"), array("q"), array("q"))
    open_pieces: list[tuple[int, int, int]] = []
    index = 0
    for low, high in pairwise(edges):
        while index < len(starts) and starts[index] == low:
            entry = (-places[index], starts[index], starts[index] + lengths[index])
            heapq.heappush(open_pieces, entry)
            index += 1
        while open_pieces and open_pieces[0][2] <= low:
            heapq.heappop(open_pieces)
        if open_pieces:
            place, start, _ = open_pieces[0]
            for column, value in zip(made, (low, high - low, low - start - place), strict=True):
                column.append(value)
    return made
