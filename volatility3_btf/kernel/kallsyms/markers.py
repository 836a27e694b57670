# SPDX-License-Identifier: Apache-2.0
"""`kallsyms_markers`: the position in the names of every 256th symbol, recognised by how it grows."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...arrays import Int64s
from ...memory.gaps import read_filled
from ...memory.memory import Memory
from .names import BLOCK
from .tokens import Endian

SHORTEST, LONGEST = 2 * BLOCK, 520 * BLOCK
"""Bytes between two markers: a name has 2 bytes at least, KSYM_NAME_LEN and its length bytes at most."""

ALL = (128 << 10, 1 << 20, 4 << 20, 16 << 20)
"""Bytes before the token table in which markers are looked for, in turn: seqs_of_names may lie between, three
bytes a symbol."""

WHOLE = ALL[:3]
"""What is enough where nothing is damaged, for 1,000,000 symbols."""

NEAR = ALL[:2]
"""As far as is enough for 350,000 symbols."""

_MOST = 8

_LONGEST_RUN = 0xFFFF
"""Markers; numbers of 16 bits are sorted in linear time, and more would be of 16 million symbols."""


@dataclass(frozen=True)
class Markers:
    """A run of numbers that could be the markers.

    Attributes:
        address: where it starts in the layer.
        size: bytes of a marker, 4, or 8 up to 4.19.
        values: the markers, the first of which is 0.
    """

    address: int
    size: int
    values: Int64s

    @property
    def end(self) -> int:
        """The address behind the last marker."""
        return self.address + self.size * len(self.values)


def find_markers(
    memory: Memory, table: int, endian: Endian, reaches: Sequence[int] = ALL
) -> Iterator[Markers]:
    """Find runs that start at 0 and grow as markers do before a token table; nearest first, then longest.

    Args:
        memory: the image.
        table: address of the token table in the layer.
        endian: byte order of the tables.
        reaches: how many bytes to look back, in turn.
    """
    order = "<" if endian == "little" else ">"
    seen: set[int] = set()
    for reach in reaches:
        low = max(0, table - reach)
        low += (table - low) % 8
        data, _ = read_filled(memory, low, table - low)
        runs: list[Markers] = []
        for size in (4, 8):
            skip = len(data) % size
            values = np.frombuffer(data, f"{order}u{size}", offset=skip)
            runs += [Markers(low + skip + size * start, size, run) for start, run in _growing_runs(values)]
        runs.sort(key=lambda markers: -len(markers.values))
        for markers in runs[:_MOST]:
            if markers.address not in seen and 2 * len(markers.values) >= len(runs[0].values):
                yield markers
        seen.update(markers.address for markers in runs)


def _growing_runs(values: npt.NDArray[np.unsignedinteger]) -> Iterator[tuple[int, Int64s]]:
    """(index, values) of every run that starts with 0 and then grows by a block's possible size each time.

    Where a number is less than the one before, their difference wraps and is too large.
    """
    if len(values) < 2:
        return
    steps = values[1:] - values[:-1]
    good = steps - SHORTEST <= LONGEST - SHORTEST
    starts = np.flatnonzero(good & (values[:-1] == 0))
    if not len(starts):
        return
    stops = np.append(np.flatnonzero(~good), len(steps))
    lengths = stops[np.searchsorted(stops, starts)] - starts + 1
    shortness = (_LONGEST_RUN - np.minimum(lengths, _LONGEST_RUN)).astype(np.uint16)
    for chosen in np.argsort(shortness, kind="stable")[:_MOST]:
        start = int(starts[chosen])
        yield start, values[start : start + int(lengths[chosen])].astype(np.int64)
