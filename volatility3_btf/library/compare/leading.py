# SPDX-License-Identifier: Apache-2.0
"""Where the places lead that a kernel has rewritten in its own code: out of it, or to what traces it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from ...bits import ALL_BITS
from .patch_sites import PatchSites
from .rewriting import BTI, ENTRIES, LABELS, NOP, TRACED, TRAMPOLINES

OPS: Final = "ftrace_ops"
BREAKPOINTS: Final = "breakpoints"

_LEADING: Final = (TRACED, ENTRIES, TRAMPOLINES, "static calls", LABELS, "retpolines", "return thunks")
"""Kinds of places that are looked at for where they lead."""

_BRANCHES: Final = (0xE8, 0xE9)
"""x86's first bytes of a call and of a jump with a distance of 32 bits (Intel SDM, volume 2)."""

_BRANCH, _CALL, _BRANCH_MASK = 0x14000000, 0x94000000, 0xFC000000
_BREAK, _BREAK_MASK = 0xD4200000, 0xFFE0001F
"""arm64's B and BL with a distance of 26 bits, and BRK (Arm ARM, "A64 instruction set encoding")."""

_SAVE_LINK: Final = 0xAA1E03E9
"""arm64's `mov x9, x30`, with which ftrace begins every place (arch/arm64/kernel/ftrace.c)."""

_WORD: Final = 4
_LITERAL: Final = 16
"""Bytes of a place of ftrace from which on its first 8 are the address of a ftrace_ops (6.4)."""


class Way(NamedTuple):
    """A place that leads somewhere.

    Attributes:
        what: the kind of the place; `OPS` for a function that is traced and names its ftrace_ops,
            `BREAKPOINTS` for one at whose place of ftrace an exception is raised, as a kprobe does.
        place: the link-time address of the instruction that leads on.
        address: where it leads, at run time; of the ftrace_ops; of the breakpoint.
    """

    what: str
    place: int
    address: int


class Code(NamedTuple):
    """The code of a kernel in memory.

    Attributes:
        low: the link-time address of its first byte, below 0.
        shift: the KASLR shift.
        data: its bytes.
        known: which of them there are.
    """

    low: int
    shift: int
    data: npt.NDArray[np.uint8]
    known: npt.NDArray[np.bool_]

    def bytes_at(self, place: int, length: int) -> bytes:
        """Bytes from a link-time address on; none where they are not all there."""
        at = place - self.low
        whole = 0 <= at <= len(self.data) - length and self.known[at : at + length].all()
        return self.data[at : at + length].tobytes() if whole else b""

    def is_inside(self, place: int) -> bool:
        """Whether a link-time address is in this code."""
        return self.low <= place < self.low + len(self.data)


def ways_of(sites: PatchSites, code: Code, architecture: str) -> Iterator[Way]:
    """The rewritten places that lead out of the kernel's code, and on arm64 what traces a function."""
    ways = _WAYS[architecture]
    for what in _LEADING:
        places = sites.at.get(what, np.zeros(0, np.int64))
        for place in places[(places >= code.low) & (places < code.low + len(code.data))].tolist():
            yield from ways(what, place, sites.traced, code)


def _x86_64(what: str, place: int, _: int, code: Code) -> Iterator[Way]:
    raw = code.bytes_at(place, 5)
    if raw and raw[0] in _BRANCHES:
        target = place + 5 + int.from_bytes(raw[1:], "little", signed=True)
        if not code.is_inside(target):
            yield Way(what, place, target + code.shift & ALL_BITS)


def _arm64(what: str, place: int, traced: int, code: Code) -> Iterator[Way]:
    """A branch reaches the kernel's own trampoline, which goes on as the ftrace_ops at the place says."""
    with_ops = what == TRACED and traced >= _LITERAL
    start = first_instruction(traced) if what == TRACED else 0
    for at in range(start, traced if what == TRACED else _WORD, _WORD):
        raw = code.bytes_at(place + at, _WORD)
        word = int.from_bytes(raw, "little")
        if what == TRACED and word & _BREAK_MASK == _BREAK:
            yield Way(BREAKPOINTS, place + at, place + at + code.shift & ALL_BITS)
        elif word & _BRANCH_MASK in (_BRANCH, _CALL):
            distance = (word & 0x03FFFFFF) - ((word & 0x02000000) << 1)
            target = place + at + distance * _WORD
            if with_ops:
                yield Way(OPS, place + at, int.from_bytes(code.bytes_at(place, 8), "little"))
            if not code.is_inside(target):
                yield Way(what, place + at, target + code.shift & ALL_BITS)


_WAYS: Final[dict[str, Callable[[str, int, int, Code], Iterator[Way]]]] = {"x86-64": _x86_64, "arm64": _arm64}


def first_instruction(length: int) -> int:
    """Bytes of one of arm64's places of ftrace before its first instruction: a ftrace_ops' address."""
    return 8 if length >= _LITERAL else 0


def are_ftraces(code: Code, places: npt.NDArray[np.int64], length: int) -> npt.NDArray[np.bool_]:
    """Which of arm64's places of ftrace are as that leaves them: NOPs, a saved link, a call or a breakpoint.

    Args:
        code: the code in memory.
        places: their link-time addresses.
        length: bytes of each.
    """
    fine = np.ones(len(places), np.bool_)
    for at in range(first_instruction(length), length, _WORD):
        first = places + at - code.low
        inside = np.flatnonzero((first >= 0) & (first + _WORD <= len(code.data)))
        rows = code.data[first[inside, np.newaxis] + np.arange(_WORD)]
        words = np.ascontiguousarray(rows).view("<u4").ravel()
        known = np.isin(words, (NOP, _SAVE_LINK, BTI)) | (words & _BRANCH_MASK == _CALL)
        fine[inside] &= known | (words & _BREAK_MASK == _BREAK)
    return fine
