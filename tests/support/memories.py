# SPDX-License-Identifier: Apache-2.0
"""Memories that fail, and the plain way to do what `Memory` does fast."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from volatility3_btf.memory.memory import Run, SegmentedMemory, UnreadableError


class Holey(SegmentedMemory):
    """Memory of which some ranges of addresses cannot be read.

    Args:
        segments: (address, bytes) pairs.
        bad: (first address, first address behind it) pairs.
        exact: whether errors name the first bad byte, or only the start of what was asked for.
    """

    def __init__(
        self, segments: Iterable[tuple[int, bytes]], bad: Iterable[tuple[int, int]], exact: bool = True
    ) -> None:
        super().__init__(segments)
        self.bad, self.exact = sorted(bad), exact
        self.reads = 0

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        self.reads += 1
        for low, high in self.bad:
            if offset < high and low < offset + length:
                raise UnreadableError(max(low, offset) if self.exact else offset, "a bad page")
        return super()._read(run, offset, length)


def islands(segments: Iterable[tuple[int, bytes]]) -> list[tuple[int, bytes]]:
    """The segments in order, those that touch joined."""
    joined: list[tuple[int, bytes]] = []
    for start, data in sorted(segments):
        if joined and joined[-1][0] + len(joined[-1][1]) == start:
            joined[-1] = (joined[-1][0], joined[-1][1] + data)
        elif data:
            joined.append((start, data))
    return joined


def occurrences(segments: Iterable[tuple[int, bytes]], needle: bytes) -> Iterator[int]:
    """Every address at which the needle lies, found one byte at a time."""
    for start, data in islands(segments):
        for index in range(len(data)):
            if data.startswith(needle, index):
                yield start + index
