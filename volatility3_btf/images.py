# SPDX-License-Identifier: Apache-2.0
"""Image files read without Volatility: raw, ELF core (both byte orders, 32 and 64 bits) and LiME.

All three are ranges of one plain file, so all become a `FileMemory`. This process copies what it reads; what
is large is searched by children that map it (see `children`).
"""

from __future__ import annotations

import errno
import logging
import os
import struct
from collections import deque
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from functools import cached_property
from typing import NamedTuple

from . import children, finder
from .children import Child, ChildError, Children, Range
from .memory import Memory, Passed, Piece, Run, UnreadableError, Window, passed_window
from .registers import Processor, processors_of

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

MAX_SEGMENTS = 1 << 16
"""More ranges than this are no memory image."""

MOST_SHARED = 2
"""Times that the bytes of a file may be memory: ranges could all be the same part of it, without end."""

MAX_PHENTSIZE = 256
"""Bytes; a program header has 32 or 56."""

MAX_OFFSET = 1 << 62
"""Files and physical addresses end below this."""

ELF_MAGIC = b"\x7fELF"
LIME_MAGIC = (0x4C694D45, 1)
PT_LOAD, PN_XNUM = 1, 0xFFFF

_COMPRESSED = {
    b"\x1f\x8b": "gzip",
    b"\xfd7zXZ\0": "xz",
    b"BZh": "bzip2",
    b"\x28\xb5\x2f\xfd": "zstd",
    b"AVML": "AVML (compressed)",
    b"QEVM": "a QEMU migration stream",
}


ReadAt = Callable[[int, int], bytes]
"""Takes a file offset and a length in bytes; returns what the file holds there, less at its end."""


class FormatError(ValueError):
    """A file whose format is damaged, or that needs a Volatility layer to be read."""


class Segment(NamedTuple):
    """Where a range of physical memory lies in the file. All in bytes."""

    address: int
    file_offset: int
    length: int


def tidy_segments(segments: Iterable[Segment]) -> list[Segment]:
    """Sort segments by address and cut away what overlaps; the earlier start wins."""
    tidy: list[Segment] = []
    end = 0
    for address, offset, length in sorted(segments):
        cut = max(0, end - address)
        if length > cut:
            tidy.append(Segment(address + cut, offset + cut, length - cut))
            end = address + length
    return tidy


class FileMemory(Memory):
    """Memory that lies in ranges of one plain file.

    Nothing of the file is mapped into this process, so a file that shrinks meanwhile, or a disk that fails,
    gives an error instead of a crash. A search tells of all that is left of the file before it raises.

    Args:
        descriptor: a file opened for reading. It is the memory's own from now on: searching moves its offset.
        segments: where memory lies in it; what reaches past the end of the file is cut off and logged.
    """

    def __init__(self, descriptor: int, segments: Iterable[Segment]) -> None:
        self._file = descriptor
        tidy = tidy_segments(_clipped(segments, os.lseek(descriptor, 0, os.SEEK_END)))
        super().__init__(Run(address, length) for address, _, length in tidy)
        self._offsets = {address: offset for address, offset, _ in tidy}

    @cached_property
    def processors(self) -> Sequence[Processor]:  # type: ignore[override]
        """The processors' registers that the notes of an ELF core tell."""
        if self._file < 0 or self._offsets.get(0) == 0:
            return ()
        return processors_of(lambda offset, length: os.pread(self._file, length, offset))

    def close(self) -> None:
        """Close the file. Reading afterwards raises UnreadableError."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> FileMemory:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        if getattr(self, "_file", -1) >= 0:
            self.close()

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
                piece = os.pread(self._file, length, place)
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
        for low, high in finder.strides(piece.start, piece.stop, piece.start):
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
        if size < LARGE or not children.can_be_had():
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
            return finder.size_of(self._file)
        except OSError as error:
            raise UnreadableError(address, error.strerror or "the file is closed") from error


def _clipped(segments: Iterable[Segment], size: int) -> Iterator[Segment]:
    """The segments as far as a file of `size` bytes holds them, `MOST_SHARED` times that in all."""
    left = MOST_SHARED * size
    for address, offset, length in segments:
        held = max(0, min(length, size - offset))
        if held < length:
            log.warning("the file ends inside the range at %#x: %d bytes are missing", address, length - held)
        if held > left:
            log.warning("ranges that share bytes of the file: those from %#x on are left out", address + left)
            held = left
        left -= held
        if held:
            yield Segment(address, offset, held)
        if not left:
            return


def _extents(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, stop) of a file that are not large holes; all of it where that cannot be told."""
    low, high = start, start
    for data, hole in _data(descriptor, start, stop):
        if data - high >= SMALL_HOLE:
            if high > low:
                yield low, high
            low = data
        high = hole
    if high > low:
        yield low, high


def _data(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, stop) of a file that are not holes."""
    position = start
    while position < stop:
        try:
            low = os.lseek(descriptor, position, os.SEEK_DATA)
            high = os.lseek(descriptor, low, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: a hole up to the end
                yield position, stop
            return
        if low >= stop or high <= position:
            return
        yield low, min(high, stop)
        position = high


def open_memory(path: str | os.PathLike[str]) -> FileMemory:
    """Open a raw, ELF core or LiME image. Offsets are physical addresses; in a raw file, file offsets.

    Raises:
        FormatError: the headers are damaged, or the file is compressed (Volatility's layers read those).
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        return FileMemory(descriptor, _segments(descriptor))
    except BaseException:
        os.close(descriptor)
        raise


def _segments(descriptor: int) -> list[Segment]:
    """Tell the format by its magic and list the ranges of memory in the file."""
    size = os.lseek(descriptor, 0, os.SEEK_END)

    def read_at(offset: int, length: int) -> bytes:
        return os.pread(descriptor, length, offset)

    head = read_at(0, 8)
    for magic, name in _COMPRESSED.items():
        if head.startswith(magic):
            raise FormatError(
                f"this is {name}: unpack it first, or open it in Volatility and use layer_memory"
            )
    if head.startswith(ELF_MAGIC):
        return list(elf_segments(read_at))
    if head == struct.pack("<II", *LIME_MAGIC):
        return list(lime_segments(read_at, size))
    return [Segment(0, 0, size)]


def elf_segments(read_at: ReadAt) -> Iterator[Segment]:
    """The PT_LOAD segments of an ELF core with physical addresses (elf.h; System V ABI, "Program Header").

    Both classes and byte orders, in the order of the file. Only bytes that the file holds (`p_filesz`) count.

    Raises:
        FormatError: the program headers are damaged or do not exist.
    """
    header = read_at(0, 64)
    if len(header) < 64 or header[4] not in (1, 2) or header[5] not in (1, 2):
        raise FormatError("damaged ELF header")
    wide, order = header[4] == 2, "<" if header[5] == 1 else ">"
    place, sections = struct.unpack_from(order + ("QQ" if wide else "II"), header, 32 if wide else 28)
    size, count = struct.unpack_from(order + "HH", header, 54 if wide else 42)
    if count == PN_XNUM:
        info = read_at(min(sections + (44 if wide else 28), MAX_OFFSET), 4)
        count = struct.unpack(order + "I", info)[0] if len(info) == 4 else 0
    layout = struct.Struct(order + ("I4xQ8xQQ" if wide else "II4xII"))
    if not layout.size <= size <= MAX_PHENTSIZE or not 0 < count <= MAX_SEGMENTS or place > MAX_OFFSET:
        raise FormatError("the ELF file has no usable program headers")
    table = read_at(place, size * count)
    if len(table) < size * count:
        log.warning("the file ends inside its program headers: %d of %d", len(table) // size, count)
    loads = (layout.unpack_from(table, start) for start in range(0, len(table) // size * size, size))
    found = [
        Segment(address, offset, length)
        for kind, offset, address, length in loads
        if kind == PT_LOAD and length and max(offset, address) + length <= MAX_OFFSET
    ]
    if not found:
        raise FormatError("the ELF file has no segments of memory")
    yield from found


def lime_segments(read_at: ReadAt, size: int) -> Iterator[Segment]:
    """The ranges of a LiME file, each behind a header of 32 bytes.

    Little-endian: magic, version, first and last address, reserved. Source: LiME's documentation, "LiME
    Format". A damaged later header ends the list and is logged.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.

    Raises:
        FormatError: the first header is damaged, or there are more ranges than a memory image has.
    """
    header, offset = struct.Struct("<IIQQ8x"), 0
    for _ in range(MAX_SEGMENTS):
        if offset >= size:
            return
        raw = read_at(offset, header.size).ljust(header.size, b"\0")
        *magic, first, last = header.unpack(raw)
        if tuple(magic) != LIME_MAGIC or not first <= last < MAX_OFFSET:
            if not offset:
                raise FormatError("damaged LiME header")
            log.warning("no LiME header at %#x of the file: what follows is left out", offset)
            return
        offset += header.size
        yield Segment(first, offset, last - first + 1)
        offset += last - first + 1
    raise FormatError(f"more than {MAX_SEGMENTS} ranges")
