# SPDX-License-Identifier: Apache-2.0
"""The type section in one pass: where each record starts, and its common fields as columns.

A record's length follows from its own info word, so the length of "a record that starts here" can
be computed for every word at once; following those lengths eight records at a time leaves little
for the interpreter to do. All of it happens in blocks that stay in the processor's cache.

The info word is read as vlen in bits 0-23 and kind in bits 24-30, the widened form of 2026. It
agrees with the older form (vlen in 16 bits, kind in 5), whose spare bits are zero.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from .errors import BtfError
from .header import Header
from .kinds import COMMON_WORDS, ELEMENT_WORDS, EXTRA_WORDS, Kind

VLEN_MASK: Final = 0xFFFFFF
KIND_SHIFT: Final = 24
KIND_MASK: Final = 0x7F
LONGEST: Final = 10 << 20
"""Bytes of a type section that are accepted; kernels of 2026 have 3.3 million."""
MOST: Final = 1 << 20
"""Records that are accepted; the kernel stops there too (BTF_MAX_TYPE), those of 2026 have 130,000."""

Words = NDArray[np.uint32]
Positions = NDArray[np.int64]

_BLOCK: Final = 1 << 16
_STRIDE: Final = 8
_HERE: Final = np.arange(_BLOCK, dtype=np.int64)


def _per_kind(values: dict[Kind, int], base: int) -> Positions:
    table = np.zeros(KIND_MASK + 1, dtype=np.int64)
    for kind in Kind:
        if kind is not Kind.VOID:
            table[kind] = base + values.get(kind, 0)
    return table


_FIXED: Final = _per_kind(EXTRA_WORDS, COMMON_WORDS)
_EACH: Final = _per_kind(ELEMENT_WORDS, 0)


@dataclass(frozen=True, slots=True)
class Columns:
    """One entry a record of the blob's own type section; entry 0 is its first type id.

    Attributes:
        words: the whole type section as 32-bit words in this machine's byte order.
        record: byte offset of the record in the type section.
        name_off: offset of the name in the strings (base's strings first, when split).
        kind: a `Kind`.
        vlen: number of elements that follow (linkage for FUNC).
        kind_flag: bit 31 of info.
        size_or_type: a size in bytes or a type id, by kind.
    """

    words: Words
    record: Words
    name_off: Words
    kind: NDArray[np.uint8]
    vlen: Words
    kind_flag: NDArray[np.bool_]
    size_or_type: Words

    def __len__(self) -> int:
        return len(self.record)

    def rows_of(self, *kinds: Kind) -> Positions:
        """Rows (type id less the first id) of the given kinds, ascending."""
        mask = self.kind == int(kinds[0])
        for kind in kinds[1:]:
            mask |= self.kind == int(kind)
        return np.flatnonzero(mask).astype(np.int64, copy=False)

    def elements(self, rows: Positions, stride: int) -> tuple[Positions, Positions]:
        """Place every element of the given rows.

        Args:
            rows: rows of kinds whose records end in vlen elements.
            stride: words an element takes.

        Returns:
            For each element the row it belongs to and the index of its first word in `words`.
        """
        if not len(rows):
            return rows, rows
        counts = self.vlen[rows].astype(np.int64)
        ends = np.cumsum(counts)
        total = int(ends[-1]) if len(ends) else 0
        first = self.record[rows].astype(np.int64) // 4 + COMMON_WORDS - (ends - counts) * stride
        return np.repeat(rows, counts), np.repeat(first, counts) + np.arange(total, dtype=np.int64) * stride


@dataclass(frozen=True, slots=True)
class Walk:
    """Where records start, in words, and the word at which the walk ended."""

    starts: Positions
    stop: int


def section_words(data: bytes | memoryview, header: Header) -> Words:
    """The type section as words in native byte order; bytes of an unfinished last word are left out."""
    order = "<u4" if header.endian == "little" else ">u4"
    count = min(header.type_len, max(0, len(data) - header.type_start)) // 4
    if not count:
        return np.zeros(0, dtype=np.uint32)
    return np.frombuffer(data, dtype=order, count=count, offset=header.type_start).astype(np.uint32)


def walk(words: Words) -> Walk:
    """Follow the records from the first word as far as they make sense.

    `stop` is the length of `words` when the records fill them exactly, and otherwise the word
    where a record of unknown kind starts or one that does not fit.
    """
    total = len(words)
    position = 0
    pieces: list[Positions] = []
    while position + COMMON_WORDS <= total:
        starts, reached, whole = _walk_block(words, position)
        pieces.append(starts)
        position = reached
        if not whole:
            break
    return Walk(np.concatenate(pieces) if pieces else np.zeros(0, dtype=np.int64), position)


def record_lengths(words: Words) -> Positions:
    """For each word but the last, the words of a record that starts there; 0 if its kind is not known."""
    info = words[1:]
    kind = (info >> KIND_SHIFT) & KIND_MASK
    lengths: Positions = _FIXED[kind] + _EACH[kind] * (info & VLEN_MASK)
    return lengths


def _walk_block(words: Words, begin: int) -> tuple[Positions, int, bool]:
    size = min(_BLOCK, len(words) - 1 - begin)
    info = words[begin + 1 : begin + 1 + size]
    kind = (info >> KIND_SHIFT) & KIND_MASK
    length = _FIXED[kind] + _EACH[kind] * (info & VLEN_MASK)
    following = np.full(size + 1, size, dtype=np.int64)
    np.minimum(length + _HERE[:size], size, out=following[:size])
    following[:size][length == 0] = size
    strided = following
    for _ in range(_STRIDE.bit_length() - 1):
        strided = strided[strided]
    anchors, here = _hop(strided, size)
    run = np.empty((len(anchors), _STRIDE), dtype=np.int64)
    run[:, 0] = anchors
    for column in range(1, _STRIDE):
        run[:, column] = following[run[:, column - 1]]
    rest: list[int] = []
    whole = True
    while whole and here < size:
        step = int(length[here])
        whole = step != 0 and begin + here + step <= len(words)
        if whole:
            rest.append(here)
            here += step
    starts = np.concatenate((run.ravel(), np.array(rest, dtype=np.int64))) + begin
    return starts, begin + here, whole


def _hop(strided: Positions, size: int) -> tuple[list[int], int]:
    hops = strided.data
    anchors: list[int] = []
    here = 0
    while (after := hops[here]) < size:
        anchors.append(here)
        here = after
    return anchors, here


def columns_at(words: Words, starts: Positions) -> Columns:
    """The common fields of the records that start at the given words."""
    info = words[starts + 1]
    return Columns(
        words=words,
        record=(starts * 4).astype(np.uint32),
        name_off=words[starts],
        kind=((info >> KIND_SHIFT) & KIND_MASK).astype(np.uint8),
        vlen=(info & VLEN_MASK).astype(np.uint32, copy=False),
        kind_flag=(info >> 31).astype(np.bool_),
        size_or_type=words[starts + 2],
    )


def decode_columns(data: bytes | memoryview, header: Header, first_id: int = 1) -> Columns:
    """Decode the whole type section.

    Args:
        data: the blob, from its header on.
        header: its header, already checked against the length of `data`.
        first_id: type id of the first record, for messages.

    Raises:
        BtfError: a record of unknown kind, or the records do not fill the section exactly.
    """
    if header.type_len > LONGEST:
        raise BtfError(f"type section: {header.type_len} bytes are more than any kernel has")
    if header.type_len % 4:
        raise BtfError(f"type section: length {header.type_len:#x} is not a multiple of 4")
    words = section_words(data, header)
    walked = walk(words)
    if walked.stop != len(words):
        raise BtfError(_what_stopped(words, walked, first_id))
    if len(walked.starts) > MOST:
        raise BtfError(f"type section: {len(walked.starts)} types are more than any kernel has")
    columns = columns_at(words, walked.starts)
    for column in (words, columns.record, columns.name_off, columns.kind, columns.vlen, columns.size_or_type):
        column.flags.writeable = False
    columns.kind_flag.flags.writeable = False
    return columns


def _what_stopped(words: Words, walked: Walk, first_id: int) -> str:
    where = f"type {first_id + len(walked.starts)} at offset {walked.stop * 4:#x} of the type section"
    if walked.stop + COMMON_WORDS > len(words):
        return f"{where}: the section ends inside the record"
    kind = int(words[walked.stop + 1]) >> KIND_SHIFT & KIND_MASK
    if not _FIXED[kind]:
        return f"{where}: kind {kind} is not known"
    return f"{where}: {Kind(kind).name} runs over the end of the section"
