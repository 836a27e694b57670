# SPDX-License-Identifier: Apache-2.0
"""The VMCOREINFO that is the kernel's own: the one that its own pointers lead to.

Any process can write a note into its memory. The kernel keeps two copies, and the addresses of both in
`vmcoreinfo_data` and `vmcoreinfo_note` (kernel/vmcore_info.c; kernel/crash_core.c before 6.9).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

from ...memory.addresses import Place, Virtual
from ...memory.gaps import is_blank, read_number
from ...memory.memory import Memory
from ..address_space import AddressSpace
from ..kernel import Kernel
from .vmcoreinfo import Vmcoreinfo, read_vmcoreinfo

_POINTERS: Final = (("vmcoreinfo_data", 0), ("vmcoreinfo_note", 24))
"""Variables that point to a copy, and the bytes before its text: a note has a header and a name first."""

Whose = Literal["own", "other", "unknown"]
"""own: the kernel's pointer leads to it; other: the pointer leads elsewhere, and no note is there; unknown:
no pointer can be read or followed."""


@dataclass(frozen=True)
class OwnNote:
    """What the kernel's pointers lead to.

    Attributes:
        whose: whether the kernel's own note was found.
        note: that note.
        name: the pointer that leads to it.
    """

    whose: Whose
    note: Vmcoreinfo | None = None
    name: str = ""


def own_note(memory: Memory, kernel: Kernel, space: AddressSpace | None) -> OwnNote:
    """Follow the kernel's pointers to its note.

    Args:
        memory: the image.
        kernel: the kernel, its symbols placed.
        space: its address space; without it a pointer is followed only where the kernel image's distance
            from physical addresses is the direct map's too (ppc64).
    """
    followed = False
    for name, place in _places(memory, kernel, space):
        followed = followed or not is_blank(memory, place)
        found = read_vmcoreinfo(memory, [place])
        if found:
            return OwnNote("own", found[0], name)
    return OwnNote("other" if followed else "unknown")


def _places(memory: Memory, kernel: Kernel, space: AddressSpace | None) -> Iterator[tuple[str, Place]]:
    """Where the copies lie, by the kernel's pointers, with the pointer's name."""
    for name, before in _POINTERS:
        variable = kernel.find(name)
        pointer = None if variable is None else read_number(memory, variable, 8, kernel.blob.endian)
        if not pointer:
            continue
        place = None
        if space is not None:
            place = space.translate(Virtual(pointer + before))
        elif kernel.architecture in ("ppc64", "ppc64le"):
            place = kernel.physical(Virtual(pointer + before))
        if place is not None and place >= 0:
            yield name, place
