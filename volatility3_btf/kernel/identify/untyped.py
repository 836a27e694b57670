# SPDX-License-Identifier: Apache-2.0
"""A kernel in the image that has symbols and no BTF there: it may be the one that runs."""

from __future__ import annotations

from typing import Final

from ...memory.gaps import read_number
from ...memory.memory import Memory
from ..evidence.life import NO_CPU
from ..kallsyms.kallsyms import Kallsyms
from .placement import Placement

_AT_AN_END: Final = (4, 5, 6)
"""Values of `system_state` behind SYSTEM_RUNNING and its like, whether or not there is SYSTEM_FREEING_INITMEM
(5.14); without BTF nothing tells which is which (include/linux/kernel.h)."""


def may_run(memory: Memory, kallsyms: Kallsyms, placement: Placement) -> bool:
    """Whether a kernel has run, in this image's own physical memory, and says nothing of an end.

    Args:
        memory: the image.
        kallsyms: its symbols.
        placement: where it lies.
    """
    if not placement.confirmed or placement.shift is None or placement.added is None:
        return False
    apart, endian = placement.shift - placement.added, kallsyms.tables.endian

    def number(name: str, size: int) -> int | None:
        value = kallsyms.value(placement.reading, name)
        return None if value is None else read_number(memory, value - apart, size, endian)

    told = None if placement.note is None else placement.note.physical_shift
    base = number("phys_base", 8)
    if told is None and base is not None:
        told = 0xFFFFFFFF80000000 - (base - (base >> 63 << 64))
    if told not in (None, placement.shift):
        return False
    return number("panic_cpu", 4) in (None, NO_CPU) and number("system_state", 4) not in _AT_AN_END
