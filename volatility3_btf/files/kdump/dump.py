# SPDX-License-Identifier: Apache-2.0
"""A whole kdump: opened, its parts found and put in order, and what of the memory is not in it."""

from __future__ import annotations

import logging
import os
import weakref
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...memory.registers import MACHINES, Processor, processors_in
from ...memory.runs import RunColumns
from ..descriptors import read_from
from ..formats import FormatError
from ..segments import ReadAt
from .beside import parts_beside
from .codecs import unpackers
from .header import INCOMPLETE, MOST_NOTES, Header, read_header
from .page_index import PART, PageIndex
from .pages import DESCRIPTOR, NO_ZEROS, Pages, Part, layout

log = logging.getLogger(__name__)

MOST_RUNS: Final = 1 << 25
"""Runs of pages without a gap; 512 MiB of columns."""

LEVELS: Final = {2: "cache", 4: "private cache", 8: "user", 16: "free"}
"""The bits of makedumpfile's dump level, and what each leaves out; zeros (1) are stored as one page."""

MOST_SHOWN: Final = 8
"""Parts that a line names."""

STEP: Final = 1 << 16
"""Pages whose descriptors are looked at together."""


@dataclass
class Kdump:
    """A dump in one or several files. Copies share it.

    Attributes:
        pages: what reads them.
        runs: which addresses there are.
        processors: the processors' registers, as far as the notes have them.
        losses: what of memory is not in the dump and why, one sentence each.
        descriptors: of the other parts' files; they are the dump's own, and are closed with it.
    """

    pages: Pages
    runs: RunColumns
    processors: tuple[Processor, ...]
    losses: list[str]
    descriptors: list[int] = field(default_factory=list)

    def __post_init__(self) -> None:
        weakref.finalize(self, _close, self.descriptors)

    def __deepcopy__(self, memo: object) -> Kdump:
        return self

    def close(self) -> None:
        """Close the other parts' files. Reading from them afterwards raises UnreadableError."""
        _close(self.descriptors)


@dataclass(frozen=True)
class _File:
    """A file of a dump: how it is read, and how long it is in bytes."""

    read_at: ReadAt
    size: int
    header: Header


def read_kdump(read_at: ReadAt, size: int, path: Path | None = None) -> Kdump:
    """Open a dump.

    Args:
        read_at: reads the kdump file; one that is flattened has been put together.
        size: of it, in bytes.
        path: where it lies, for the other parts of a dump that was split; None where that is not known.

    Raises:
        FormatError: headers or bitmap are damaged, there is no memory, or a package is missing that unpacks
            the pages.
    """
    header = read_header(read_at)
    unpack = unpackers(header.status, header.page_size)
    whole, excluded = _bitmaps(read_at, size, header)
    descriptors: list[int] = []
    try:
        files = [_File(read_at, size, header)]
        if header.is_split and path is not None:
            files = _with_others(files[0], path, descriptors)
        parts = [_part(file, whole) for file in files]
        losses = [] if not excluded else [_excluded(excluded, header)]
        held = whole
        if _is_damaged(whole, files, parts):
            held = _present(whole, files, parts)
            losses += _lost(whole, held, header, parts)
        if not held.count:
            raise FormatError("a kdump file without memory: " + "; ".join(losses or ["it has no pages"]))
        pages = Pages(held, whole, parts, header.order, header.page_size, unpack)
        return Kdump(pages, _runs(held, header, losses), _processors(read_at, header), losses, descriptors)
    except BaseException:
        _close(descriptors)
        raise


def _close(descriptors: list[int]) -> None:
    while descriptors:
        os.close(descriptors.pop())


def _bitmaps(read_at: ReadAt, end: int, header: Header) -> tuple[PageIndex, int]:
    """The pages in the dump, and how many pages of memory are not. Raises FormatError."""
    if header.descriptors > end:
        raise FormatError("a kdump file that is cut short inside its bitmap")
    size = header.bitmap_size // (2 if header.has_two_bitmaps else 1)
    held = b"".join(_in_parts(read_at, header.descriptors - size, size))
    index = PageIndex(held, header.max_page)
    if not header.has_two_bitmaps:
        return index, 0
    memory = _in_parts(read_at, header.bitmaps, size)
    return index, sum(index.lacks(part, number * PART) for number, part in enumerate(memory))


def _in_parts(read_at: ReadAt, start: int, size: int) -> Iterator[bytes]:
    """A piece of a file, `PART` bytes at a time."""
    return (read_at(start + at, min(PART, size - at)) for at in range(0, size, PART))


def _with_others(own: _File, path: Path, descriptors: list[int]) -> list[_File]:
    """The parts of a dump that are beside one of them, in order of their pages."""
    files = [own]
    for descriptor, header in parts_beside(path, own.header):
        descriptors.append(descriptor)
        read_at = partial(read_from, descriptor)
        apart = all(header.last <= other.header.first or other.header.last <= header.first for other in files)
        file = _File(read_at, os.fstat(descriptor).st_size, header)
        if apart and _same_pages(own, file):
            files.append(file)
        else:
            os.close(descriptors.pop())
    return sorted(files, key=lambda file: file.header.first)


def _same_pages(one: _File, other: _File) -> bool:
    """Whether two files have the same bitmaps: they are parts of one dump, and of one moment, then."""
    bitmaps = [_in_parts(file.read_at, file.header.bitmaps, file.header.bitmap_size) for file in (one, other)]
    return all(mine == theirs for mine, theirs in zip(*bitmaps, strict=True))


def _part(file: _File, whole: PageIndex) -> Part:
    """Where a file's descriptors are, and its page of zeros, which stands in front of all others."""
    first, last, size = file.header.first, file.header.last, file.header.page_size
    rank = whole.rank(first)
    data = file.header.descriptors + (whole.rank(last) - rank) * DESCRIPTOR.itemsize
    is_zero = file.read_at(data, size) == bytes(size)
    return Part(file.read_at, first, last, file.header.descriptors, rank, data if is_zero else NO_ZEROS)


# --- what is not there ---


def _excluded(pages: int, header: Header) -> str:
    """What the writer left out."""
    kinds = [name for bit, name in LEVELS.items() if header.dump_level & bit]
    what = f"{', '.join(kinds)} pages (dump level {header.dump_level})" if kinds else "some pages"
    return f"this dump was written without {what}: {_mib(pages, header)} of memory are not in it"


def _lost(whole: PageIndex, held: PageIndex, header: Header, parts: Sequence[Part]) -> list[str]:
    """What is in other parts, and what is missing of these."""
    here = sum(whole.rank(part.last) - part.rank for part in parts)
    lost = []
    if here < whole.count:
        shown = ", ".join(f"{part.first:#x}-{part.last - 1:#x}" for part in parts[:MOST_SHOWN])
        size = _mib(whole.count - here, header)
        lost.append(
            f"this dump was split, and only the parts with pages {shown} are here: {size} are missing"
        )
    if held.count < here:
        why = "its disk was full" if header.status & INCOMPLETE else "the file is cut short or damaged"
        lost.append(f"this dump is not whole: {_mib(here - held.count, header)} of memory are missing, {why}")
    return lost


def _mib(pages: int, header: Header) -> str:
    size = pages * header.page_size
    return f"{size / (1 << 20):,.0f} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def _is_damaged(whole: PageIndex, files: Sequence[_File], parts: Sequence[Part]) -> bool:
    """Whether a part is missing, or the last page of one."""
    here = 0
    for file, part in zip(files, parts, strict=True):
        count = whole.rank(part.last) - part.rank
        if not count:
            continue
        size = DESCRIPTOR.itemsize
        last = file.read_at(part.descriptors + (count - 1) * size, size)
        here += count
        if file.header.status & INCOMPLETE or not _sound(last, file).all():
            return True
    return here < whole.count


def _sound(data: bytes, file: _File) -> NDArray[np.bool_]:
    """Which descriptors tell of pages that lie in the file; a descriptor that is cut tells of none."""
    size = DESCRIPTOR.itemsize
    table = np.frombuffer(data[: len(data) // size * size], layout(file.header.order))
    if not len(table):
        return np.zeros(1, bool)
    offsets, lengths, end = table["offset"], table["size"], np.uint64(file.size)
    inside: NDArray[np.bool_] = (offsets > 0) & (offsets < end) & (lengths <= end - np.minimum(offsets, end))
    return inside & (lengths > 0) & (lengths <= file.header.page_size)


def _present(whole: PageIndex, files: Sequence[_File], parts: Sequence[Part]) -> PageIndex:
    """The pages whose descriptors are in the files at hand and tell of places in them."""
    bits = bytearray()
    for low in range(0, whole.pages, STEP):
        flags = np.zeros(STEP, bool)
        for file, part in zip(files, parts, strict=True):
            pages = whole.rows(max(low, part.first), min(low + STEP, part.last))
            if not len(pages):
                continue
            rank = whole.rank(int(pages[0])) - part.rank
            size = DESCRIPTOR.itemsize
            sound = _sound(file.read_at(part.descriptors + rank * size, len(pages) * size), file)
            flags[pages[: len(sound)][sound] - low] = True
        bits += np.packbits(flags, bitorder="little").tobytes()
    return PageIndex(bytes(bits), whole.pages)


# --- what is there ---


def _runs(held: PageIndex, header: Header, losses: list[str]) -> RunColumns:
    """The addresses of pages that follow each other."""
    starts, lengths = array("q"), array("q")
    for first, last in held.runs():
        starts.frombytes((first * header.page_size).tobytes())
        lengths.frombytes(((last - first) * header.page_size).tobytes())
        if len(starts) > MOST_RUNS:
            losses.append(f"this dump has more than {MOST_RUNS} gaps: what lies behind is left out")
            break
    return RunColumns(starts, lengths)


def _processors(read_at: ReadAt, header: Header) -> tuple[Processor, ...]:
    """The processors' registers."""
    place, length = header.notes
    notes = read_at(place, min(length, MOST_NOTES)) if length else b""
    return processors_in(notes, MACHINES.get(header.machine, 0), header.order)
