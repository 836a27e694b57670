# SPDX-License-Identifier: Apache-2.0
"""Ranges of addresses that an image holds without a gap: as objects, or in columns where they are many."""

from __future__ import annotations

from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import overload


@dataclass(frozen=True, slots=True, order=True)
class Run:
    """A range of addresses that the image holds without a gap.

    Attributes:
        start: the first address, in the physical layer.
        length: bytes, more than 0.
    """

    start: int
    length: int

    @property
    def end(self) -> int:
        """The first address behind the run."""
        return self.start + self.length


class RunColumns(Sequence[Run]):
    """Very many runs, in order of address and without overlap: an object is made of one that is asked for.

    Args:
        starts: their first addresses, ascending.
        lengths: in bytes.
    """

    def __init__(self, starts: array[int], lengths: array[int]) -> None:
        self.starts, self.lengths = starts, lengths

    def __len__(self) -> int:
        return len(self.starts)

    @overload
    def __getitem__(self, index: int) -> Run: ...
    @overload
    def __getitem__(self, index: slice) -> RunColumns: ...
    def __getitem__(self, index: int | slice) -> Run | RunColumns:
        if isinstance(index, slice):
            return RunColumns(self.starts[index], self.lengths[index])
        return Run(self.starts[index], self.lengths[index])

    def __iter__(self) -> Iterator[Run]:
        return map(Run, self.starts, self.lengths)


def tidy_runs(runs: Iterable[Run]) -> tuple[Run, ...]:
    """Sort runs by address and cut away what overlaps; the earlier start wins."""
    tidy: list[Run] = []
    for run in sorted(runs):
        start = max(run.start, tidy[-1].end) if tidy else run.start
        if run.end > start:
            tidy.append(Run(start, run.end - start))
    return tuple(tidy)


def lies_in(address: int, runs: Iterable[Run]) -> bool:
    """Whether an address is in one of some runs."""
    return any(run.start <= address < run.end for run in runs)
