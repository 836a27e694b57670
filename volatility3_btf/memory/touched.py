# SPDX-License-Identifier: Apache-2.0
"""What of an image was read, and whether it still holds the same."""

from __future__ import annotations

import hashlib
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Final

from .memory import PAGE, Memory, Passed, Piece, Run, UnreadableError, Window
from .registers import Processor

_AT_ONCE: Final = 1 << 20
"""Bytes that are hashed at a time."""


class TouchedMemory(Memory):
    """Another memory that keeps which pages were read of it; what was only searched does not count.

    Attributes:
        memory: the other one.
    """

    def __init__(self, memory: Memory) -> None:
        super().__init__(memory.runs)
        self.memory = memory
        self._stamp = memory.stamp()
        self._pages: set[int] = set()

    def stamp(self) -> tuple[int, ...] | None:
        """The other memory's stamp as it was before anything was read."""
        return self._stamp

    @property
    def processors(self) -> Sequence[Processor]:  # type: ignore[override]
        """The processors' registers."""
        return self.memory.processors

    @property
    def touched(self) -> list[Run]:
        """What was read, as whole pages as far as the image holds them, by address."""
        pages = Run(0, 0)
        found: list[Run] = []
        for page in sorted(self._pages):
            if pages.length and pages.end == page * PAGE:
                pages = Run(pages.start, pages.length + PAGE)
                continue
            found.append(pages)
            pages = Run(page * PAGE, PAGE)
        return list(self._held([*found, pages]))

    def _held(self, runs: Iterable[Run]) -> Iterator[Run]:
        """The parts of some runs that the image holds."""
        for run in runs:
            for held in self._runs_from(run.start):
                start, end = max(run.start, held.start), min(run.end, held.end)
                if start >= run.end:
                    break
                yield Run(start, end - start)

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        if length:
            self._pages.update(range(offset // PAGE, (offset + length - 1) // PAGE + 1))
        return self.memory._read(run, offset, length)

    def _cut(self, run: Run, start: int, stop: int, overlap: int) -> Iterator[Piece]:
        return self.memory._cut(run, start, stop, overlap)

    def _walk(self, run: Run, piece: Piece, overlap: int) -> Iterator[Window]:
        return self.memory._walk(run, piece, overlap)

    def _searched(
        self, needles: Sequence[bytes], start: int, stop: int, most: int
    ) -> Generator[Passed, None, None]:
        return self.memory._searched(needles, start, stop, most)


def digest_of_runs(memory: Memory, runs: Iterable[Run]) -> str:
    """Hexadecimal SHA-256 of what a memory holds in some runs; what cannot be read is hashed as that."""
    digest = hashlib.sha256()
    for run in runs:
        digest.update(b"%d %d\n" % (run.start, run.length))
        for start in range(run.start, run.end, _AT_ONCE):
            try:
                digest.update(memory.read(start, min(_AT_ONCE, run.end - start)))
            except UnreadableError as error:
                digest.update(b"unreadable at %d\n" % error.offset)
    return digest.hexdigest()
