# SPDX-License-Identifier: Apache-2.0
"""Where the kernel lies that processors would enter, found without any symbol.

x86-64: processors that start, or wake, run through page tables below 1 MiB whose last entry is that of the
kernel's own (`trampoline_pgd`, setup_real_mode in arch/x86/realmode/init.c).

s390x: the first 8 KiB are the processor's (z/Architecture Principles of Operation, "Assigned Storage
Locations"): where it goes on after a program interruption, and, of the kernel's own, the top of its page
tables (`kernel_asce` of struct lowcore, arch/s390/include/asm/lowcore.h). Kernels before 6.10 are mapped as
all memory is, so that nothing tells where they end: of these nothing is said.

No process gets memory in either place: whatever it copies into its own pages, these tables do not lead to it.
Another kernel that starts in the same memory puts its own in their place.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from ...memory.addresses import Place, Virtual
from ...memory.gaps import read_filled
from ...memory.memory import Memory, Run, tidy_runs
from ..paging.format import Format
from ..paging.walk import Walker, reader
from . import s390x
from .x86_64 import FORMATS, FRAME, PRESENT

LOW: Final = 1 << 20
"""Bytes below which the tables lie."""

MOST_TABLES: Final = 8
"""Pages that may be such tables; an honest image has one."""

SMALLEST: Final = 4 << 20
"""Bytes that a kernel image has at least; less is chance."""

_PAGE: Final = 4096
_LAST: Final = 511 * 8
_KERNEL_MAP, _KERNEL_END = 0xFFFFFFFF80000000, 0xFFFFFFFFC0000000
"""Where the kernel image is mapped (__START_KERNEL_map and KERNEL_IMAGE_SIZE)."""

MOST_IMAGE: Final = 256 << 20
"""Bytes that a kernel image has at most; a larger piece is all memory."""

_LOWCORE: Final = 0x2000
"""Bytes of a lowcore."""

PROGRAM_NEW: Final = 0x1D0
"""Where the program-new PSW lies in a lowcore: mask and address, eight bytes each."""

_TRANSLATED: Final = 0x0400000180000000
"""Bits of a PSW with which an address is virtual, and has 64 bits."""

_TYPE, _NO_TOP = 0x0C, 0xFF0 & ~0x0C
"""Bits of an address-space-control element: how many levels there are; what is 0 in a kernel's."""


def started_kernel(memory: Memory) -> tuple[Run, ...]:
    """The places at which the kernel lies that processors start into; empty where nothing tells.

    Args:
        memory: the image, from physical address 0 on.
    """
    low, _ = read_filled(memory, 0, LOW)
    return _by_trampoline(memory, low) or _by_lowcore(memory, low[:_LOWCORE])


def _by_trampoline(memory: Memory, low: bytes) -> tuple[Run, ...]:
    found: list[Run] = []
    tried = 0
    for page in range(0, len(low) - _PAGE + 1, _PAGE):
        (entry,) = struct.unpack_from("<Q", low, page + _LAST)
        if not entry & PRESENT or not _PAGE <= entry & FRAME < memory.end:
            continue
        tried += 1
        found += _image(memory, Place(page))
        if tried == MOST_TABLES:
            break
    return tidy_runs(found)


def _image(memory: Memory, root: Place) -> list[Run]:
    """What page tables of either depth map where the kernel image has to be; the larger part of it."""
    found = max((_mapped(memory, root, form) for form in FORMATS), key=_length)
    return found if _length(found) >= SMALLEST else []


def _mapped(memory: Memory, root: Place, form: Format) -> list[Run]:
    walker, at, found = Walker(reader(memory), form, root), _KERNEL_MAP, list[Run]()
    while at < _KERNEL_END:
        place, bits = walker.lookup(at)
        size = (1 << bits) - (at & (1 << bits) - 1)
        if place is not None and 0 <= place < memory.end:
            start = found.pop().start if found and found[-1].end == place else place
            found.append(Run(start, place + size - start))
        at += size
    return found


def _by_lowcore(memory: Memory, low: bytes) -> tuple[Run, ...]:
    """What is mapped in one piece around the instruction that a program interruption leads to (s390x)."""
    mask, address = struct.unpack_from(">QQ", low.ljust(_LOWCORE, b"\0"), PROGRAM_NEW)
    if mask & _TRANSLATED != _TRANSLATED:
        return ()
    words = struct.unpack_from(f">{len(low) // 8}Q", low)
    tops = dict.fromkeys(word for word in words if not word & _NO_TOP and _PAGE <= word & -_PAGE < memory.end)
    for top in list(tops)[:MOST_TABLES]:
        form = s390x.FORMATS[(top & _TYPE) >> 2]
        walker = Walker(reader(memory), form, Place(top & -_PAGE))
        run = _piece(walker, Virtual(address))
        if run is not None and SMALLEST <= run.length < MOST_IMAGE:
            return (run,)
    return ()


def _piece(walker: Walker, address: Virtual) -> Run | None:
    """The places around an address that are mapped as one piece; no more than a kernel image has."""
    place = walker.translate(address)
    if place is None:
        return None
    start = end = address & -_PAGE
    shift = address - place
    while end - start < MOST_IMAGE and walker.translate(Virtual(end)) == end - shift:
        end += _PAGE
    while end - start < MOST_IMAGE and walker.translate(Virtual(start - _PAGE)) == start - _PAGE - shift:
        start -= _PAGE
    return Run(start - shift, end - start)


def _length(runs: Sequence[Run]) -> int:
    return sum(run.length for run in runs)
