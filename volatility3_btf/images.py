# SPDX-License-Identifier: Apache-2.0
"""Image files read without Volatility: raw, ELF core (both byte orders, 32 and 64 bits) and LiME.

All three are ranges of one plain file, so all become a `FileMemory`: it reads with pread and searches through
a mapping whose pages are dropped behind.
"""

from __future__ import annotations

import errno
import logging
import mmap
import os
import struct
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from .memory import Memory, Run, UnreadableError, Window

log = logging.getLogger(__name__)

WINDOW = 64 << 20
"""Bytes mapped at a time: what a search keeps resident at most. A multiple of the page size."""

STRIDE = 1 << 20
"""Bytes of a mapping looked at in one go, so that a second needle finds them in the processor's cache."""

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

    The file's size is checked again before each piece of it is searched, so that a file that shrinks
    meanwhile gives an error instead of a crash.

    Args:
        descriptor: a file opened for reading. It is the memory's own from now on: searching moves its offset.
        segments: where memory lies in it; what reaches past the end of the file is cut off and logged.
    """

    def __init__(self, descriptor: int, segments: Iterable[Segment]) -> None:
        self._file = descriptor
        tidy = tidy_segments(_clipped(segments, os.lseek(descriptor, 0, os.SEEK_END)))
        super().__init__(Run(address, length) for address, _, length in tidy)
        self._offsets = {address: offset for address, offset, _ in tidy}

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

    def _walk(self, run: Run, start: int, stop: int, overlap: int) -> Iterator[Window]:
        shift = self._offsets[run.start] - run.start
        for low, high in _extents(self._file, start + shift, stop + shift):
            low, high = max(start + shift, low - overlap), min(stop + shift, high + overlap)
            for position in range(low, high, WINDOW):
                end = min(position + WINDOW, high)
                yield from self._strides(position, end, min(end + overlap, high), overlap, shift)

    def _strides(self, start: int, stop: int, end: int, overlap: int, shift: int) -> Iterator[Window]:
        """The windows of [start, stop) of the file, whose overlap reaches up to `end` at most."""
        self._check_size(end, start - shift)
        with _mapped(self._file, start, end) as view:
            for position in range(start, stop, STRIDE):
                self._check_size(end, position - shift)
                step = min(STRIDE, stop - position)
                with view[position - start : position - start + step + overlap] as data:
                    yield Window(position - shift, data, 0, step)

    def _check_size(self, end: int, address: int) -> None:
        """Raise UnreadableError where the file does not reach `end` any more: a mapping of it would crash."""
        try:
            if os.lseek(self._file, 0, os.SEEK_END) >= end:
                return
        except OSError as error:
            raise UnreadableError(address, error.strerror or "the file is closed") from error
        raise UnreadableError(address, "the file has become shorter while it was searched")


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


@contextmanager
def _mapped(descriptor: int, start: int, stop: int) -> Iterator[memoryview]:
    """The bytes [start, stop) of a file, mapped read-only for as long as the context lasts."""
    base = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    with (
        mmap.mmap(descriptor, stop - base, prot=mmap.PROT_READ, offset=base) as mapping,
        memoryview(mapping) as whole,
        whole[start - base :] as view,
    ):
        yield view


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
            raise FormatError(f"this is {name}: open it as a Volatility layer and use layer_memory")
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
