# SPDX-License-Identifier: Apache-2.0
"""What can be read of a memory image: runs of bytes at physical addresses.

A `Memory` knows nothing of the image's format (`images` opens files, `vol` adapts Volatility's layers). It
hands out bytes in three ways: `read` copies an exact range, `windows` walks over everything there is, `find`
and `search` look for byte strings (at memory speed where a plain file lies behind it).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Generator, Iterable, Iterator, Sequence
from contextlib import closing
from typing import NamedTuple

from .progress import Progress as Progress
from .progress import Teller
from .registers import Processor
from .runs import Run as Run
from .runs import RunColumns
from .runs import lies_in as lies_in
from .runs import tidy_runs as tidy_runs
from .search_worker import Found, matches

log = logging.getLogger(__name__)

CHUNK = 4 << 20
"""Bytes that are copied at a time where nothing can be mapped."""

PAGE = 4096
"""The grain, in bytes, at which unreadable memory is stepped over."""


class UnreadableError(Exception):
    """Bytes that the image does not hold, or that could not be read.

    Attributes:
        offset: the first address that could not be read.
    """

    def __init__(self, offset: int, reason: str = "not in the image") -> None:
        super().__init__(f"{offset:#x}: {reason}")
        self.offset = offset


class Window(NamedTuple):
    """A piece of memory to look at, valid until the next one is asked for.

    Windows may overlap. So that no match is told of twice, one belongs to the window in which it ends behind
    `first` and starts before `fresh`.

    Attributes:
        offset: the address of the first byte.
        data: the bytes.
        first: index in `data`; 0 but at the border of two runs that touch.
        fresh: index in `data` at which the next window starts.
    """

    offset: int
    data: memoryview
    first: int
    fresh: int


class Piece(NamedTuple):
    """A part of memory to be cut into windows.

    Attributes:
        run: the run it lies in; None where it lies across the border of two.
        start: the first address.
        stop: the first address behind it.
        end: how far the windows may reach, for matches that start in it.
    """

    run: Run | None
    start: int
    stop: int
    end: int


class Passed(NamedTuple):
    """What a search has come to.

    Attributes:
        address: what lies before it has been searched.
        found: the matches in the part that was searched last.
        left_out: how many matches there were too many in it.
    """

    address: int
    found: Found
    left_out: int


class Memory(ABC):
    """The bytes of a memory image, by address. Read-only.

    Attributes:
        runs: what the image holds, sorted by address, without overlap; runs may touch.
        processors: the processors' registers, where the image's format has them.
        has_run: whether a machine has run in it; False for a kernel file, which has no tasks yet.
    """

    processors: Sequence[Processor] = ()
    has_run: bool = True

    def __init__(self, runs: Iterable[Run]) -> None:
        self.runs: Sequence[Run]
        self._starts: Sequence[int]
        if isinstance(runs, RunColumns):
            self.runs, self._starts = runs, runs.starts
        else:
            self.runs = tidy_runs(runs)
            self._starts = [run.start for run in self.runs]
        self._loss_told = False

    def stamp(self) -> tuple[int, ...] | None:
        """Identifies the image's file, and changes when the file does; None if there is no file.

        Device, inode, bytes, and the times, in nanoseconds, at which it was changed and its inode was.
        """
        return None

    @abstractmethod
    def _read(self, run: Run, offset: int, length: int) -> bytes:
        """Read `length` bytes that lie within one run, or raise UnreadableError."""

    def _cut(self, run: Run, start: int, stop: int, overlap: int) -> Iterator[Piece]:
        """The pieces of [start, stop) of a run that are worth looking at."""
        yield Piece(run, start, stop, stop)

    def _walk(self, run: Run, piece: Piece, overlap: int) -> Iterator[Window]:
        """Cut a piece of a run into windows of which each reaches `overlap` bytes into the next."""
        position = piece.start
        while position < piece.stop:
            step = min(CHUNK, piece.stop - position)
            for offset, data in self._readable(run, position, min(step + overlap, piece.end - position)):
                yield Window(offset, memoryview(data), 0, position + step - offset)
            position += step

    @property
    def size(self) -> int:
        """How many bytes the image holds."""
        return sum(run.length for run in self.runs)

    @property
    def end(self) -> int:
        """The first address behind the last run; 0 where nothing is held."""
        return self.runs[-1].end if self.runs else 0

    def available(self, offset: int, length: int) -> int:
        """How many of the `length` bytes at `offset` the runs hold before the first gap."""
        position, end = offset, offset + length
        for run in self._runs_from(offset):
            if run.start > position or position >= end:
                break
            position = run.end
        return max(0, min(position, end) - offset)

    def read(self, offset: int, length: int) -> bytes:
        """Copy exactly `length` bytes from `offset` on, also across adjacent runs.

        Raises:
            UnreadableError: at least one of them is not in the image.
        """
        if length < 0 or offset < 0:
            raise UnreadableError(offset, "not a range of addresses")
        pieces = []
        for run in self._runs_from(offset):
            if not length or run.start > offset:
                break
            piece = self._read(run, offset, min(length, run.end - offset))
            pieces.append(piece)
            offset += len(piece)
            length -= len(piece)
        if length:
            raise UnreadableError(offset)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def read_available(self, offset: int, length: int) -> bytes:
        """Copy `length` bytes from `offset` on, or fewer: up to the first one that cannot be read."""
        length = self.available(offset, length)
        try:
            return self.read(offset, length)
        except UnreadableError:
            pieces = bytearray()
        while len(pieces) < length:
            try:
                start = offset + len(pieces)
                pieces += self.read(start, min(PAGE - start % PAGE, length - len(pieces)))
            except UnreadableError:
                break
        return bytes(pieces)

    def windows(self, start: int = 0, stop: int | None = None, overlap: int = 0) -> Iterator[Window]:
        """Walk over all readable bytes of [start, stop) in order of address.

        Holes of a sparse file, which are known to be zeros, are left out. Unreadable pieces are skipped and
        logged.

        Args:
            start: the first address to look at.
            stop: the first address not to look at; None for the end of the image.
            overlap: bytes that each window reaches into the next, also across runs that touch; a pattern of
                `overlap + 1` bytes is then whole in exactly one window (see `Window.first` and
                `Window.fresh`).

        Yields:
            Windows. Their data is valid only until the next one is asked for.
        """
        for piece in self._pieces(start, stop, overlap):
            yield from self._windows_of(piece, overlap)

    def search(
        self,
        needles: Sequence[bytes],
        start: int = 0,
        stop: int | None = None,
        progress: Progress | None = None,
        what: str = "Searching",
        most: int = 0,
    ) -> Generator[tuple[int, int], None, None]:
        """Find every occurrence of several byte strings in one pass.

        Args:
            needles: what to look for; no needle may be empty or consist of zeros alone (holes are not
                searched).
            start: the first address to look at.
            stop: matches lie wholly before this address; None for the end of the image.
            progress: told the percentage done, a hundred times or so.
            what: the description that `progress` is given.
            most: how many matches of a needle are reported in each MiB; further ones are counted and logged.
                0 for all.

        Yields:
            (address, index of the needle). In order of address if all needles have one length; otherwise in
            order within each window.
        """
        stop = self.end if stop is None else stop
        tell = Teller(progress, what, start, stop)
        tell(start)
        left_out = 0
        with closing(self._searched(needles, start, stop, most)) as passed:
            for address, found, more in passed:
                yield from found
                left_out += more
                tell(address)
        tell(stop)
        if left_out:
            log.warning("%s: %d matches, too many for one place, were not looked at", what, left_out)

    def find(self, needle: bytes, start: int = 0, stop: int | None = None, most: int = 0) -> Iterator[int]:
        """The addresses at which `needle` lies, in ascending order, across chunk and run borders."""
        for offset, _ in self.search((needle,), start, stop, most=most):
            yield offset

    def _searched(
        self, needles: Sequence[bytes], start: int, stop: int, most: int
    ) -> Generator[Passed, None, None]:
        """Search [start, stop) part by part."""
        for window in self.windows(start, stop, max(map(len, needles)) - 1):
            yield passed_window(window, needles, most)

    def _pieces(self, start: int, stop: int | None, overlap: int) -> Iterator[Piece]:
        """What there is of [start, stop), in order of address."""
        stop = self.end if stop is None else stop
        previous: Run | None = None
        for run in self._runs_from(start):
            if run.start >= stop:
                break
            if overlap and previous is not None and previous.end == run.start > start:
                low = max(start, previous.start, run.start - overlap)
                yield Piece(None, low, run.start, min(stop, run.start + overlap))
            yield from self._cut(run, max(start, run.start), min(stop, run.end), overlap)
            previous = run

    def _windows_of(self, piece: Piece, overlap: int) -> Iterator[Window]:
        return self._seam(piece) if piece.run is None else self._walk(piece.run, piece, overlap)

    def _runs_from(self, offset: int) -> Iterator[Run]:
        """The runs that end behind `offset`, in order."""
        for index in range(max(0, bisect_right(self._starts, offset) - 1), len(self.runs)):
            if self.runs[index].end > offset:
                yield self.runs[index]

    def _seam(self, piece: Piece) -> Iterator[Window]:
        """The bytes around the border of two runs that touch, in one copy.

        They reach back to the start of the run before at most: what began earlier was whole in the seam
        before.
        """
        data = self.read_available(piece.start, piece.end - piece.start)
        border = piece.stop - piece.start
        if len(data) > border:
            yield Window(piece.start, memoryview(data), border, border)

    def _readable(self, run: Run, offset: int, length: int) -> Iterator[tuple[int, bytes | bytearray]]:
        """The pieces of a range that can be read, each as long as it is; the loss is logged."""
        try:
            yield offset, self._read(run, offset, length)
            return
        except UnreadableError as error:
            reason = error
        pieces: list[tuple[int, bytearray]] = []
        for start, data in self._halved(run, offset, length):
            if pieces and start == pieces[-1][0] + len(pieces[-1][1]):
                pieces[-1][1].extend(data)
            else:
                pieces.append((start, bytearray(data)))
        self._tell_loss(length - sum(len(data) for _, data in pieces), reason)
        yield from pieces

    def _halved(self, run: Run, offset: int, length: int) -> Iterator[tuple[int, bytes]]:
        """What can be read of a range, halved down to pages where a read fails."""
        try:
            yield offset, self._read(run, offset, length)
            return
        except UnreadableError:
            if length <= PAGE:
                return
        half = max((offset + length // 2) // PAGE * PAGE, offset // PAGE * PAGE + PAGE) - offset
        yield from self._halved(run, offset, half)
        yield from self._halved(run, offset + half, length - half)

    def _tell_loss(self, lost: int, reason: UnreadableError) -> None:
        """Warn of the first unreadable piece; of more, which may be many, only the info log tells."""
        level = logging.INFO if self._loss_told else logging.WARNING
        log.log(level, "skipped %d bytes that cannot be read: %s", lost, reason)
        if not self._loss_told:
            log.warning("more unreadable pieces, if any, are in the log at level info")
        self._loss_told = True


def passed_window(window: Window, needles: Sequence[bytes], most: int) -> Passed:
    """Search one window, as `Memory.search` does."""
    found, left_out = matches(window.data, window.offset, window.first, window.fresh, needles, most)
    return Passed(window.offset + window.fresh, found, left_out)


class SegmentedMemory(Memory):
    """Pieces of memory that are held as bytes; what tests and small inputs are made of.

    Args:
        segments: (address, bytes) pairs; what is held must not change.

    Raises:
        ValueError: segments overlap.
    """

    def __init__(self, segments: Iterable[tuple[int, bytes | bytearray]]) -> None:
        self._segments = {start: data for start, data in segments if data}
        super().__init__(Run(start, len(data)) for start, data in self._segments.items())
        if self.size != sum(map(len, self._segments.values())):
            raise ValueError("segments overlap")

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        start = offset - run.start
        return bytes(self._segments[run.start][start : start + length])


class BytesMemory(SegmentedMemory):
    """One run of memory that is held as bytes."""

    def __init__(self, data: bytes | bytearray, base: int = 0) -> None:
        super().__init__([(base, data)])
