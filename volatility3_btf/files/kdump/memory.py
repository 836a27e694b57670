# SPDX-License-Identifier: Apache-2.0
"""The memory in a kdump: what its pages hold, searched without the pages of zeros."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from ...memory.memory import Piece, Run, UnreadableError
from ..image_memory import ImageMemory

if TYPE_CHECKING:
    from .dump import Kdump


class KdumpMemory(ImageMemory):
    """Memory whose pages a kdump holds.

    Args:
        dump: the kdump.
        descriptor: of the file, if it is to be closed with the memory.
        owns: whether the files of the dump's other parts are to be closed with it, too.
    """

    def __init__(self, dump: Kdump, descriptor: int = -1, owns: bool = False) -> None:
        super().__init__(dump.runs)
        self.dump, self.processors = dump, dump.processors
        self._file, self._owns = descriptor, owns

    @property
    def size(self) -> int:
        """How many bytes the image holds."""
        return sum(self.dump.runs.lengths)

    def close(self) -> None:
        """Close the files. Reading afterwards raises UnreadableError."""
        super().close()
        if self._owns:
            self.dump.close()

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        try:
            return self.dump.pages.read(offset, length)
        except OSError as error:
            raise UnreadableError(offset, error.strerror or "cannot be read") from error

    def _cut(self, run: Run, start: int, stop: int, overlap: int) -> Iterator[Piece]:
        """The parts that are not pages of zeros, and of these as much as a match may reach into."""
        before = start
        for data, hole in self.dump.pages.filled(start, stop):
            low, high = max(before, data - overlap), min(stop, hole + overlap)
            yield Piece(run, low, hole, high)
            before = hole
