# SPDX-License-Identifier: Apache-2.0
"""Where the kernel lies that x86-64 processors would start into, found without any symbol.

Processors that start, or wake, run through page tables below 1 MiB whose last entry is that of the kernel's
own (`trampoline_pgd`, setup_real_mode in arch/x86/realmode/init.c). No process gets memory there: whatever it
copies into its own pages, these tables do not lead to it. Another kernel that starts in the same memory puts
its own in their place.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import Final

from ..memory.addresses import Place
from ..memory.gaps import read_filled
from ..memory.memory import Memory, Run, tidy_runs
from .arch.x86_64 import FORMATS, FRAME, PRESENT
from .paging.format import Format
from .paging.walk import Walker, reader

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


def started_kernel(memory: Memory) -> tuple[Run, ...]:
    """The places at which the kernel lies that processors start into; empty where nothing tells.

    Args:
        memory: the image, from physical address 0 on.
    """
    low, _ = read_filled(memory, 0, LOW)
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
            found.append(Run(place, size))
        at += size
    return found


def _length(runs: Sequence[Run]) -> int:
    return sum(run.length for run in runs)
