# SPDX-License-Identifier: Apache-2.0
"""A raw image that can be damaged in memory and made whole again, without a copy on disk."""

from __future__ import annotations

import mmap
import shutil
from collections.abc import Iterable, Iterator
from pathlib import Path

from volatility3_btf.memory.memory import Memory, Piece, Run, Window

PAGE = 4096


class Overlay(Memory):
    """A raw image; its bytes may be changed, and pages taken away, for this process only.

    Args:
        path: the image, whose file stays as it is.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_COPY)
        self._path = path
        self._changed: dict[int, bytes] = {}
        self._whole = [Run(0, len(self._map))]
        super().__init__(self._whole)

    @property
    def pages(self) -> int:
        """How many pages the image has."""
        return len(self._map) // PAGE

    def write(self, offset: int, data: bytes) -> None:
        """Change bytes, whatever page they lie in."""
        for page in range(offset // PAGE, -(-(offset + len(data)) // PAGE)):
            start = page * PAGE
            self._changed.setdefault(page, self._map[start : start + PAGE])
        self._map[offset : offset + len(data)] = data

    def save(self, path: Path) -> None:
        """Write the image with its changes to a file."""
        shutil.copyfile(self._path, path)
        with path.open("r+b") as file:
            for page in self._changed:
                file.seek(page * PAGE)
                file.write(self._map[page * PAGE : (page + 1) * PAGE])

    def blank(self, pages: Iterable[int]) -> None:
        """Fill pages with zeros."""
        for page in pages:
            self.write(page * PAGE, bytes(PAGE))

    def remove(self, pages: Iterable[int]) -> None:
        """Take pages out of the image, as where a tool could not read them."""
        runs, start = [], 0
        for page in sorted(set(pages)):
            if page * PAGE > start:
                runs.append(Run(start, page * PAGE - start))
            start = (page + 1) * PAGE
        if start < len(self._map):
            runs.append(Run(start, len(self._map) - start))
        super().__init__(runs)

    def restore(self) -> None:
        """Make the image whole again."""
        for page, data in self._changed.items():
            self._map[page * PAGE : page * PAGE + len(data)] = data
        self._changed.clear()
        super().__init__(self._whole)

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        return self._map[offset : offset + length]

    def _walk(self, run: Run, piece: Piece, overlap: int) -> Iterator[Window]:
        yield Window(
            piece.start,
            memoryview(self._map)[piece.start : min(piece.stop + overlap, piece.end)],
            0,
            piece.stop - piece.start,
        )
