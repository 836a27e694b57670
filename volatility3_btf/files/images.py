# SPDX-License-Identifier: Apache-2.0
"""Image files read without Volatility: raw, ELF core, LiME, QEMU's migration stream, and kdump.

The first three are ranges of one plain file and become a `FileMemory`. This process copies what it reads;
what is large is searched by children that map it (see `children`). A stream is a page here, a page there.
"""

from __future__ import annotations

import logging
import os
import stat
import struct
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .qemu_pages import Stream

from ..memory import search_processes, search_worker
from ..memory.memory import Passed, Piece, Run, UnreadableError, Window, passed_window
from ..memory.registers import Processor, processors_of
from ..memory.search_processes import Child, ChildError, Children, Range
from ..system import held_parts, size_of
from .descriptors import open_file, read_from, read_some
from .first_page import LINE, begins_with_a_program
from .formats import FLATTENED, HEAD, KDUMP, FormatError, format_of, is_stream, sentence_in_python
from .image_memory import ImageMemory as ImageMemory
from .packed import is_packed, unpacked
from .segments import ELF_MAGIC, LIME_MAGIC, ReadAt, Segment, lime_segments, tidy_segments
from .xen_core import core_segments

log = logging.getLogger(__name__)

PIECE = 16 << 20
"""Bytes that a child is asked to search, and maps, at a time."""

MOST_WAITING = 64
"""Pieces that children are asked for ahead of what the caller has come to."""

LARGE = 256 << 20
"""Bytes from which on children search; they need about 15 ms to start, in which this process does 100 MB."""

SMALL = 1 << 20
"""Bytes; smaller pieces are not worth a question to a child."""

SMALL_HOLE = 1 << 20
"""Bytes; a shorter hole in a sparse file is searched, which costs less than two mappings."""

MOST_SHARED = 2
"""Times that the bytes of a file may be memory: ranges could all be the same part of it, without end."""


class FileMemory(ImageMemory):
    """Memory that lies in ranges of one plain file.

    Nothing of the file is mapped into this process, so a file that shrinks meanwhile, or a disk that fails,
    gives an error instead of a crash. A search tells of all that is left of the file before it raises.

    Args:
        descriptor: a file opened for reading. It is the memory's own from now on: searching moves its offset.
        segments: where memory lies in it; what reaches past the end of the file is cut off and logged.
        core: reads the ELF core whose segments they are, where that is not the file as it lies.
    """

    def __init__(self, descriptor: int, segments: Iterable[Segment], core: ReadAt | None = None) -> None:
        tidy = _clipped(segments, size_of(descriptor))
        super().__init__(Run(address, length) for address, _, length in tidy)
        self._offsets = {address: offset for address, offset, _ in tidy}
        self._file, self._core = descriptor, core

    @cached_property
    def processors(self) -> Sequence[Processor]:  # type: ignore[override]
        """The processors' registers that the notes of an ELF core tell."""
        if self._file < 0 or self._offsets.get(0) == 0:
            return ()
        return processors_of(self._core or (lambda offset, length: read_from(self._file, offset, length)))

    def stamp(self) -> tuple[int, ...] | None:
        """What tells the file from any other, and from itself before a change; None for a device."""
        try:
            state = os.fstat(self._file)
        except OSError:
            return None
        if not stat.S_ISREG(state.st_mode):
            return None
        return state.st_dev, state.st_ino, state.st_size, state.st_mtime_ns, state.st_ctime_ns

    def file_offset(self, address: int) -> int:
        """Where in the file the byte at `address` lies. Raises UnreadableError."""
        for run in self._runs_from(address):
            if run.start <= address:
                return address - run.start + self._offsets[run.start]
            break
        raise UnreadableError(address)

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        place = self._offsets[run.start] + offset - run.start
        pieces = []
        while length:
            try:
                piece = read_some(self._file, place, length)
            except OSError as error:
                raise UnreadableError(offset, error.strerror or "cannot be read") from error
            if not piece:
                raise UnreadableError(offset, "the file has become shorter")
            pieces.append(piece)
            place, offset, length = place + len(piece), offset + len(piece), length - len(piece)
        return pieces[0] if len(pieces) == 1 else b"".join(pieces)

    def _cut(self, run: Run, start: int, stop: int, overlap: int) -> Iterator[Piece]:
        """The parts that are not large holes, and of the holes as much as a match may reach into."""
        shift = self._offsets[run.start] - run.start
        for data, hole in _extents(self._file, start + shift, stop + shift):
            low, high = max(start, data - shift - overlap), min(stop, hole - shift + overlap)
            while low < high:
                end = min(low - low % PIECE + PIECE, high)
                yield Piece(run, low, end, min(end + overlap, high))
                low = end

    def _walk(self, run: Run, piece: Piece, overlap: int) -> Iterator[Window]:
        shift = self._offsets[run.start] - run.start
        for low, high in search_worker.strides(piece.start, piece.stop, piece.start):
            end = min(high + overlap, piece.end)
            held = min(end, self._size(low) - shift)
            if held > low:
                for offset, data in self._readable(run, low, held - low):
                    yield Window(offset, memoryview(data), 0, min(high, held) - offset)
            if held < end:
                raise UnreadableError(max(low, held), "the file has become shorter while it was searched")

    def _searched(
        self, needles: Sequence[bytes], start: int, stop: int, most: int
    ) -> Generator[Passed, None, None]:
        size = sum(max(0, min(run.end, stop) - max(run.start, start)) for run in self.runs)
        if size < LARGE or not search_processes.can_be_had():
            yield from super()._searched(needles, start, stop, most)
            return
        overlap = max(map(len, needles)) - 1
        pieces = self._pieces(start, stop, overlap)
        waiting: deque[tuple[Piece, Child | None]] = deque()
        with Children(self._file, needles, most, size) as crew:
            while True:
                while len(waiting) < MOST_WAITING and (piece := next(pieces, None)) is not None:
                    waiting.append((piece, self._asked(crew, piece)))
                if not waiting:
                    return
                yield from self._answered(*waiting.popleft(), needles, most)

    def _asked(self, crew: Children, piece: Piece) -> Child | None:
        """The child that has been asked for a piece, if any."""
        if piece.run is None or piece.stop - piece.start < SMALL:
            return None
        shift = self._offsets[piece.run.start] - piece.run.start
        return crew.ask(Range(piece.start + shift, piece.stop + shift, piece.end + shift, piece.start))

    def _answered(
        self, piece: Piece, child: Child | None, needles: Sequence[bytes], most: int
    ) -> Iterator[Passed]:
        """What a child finds in a piece; if it dies, this process goes on where it was."""
        told = 0
        try:
            if child is not None:
                for found, left_out in child.answers():
                    told += len(found)
                    yield Passed(piece.start, found, left_out)
                return
        except ChildError as error:
            log.info("a process that searched the file at %#x has died: %s", piece.start, error)
        for window in self._windows_of(piece, max(map(len, needles)) - 1):
            passed = passed_window(window, needles, most)
            yield passed._replace(found=passed.found[told:])
            told = max(0, told - len(passed.found))

    def _size(self, address: int) -> int:
        """Bytes that the file has now; `address` is told of in the error where that cannot be known."""
        try:
            return size_of(self._file)
        except OSError as error:
            raise UnreadableError(address, error.strerror or "the file is closed") from error


class StreamMemory(ImageMemory):
    """Memory whose pages a QEMU migration stream holds.

    Args:
        read_at: reads the file of the stream.
        stream: where its pages lie.
        descriptor: of the file, if it is to be closed with the memory.
    """

    def __init__(self, read_at: ReadAt, stream: Stream, descriptor: int = -1) -> None:
        self._read_at, self.stream = read_at, stream
        super().__init__(Run(start, length) for start, length in stream.runs())
        self._file = descriptor

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        try:
            return self.stream.read(self._read_at, offset, length)
        except OSError as error:
            raise UnreadableError(offset, error.strerror or "cannot be read") from error


def _clipped(segments: Iterable[Segment], size: int) -> list[Segment]:
    """The segments, tidy, as far as a file of `size` bytes holds them, `MOST_SHARED` times that in all."""
    held, missing, first = [], 0, 0
    for address, offset, length in segments:
        there = max(0, min(length, size - offset))
        if there < length and not missing:
            first = address
        missing += length - there
        held.append(Segment(address, offset, there))
    if missing:
        log.warning("the file ends inside the range at %#x: %d bytes are missing", first, missing)
    tidy, left = tidy_segments(held), MOST_SHARED * size
    for number, (address, offset, length) in enumerate(tidy):
        if length > left:
            log.warning("ranges that share bytes of the file: those from %#x on are left out", address + left)
            return [*tidy[:number], *([Segment(address, offset, left)] if left else [])]
        left -= length
    return tidy


def _extents(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, stop) of a file that are not large holes; all of it where that cannot be told."""
    low, high = start, start
    for data, hole in held_parts(descriptor, start, stop):
        if data - high >= SMALL_HOLE:
            if high > low:
                yield low, high
            low = data
        high = hole
    if high > low:
        yield low, high


def open_memory(path: str | os.PathLike[str]) -> ImageMemory:
    """Open a raw, ELF core (Xen's too), LiME or kdump image, or QEMU migration stream, packed or not.

    Addresses are physical ones; in a raw file they are offsets in the file.

    Raises:
        FormatError: the headers are damaged, the file must be converted first, or it is not a regular file
            (a pipe, a folder, …).
        OSError: the file cannot be opened.
    """
    descriptor = open_file(path)
    try:
        if is_packed(read_from(descriptor, 0, HEAD)):
            descriptor = _unpacked(descriptor)
        return _opened(descriptor, Path(os.fsdecode(path)))
    except BaseException:
        os.close(descriptor)
        raise


def _unpacked(descriptor: int) -> int:
    """A descriptor of the unpacked file, in place of that of a packed one."""
    with os.fdopen(os.dup(descriptor), "rb") as packed, unpacked(packed) as whole:
        plain = os.dup(whole.fileno())
    os.close(descriptor)
    return plain


def _opened(descriptor: int, path: Path) -> ImageMemory:
    """Tell the format by its magic and find the ranges of memory in the file."""
    size = size_of(descriptor)

    def read_at(offset: int, length: int) -> bytes:
        return read_from(descriptor, offset, length)

    head = read_at(0, HEAD)
    if is_stream(head):
        from .qemu_stream import read_stream

        return StreamMemory(read_at, read_stream(read_at, size), descriptor)
    if head.startswith(FLATTENED):
        from .kdump.flattened import Flattened

        whole = Flattened(read_at, size)
        read_at, size, head = whole.read, whole.size, whole.read(0, HEAD)
        if head.startswith(ELF_MAGIC):
            return FileMemory(descriptor, whole.segments(core_segments(read_at)), read_at)
    if head.startswith(KDUMP):
        return _kdump(read_at, size, path, descriptor)
    behind = begins_with_a_program(read_at, size)
    if behind is not None:
        log.warning("%s", LINE.format(behind >> 20))
        return FileMemory(descriptor, [Segment(0, 0, size)])
    if head.startswith(ELF_MAGIC):
        return FileMemory(descriptor, core_segments(read_at))
    if head.startswith(struct.pack("<II", *LIME_MAGIC)):
        return FileMemory(descriptor, lime_segments(read_at, size))
    if known := format_of(head):
        raise FormatError(sentence_in_python(known))
    return FileMemory(descriptor, [Segment(0, 0, size)])


def _kdump(read_at: ReadAt, size: int, path: Path, descriptor: int) -> ImageMemory:
    """The memory in a kdump file; what is not in it is logged."""
    from .kdump.dump import read_kdump
    from .kdump.memory import KdumpMemory

    dump = read_kdump(read_at, size, path)
    for loss in dump.losses:
        log.warning("%s", loss)
    return KdumpMemory(dump, descriptor, owns=True)
