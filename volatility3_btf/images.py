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
from typing import NamedTuple

from .memory import Memory, Run, UnreadableError, Window

log = logging.getLogger(__name__)

WINDOW = 64 << 20
"""Bytes mapped at a time: what a search keeps resident at most."""

MAX_SEGMENTS = 1 << 16
"""More ranges than this are no memory image."""

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


class FileMemory(Memory):
    """Memory that lies in ranges of one plain file.

    The file is opened read-only. Its size is checked again before each window is searched, so that a file
    that shrinks meanwhile gives an error instead of a crash.

    Args:
        descriptor: an open file; it is duplicated, the caller keeps its own.
        segments: where memory lies in it; what reaches past the end of the file is cut off and logged.
    """

    def __init__(self, descriptor: int, segments: Iterable[Segment]) -> None:
        self._file = os.dup(descriptor)
        self._file_size = os.lseek(self._file, 0, os.SEEK_END)
        by_address = sorted(self._clipped(segments))
        super().__init__(Run(address, length) for address, _, length in by_address)
        self._offsets = dict(_place(self.runs, by_address))

    def close(self) -> None:
        """Close the file. Reading afterwards raises UnreadableError."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

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

    def _clipped(self, segments: Iterable[Segment]) -> Iterator[Segment]:
        """The segments as far as the file holds them."""
        for address, offset, length in segments:
            held = min(length, self._file_size - offset)
            if held < length:
                log.warning(
                    "the file ends inside the range at %#x: %d bytes are missing",
                    address,
                    length - max(0, held),
                )
            if held > 0:
                yield Segment(address, offset, held)

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
            for place, view, fresh in self._mapped(low, high, overlap):
                yield Window(place - shift, view, 0, fresh)

    def _mapped(self, start: int, stop: int, overlap: int) -> Iterator[tuple[int, memoryview, int]]:
        """Views of [start, stop) of the file, one mapping at a time: (offset, bytes, where the overlap starts)."""
        position = start
        while position < stop:
            step = min(WINDOW, stop - position)
            end = min(position + step + overlap, stop)
            if os.fstat(self._file).st_size < end:
                raise UnreadableError(position, "the file has become shorter while it was searched")
            base = position // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
            with (
                mmap.mmap(self._file, end - base, prot=mmap.PROT_READ, offset=base) as mapping,
                memoryview(mapping) as whole,
                whole[position - base :] as view,
            ):
                yield position, view, step
            position += step


def _place(runs: Iterable[Run], segments: list[Segment]) -> Iterator[tuple[int, int]]:
    """(start of a run, its place in the file) for runs that `tidy_runs` made of the sorted segments."""
    by_order = iter(segments)
    for run in runs:
        for address, offset, length in by_order:
            if address <= run.start and address + length == run.end:
                yield run.start, offset + run.start - address
                break


def _extents(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, stop) of a file that are not holes; all of it where that cannot be told."""
    position = start
    while position < stop:
        try:
            low = os.lseek(descriptor, position, os.SEEK_DATA)
            high = os.lseek(descriptor, low, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: a hole up to the end
                yield position, stop
            return
        if low >= stop:
            return
        yield low, min(high, stop)
        position = high


def open_memory(path: str | os.PathLike[str]) -> FileMemory:
    """Open a raw, ELF core or LiME image. Offsets are physical addresses; in a raw file, file offsets.

    Raises:
        FormatError: the headers are damaged, or the file is compressed (Volatility's layers read those).
        OSError: the file cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY)
    try:
        return FileMemory(descriptor, _segments(descriptor))
    finally:
        os.close(descriptor)


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
        info = read_at(min(sections + (44 if wide else 28), 1 << 62), 4)
        count = struct.unpack(order + "I", info)[0] if len(info) == 4 else 0
    layout = struct.Struct(order + ("I4xQ8xQQ" if wide else "II4xII"))
    if size < layout.size or not 0 < count <= MAX_SEGMENTS or place >= 1 << 62:
        raise FormatError("the ELF file has no usable program headers")
    table = read_at(place, size * count)
    for start in range(0, len(table) // size * size, size):
        kind, offset, address, length = layout.unpack_from(table, start)
        if kind == PT_LOAD and length and max(offset, address) + length < 1 << 63:
            yield Segment(address, offset, length)


def lime_segments(read_at: ReadAt, size: int) -> Iterator[Segment]:
    """The ranges of a LiME file, each behind a header of 32 bytes.

    Little-endian: magic, version, first and last address, reserved. Source: LiME's documentation, "LiME Format". A damaged later header ends the list and is logged.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.

    Raises:
        FormatError: more ranges than a memory image has.
    """
    header, offset = struct.Struct("<IIQQ8x"), 0
    for _ in range(MAX_SEGMENTS):
        if offset + header.size > size:
            return
        *magic, first, last = header.unpack(read_at(offset, header.size))
        if tuple(magic) != LIME_MAGIC or not first <= last < 1 << 63:
            log.warning("no LiME header at %#x of the file: what follows is left out", offset)
            return
        offset += header.size
        yield Segment(first, offset, last - first + 1)
        offset += last - first + 1
    raise FormatError(f"more than {MAX_SEGMENTS} ranges")
