# SPDX-License-Identifier: Apache-2.0
"""The code of a kernel in memory held against the code that was shipped, function by function.

What a running kernel rewrites by itself is set aside: addresses that KASLR has moved, and the places that the
shipped kernel's own tables list (`patch_sites`). What is left was changed by somebody else. Of the places
that are set aside, calls and jumps that lead out of the kernel's code are told (`leading`): that is how a
hook through ftrace, a static call or a jump label looks, and also how ftrace itself works when it traces.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import numpy as np
import numpy.typing as npt

from ...bits import ALL_BITS
from ...btf.spelling import counted, printable
from ...kernel import Kernel
from ...memory.memory import Memory
from ..found import Found
from .leading import BREAKPOINTS, OPS, Code, are_ftraces, first_instruction, ways_of
from .patch_sites import PatchSites
from .rewriting import ALTERNATIVES, CALLS, PROCESSORS, TRACED

SHOWN: Final = 40
"""Functions that are shown."""

_MOST_CODE: Final = 128 << 20
_PIECE: Final = 1 << 20
_TOLD: Final = {
    OPS: "is traced, as the ftrace_ops at {address:#x} says",
    BREAKPOINTS: "stops at a breakpoint, as of a kprobe, at {address:#x}",
}
"""What is said of a place that leads elsewhere than out of the kernel's code."""


class NotComparableError(ValueError):
    """Two kernels whose code cannot be compared; the message says why."""


@dataclass(frozen=True)
class Changed:
    """A function whose code is not as it was shipped.

    Attributes:
        name: the function.
        address: its link-time address.
        differing: bytes that differ, without those that the kernel rewrites itself.
        first: the link-time address of the first of them.
    """

    name: str
    address: int
    differing: int
    first: int


@dataclass
class CodeVerdict:
    """What came of it.

    Attributes:
        compared: bytes of code that both have.
        set_aside: bytes of these that the kernel's tables list, and that are not judged.
        unreadable: bytes that the image does not have.
        relocated: bytes that differ by the KASLR shift alone.
        rewritten: bytes that differ at places that the kernel's tables list.
        counts_calls: whether the kernel has rewritten all its calls, to count them.
        changed: functions that differ otherwise, in order of address.
        leading_out: places from which code leads out of the kernel, or to what traces a function: the kind,
            the function, and the address it leads to.
        sites: how many places the kernel's tables list, by kind.
    """

    compared: int = 0
    set_aside: int = 0
    unreadable: int = 0
    relocated: int = 0
    rewritten: int = 0
    counts_calls: bool = False
    changed: list[Changed] = field(default_factory=list)
    leading_out: list[tuple[str, str, int]] = field(default_factory=list)
    sites: dict[str, int] = field(default_factory=dict)


def compare_code(running: Found, shipped: Found) -> CodeVerdict:
    """Compare the code of a kernel in memory with the same kernel as it was shipped.

    Raises:
        NotComparableError: they are not of one build, or not for a known processor, or lack what is needed.
    """
    kernel, other = running.kernel, shipped.kernel
    _see_to_it(kernel, other)
    assert kernel.symbols is not None and other.symbols is not None and kernel.kaslr_shift is not None
    start, stop = _bounds(other)
    architecture = kernel.architecture or ""
    sites = PatchSites(shipped.memory, other)
    if ALTERNATIVES not in sites.counts:
        raise NotComparableError("its kallsyms does not list where its tables of rewritten code lie")
    verdict = CodeVerdict(sites=sites.counts)
    functions = _Functions(other)
    ours = _code(running.memory, kernel, start, stop, kernel.kaslr_shift)
    theirs = _code(shipped.memory, other, start, stop, 0)
    known = ours.known & theirs.known
    differing = (ours.data != theirs.data) & known
    masked = _masked(sites, ours, architecture)
    verdict.counts_calls = _counts_calls(sites, differing & ~masked, start)
    if verdict.counts_calls:
        masked = _masked(sites, ours, architecture, with_calls=True)
    moved = _moved(ours.data, theirs.data, kernel.kaslr_shift, PROCESSORS[architecture].words) & ~masked
    left = np.flatnonzero(differing & ~masked & ~moved)
    verdict.compared, verdict.unreadable = int(known.sum()), int((~known).sum())
    verdict.set_aside = int(masked.sum())
    verdict.relocated = int((moved & differing).sum())
    verdict.rewritten = int((differing & masked).sum())
    verdict.changed = list(functions.changed(start + left))
    verdict.leading_out = [
        (way.what, functions.name(way.place), way.address) for way in ways_of(sites, ours, architecture)
    ]
    return verdict


def _masked(
    sites: PatchSites, code: Code, architecture: str, with_calls: bool = False
) -> npt.NDArray[np.bool_]:
    """Which bytes are set aside; arm64's places of ftrace only where they are as that leaves them."""
    masked = sites.masked(code.low, code.low + len(code.data), with_calls)
    places = sites.at.get(TRACED)
    if architecture == "arm64" and places is not None:
        for place in places[~are_ftraces(code, places, sites.traced)].tolist():
            start = place - code.low
            masked[max(0, start + first_instruction(sites.traced)) : max(0, start + sites.traced)] = False
    return masked


def _counts_calls(sites: PatchSites, differing: npt.NDArray[np.bool_], start: int) -> bool:
    """Whether so many calls were rewritten that the kernel did it: it does all of them or none."""
    places = sites.at.get(CALLS, np.zeros(0, np.int64)) - start
    inside = places[(places >= 0) & (places < len(differing) - 4)]
    rewritten = differing[inside + 1] | differing[inside + 2] | differing[inside + 3]
    return bool(rewritten.sum() * 2 > len(inside) > 0)


def _see_to_it(kernel: Kernel, other: Kernel) -> None:
    if kernel.architecture not in PROCESSORS or other.architecture != kernel.architecture:
        raise NotComparableError(f"code is compared of {' and '.join(PROCESSORS)} kernels only")
    if kernel.symbols is None or other.symbols is None or kernel.kaslr_shift is None:
        raise NotComparableError("its symbols or its KASLR shift are not known")
    if kernel.banner != other.banner:
        raise NotComparableError("the shipped kernel has another banner")


def _bounds(kernel: Kernel) -> tuple[int, int]:
    """The kernel's code that stays after boot, at link-time addresses below 0."""
    assert kernel.symbols is not None
    start, stop = kernel.symbols.get("_stext"), kernel.symbols.get("_etext")
    if start is None or stop is None or not start < stop <= start + _MOST_CODE:
        raise NotComparableError("the kernel does not say where its code lies")
    return _signed(start), _signed(stop)


def _signed(address: int) -> int:
    return address - (address >> 63 << 64)


def _code(memory: Memory, kernel: Kernel, low: int, high: int, shift: int) -> Code:
    """Code from one link-time address to another, and which bytes of it there are."""
    code = Code(low, shift, np.zeros(high - low, np.uint8), np.zeros(high - low, np.bool_))
    assert kernel.physical_shift is not None
    at = low + shift - _signed(kernel.physical_shift)
    for run in memory.runs:
        first, last = max(at, run.start), min(at + high - low, run.start + run.length)
        if first < last:
            piece = memory.read_available(first, last - first)
            code.data[first - at : first - at + len(piece)] = np.frombuffer(piece, np.uint8)
            code.known[first - at : first - at + len(piece)] = True
    return code


class _Functions:
    """The functions of a kernel by address."""

    def __init__(self, kernel: Kernel) -> None:
        symbols = kernel.symbols
        assert symbols is not None
        signed = symbols.addresses.astype(np.int64)
        self._order = np.argsort(signed, kind="stable")
        self._sorted, self._symbols = signed[self._order], symbols

    def name(self, address: int) -> str:
        """The name of the function at an address."""
        place = int(np.searchsorted(self._sorted, address, side="right")) - 1
        return self._first_name(place)

    def changed(self, places: npt.NDArray[np.int64]) -> Iterator[Changed]:
        """The functions in which some addresses lie, which ascend."""
        numbers = np.searchsorted(self._sorted, places, side="right") - 1
        found, firsts, counts = np.unique(numbers, return_index=True, return_counts=True)
        for number, first, count in zip(found.tolist(), firsts.tolist(), counts.tolist(), strict=True):
            address = int(self._sorted[number]) & ALL_BITS if number >= 0 else 0
            yield Changed(self._first_name(number), address, count, int(places[first]) & ALL_BITS)

    def _first_name(self, place: int) -> str:
        """Of several names of one address the one that is listed first."""
        if place < 0:
            return "(before all functions)"
        first = int(np.searchsorted(self._sorted, self._sorted[place], side="left"))
        return self._symbols.name(int(self._order[first]))


def _moved(
    ours: npt.NDArray[np.uint8], theirs: npt.NDArray[np.uint8], shift: int, widths: tuple[int, ...]
) -> npt.NDArray[np.bool_]:
    """Which bytes belong to an address that differs by the KASLR shift, or by as much the other way.

    An address can lie at any byte of an instruction: it is one where the numbers at a place differ by just
    the shift, modulo their width.
    """
    moved = np.zeros(len(ours), np.bool_)
    for width in widths if shift else ():
        known = [np.array(sign * shift % (1 << 8 * width), f"<u{width}") for sign in (1, -1)]
        for low in range(0, len(ours) - width + 1, _PIECE):
            one, other = (_words(side[low : low + _PIECE + width - 1], width) for side in (ours, theirs))
            starts = low + np.flatnonzero(np.isin(one - other, known))
            for byte in range(width):
                moved[starts + byte] = True
    return moved


def _words(data: npt.NDArray[np.uint8], width: int) -> npt.NDArray[Any]:
    """The number at each byte."""
    rows = np.lib.stride_tricks.sliding_window_view(data, width)
    return np.ascontiguousarray(rows).view(f"<u{width}").ravel()


def code_lines(verdict: CodeVerdict, path: Path) -> list[str]:
    """What came of it, for the user."""
    lines = [
        f"code: {verdict.compared} bytes compared with {path}; {verdict.set_aside} of them, where the kernel "
        "rewrites itself, are not judged"
    ]
    if verdict.unreadable:
        lines.append(f"    {verdict.unreadable} bytes of the code are not in the image")
    if verdict.counts_calls:
        lines.append("    the kernel counts calls (call depth tracking): where they lead is not judged")
    if not verdict.changed:
        lines.append("    no function differs")
    for changed in verdict.changed[:SHOWN]:
        name, differing = printable(changed.name), counted(changed.differing, "byte")
        lines.append(
            f"    {name} differs from what was shipped: {differing}, the first at {changed.first:#x}"
        )
    if len(verdict.changed) > SHOWN:
        lines.append(f"    and {counted(len(verdict.changed) - SHOWN, 'more function')}")
    for what, name, address in verdict.leading_out[:SHOWN]:
        told = _TOLD.get(what, f"leads out of the kernel's code, to {{address:#x}} ({what})")
        lines.append(f"    {printable(name)} {told.format(address=address)}")
    if len(verdict.leading_out) > SHOWN:
        lines.append(f"    and {counted(len(verdict.leading_out) - SHOWN, 'more place')} like these")
    return lines
