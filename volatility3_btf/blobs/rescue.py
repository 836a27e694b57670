# SPDX-License-Identifier: Apache-2.0
"""A kernel's BTF that is not whole: read around gaps, completed from other copies, decoded."""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from ..arrays import Bools
from ..btf import BtfError, Header
from ..btf.recover.mend import Mended, mend
from ..btf.recover.record_rules import covered
from ..limits import Allowance, Once
from ..memory.memory import PAGE, Memory

log = logging.getLogger(__name__)

MOST_MENDED = 4
"""Damaged blobs that are mended in one search; an honest image has one."""

LARGEST_MENDED = 12 << 20
"""Bytes of a blob that is mended; a kernel's has 7 million at most."""

MOST_HOLES = 1 << 16
"""Runs of zeros in a blob that is mended; with every tenth page lost there are about a hundred."""

_ZEROS = 32
"""Zero bytes in a row that no types have (`void (*)(...)` has 19)."""
_NEAR = 24
"""Bytes that a run of zeros may reach over a page border because of what is zero there by right."""
_PROBE = 48
_PROBES = 8
_MOST_HITS = 64
_MOST_IN_MIB = 16
_ALIKE = 0.9
"""Share of the bytes at hand that must be equal in a copy."""
_FEWEST_COMMON = 4096

Ranges = list[tuple[int, int]]


@dataclass(frozen=True)
class Rescue:
    """What could be had of a damaged blob.

    Attributes:
        data: its bytes as they lie in memory, zeros where there are none.
        mended: its types.
        problem: what is damaged and what was done, in a line.
    """

    data: bytes
    mended: Mended
    problem: str


class Mender:
    """Mends damaged blobs, only so many in one image."""

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._blobs, self._over = Allowance(MOST_MENDED), Once()

    def rescue(self, offset: int, header: Header) -> Rescue | None:
        """Make the most of a blob; None if nothing can be had.

        Args:
            offset: the address of its header.
            header: the header.
        """
        if header.size > LARGEST_MENDED:
            log.info(
                "BTF at %#x cannot be mended: %d bytes are more than any kernel has", offset, header.size
            )
            return None
        if not self._blobs.take():
            text = "BTF at %#x is damaged, and not mended, like all behind it: %d damaged blobs were"
            self._over.warn(log, text, offset, MOST_MENDED)
            return None
        data, missing = read_around(self._memory, offset, header.size)
        try:
            missing = _joined(missing + zero_runs(data, header, offset))
            completed, sources, still = _complete(self._memory, offset, data, missing)
            mended = mend(completed, still)
        except BtfError as error:
            log.info("BTF at %#x cannot be mended: %s", offset, error)
            return None
        lost = sum(end - start for start, end in missing)
        parts = [f"{lost} of {header.size} bytes are missing or zero"] * bool(lost) + sources
        return Rescue(data, mended, "; ".join([*parts, mended.describe()]))


def read_around(memory: Memory, offset: int, length: int) -> tuple[bytes, Ranges]:
    """Read a range that has gaps.

    Returns:
        The bytes, zeros for those that cannot be read, and the ranges of these.
    """
    data, missing, at = bytearray(length), [], 0
    while at < length:
        piece = memory.read_available(offset + at, length - at)
        data[at : at + len(piece)] = piece
        at += len(piece)
        if at < length:
            behind = min(_next_start(memory, offset + at), offset + length) - offset
            missing.append((at, behind))
            at = behind
    return bytes(data), _joined(missing)


def _next_start(memory: Memory, address: int) -> int:
    """Where there may be memory again behind an address that cannot be read: the next page, or run."""
    page = (address // PAGE + 1) * PAGE
    index = bisect_right(memory.runs, address, key=lambda run: run.start)
    if index and memory.runs[index - 1].end > address:
        return page
    return memory.runs[index].start if index < len(memory.runs) else address + (1 << 62)


def _joined(ranges: Ranges) -> Ranges:
    """The ranges in order, those that touch or overlap as one."""
    joined: Ranges = []
    for start, end in sorted(ranges):
        if joined and start <= joined[-1][1]:
            joined[-1] = joined[-1][0], max(end, joined[-1][1])
        else:
            joined.append((start, end))
    return joined


def zero_runs(data: bytes, header: Header, offset: int) -> Ranges:
    """Parts of a blob that were overwritten with zeros: longer runs than types or strings have.

    Args:
        data: the blob.
        header: its header.
        offset: its address, by which pages are told.

    Raises:
        BtfError: there are more than `MOST_HOLES`.
    """
    found: Ranges = []
    for start, length, shortest in (
        (header.type_start, header.type_len, _ZEROS),
        (header.str_start + 1, header.str_len - 1, 2),
    ):
        is_zero = np.frombuffer(data, np.uint8)[start : start + length] == 0
        edges = np.flatnonzero(np.diff(np.concatenate(([0], is_zero.view(np.int8), [0]))))
        runs = edges.reshape(-1, 2)
        runs = runs[runs[:, 1] - runs[:, 0] >= shortest]
        if len(found) + len(runs) > MOST_HOLES:
            raise BtfError(f"it is damaged in more than {MOST_HOLES} places")
        for low, high in runs.tolist():
            found.append(_to_pages(start + low, start + high, offset))
    return found


def _to_pages(start: int, end: int, offset: int) -> tuple[int, int]:
    """A range without its ends, where whole pages lie between them."""
    low, high = -(-(start + offset) // PAGE) * PAGE - offset, (end + offset) // PAGE * PAGE - offset
    if low >= high:
        return start, end
    return (low if low - start < _NEAR else start), (high if end - high < _NEAR else end)


def _complete(memory: Memory, offset: int, data: bytes, missing: Ranges) -> tuple[bytes, list[str], Ranges]:
    """Fill what is missing from other copies of the same blob in the image.

    Returns:
        The bytes, a sentence for each copy that gave some, and what is still missing.
    """
    merged, sentences = bytearray(data), []
    for place in _copies(memory, offset, data, missing):
        if not missing:
            break
        other, gaps = read_around(memory, place, len(data))
        gone = covered(missing, len(data))
        blank = covered(gaps + _blank(other, place), len(data))
        taken = np.flatnonzero(gone & ~blank)
        np.frombuffer(merged, np.uint8)[taken] = np.frombuffer(other, np.uint8)[taken]
        if len(taken):
            sentences.append(f"{len(taken)} bytes were taken from another copy at {place:#x}")
        missing = _runs(gone & blank)
    return bytes(merged), sentences, missing


def _runs(mask: Bools) -> Ranges:
    """The runs of what is set."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], mask.view(np.int8), [0]))))
    return [(low, high) for low, high in edges.reshape(-1, 2).tolist()]


def _blank(data: bytes, offset: int) -> Ranges:
    """Pages that are all zeros."""
    first = -offset % PAGE
    borders = sorted({0, *range(first, len(data), PAGE), len(data)})
    return [(low, high) for low, high in pairwise(borders) if not data[low:high].strip(b"\0")]


def _copies(memory: Memory, offset: int, data: bytes, missing: Ranges) -> Iterator[int]:
    """The addresses of other copies, best first: found by pieces of what is left, compared with all of it."""
    if not missing:
        return
    probes = _probes(data, missing)
    votes: dict[int, int] = {}
    texts = [data[at : at + _PROBE] for at in probes]
    hits = memory.search(texts, what="Searching copies", most=_MOST_IN_MIB) if probes else iter(())
    for count, (hit, number) in enumerate(hits):
        if count >= _MOST_HITS:
            break
        place = hit - probes[number]
        if place != offset and place >= 0:
            votes[place] = votes.get(place, 0) + 1
    for place in sorted(votes, key=lambda place: -votes[place])[:_PROBES]:
        if alike(memory, data, missing, place):
            yield place


def _probes(data: bytes, missing: Ranges) -> list[int]:
    """Where distinctive pieces of what is left lie, spread over the blob."""
    gone = covered(missing, len(data))
    wanted = np.linspace(PAGE // 2, len(data) - _PROBE - 1, 4 * _PROBES).astype(int).tolist()
    texts: dict[bytes, int] = {}
    for at in wanted:
        if not gone[at : at + _PROBE].any() and _is_distinctive(data[at : at + _PROBE]):
            texts.setdefault(data[at : at + _PROBE], at)
    good = list(texts.values())
    return good[:: max(1, len(good) // _PROBES)][:_PROBES]


def _is_distinctive(text: bytes) -> bool:
    """Whether a text is not mostly zeros, and does not repeat itself: memory would be full of matches."""
    repeats = any(text[step:] == text[:-step] for step in range(1, len(text) // 2 + 1))
    return text.count(0) < len(text) * 3 // 4 and not repeats


def alike(memory: Memory, data: bytes, missing: Ranges, place: int) -> bool:
    """Whether what lies at a place is the same, as far as both are there."""
    other, gaps = read_around(memory, place, len(data))
    there = ~covered(missing + gaps + _blank(other, place), len(data))
    common = int(np.count_nonzero(there))
    if common < _FEWEST_COMMON:
        return False
    same = np.frombuffer(data, np.uint8)[there] == np.frombuffer(other, np.uint8)[there]
    return int(np.count_nonzero(same)) >= _ALIKE * common
