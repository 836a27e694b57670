# SPDX-License-Identifier: Apache-2.0
"""zImage of PowerPC: an ELF program with the compressed kernel in a section (arch/powerpc/boot/wrapper)."""

from __future__ import annotations

from typing import Final

from ...memory.memory import Memory
from ..errors import SourceError
from .content import Content
from .elf import ELF_MAGIC
from .sections import sections_of
from .slices import part_of

SECTION: Final = ".kernel:vmlinux.strip"


def take_kernel(data: Memory, head: bytes) -> Content | None:
    """The compressed kernel in a zImage; None for other files. Raises SourceError."""
    if not head.startswith(ELF_MAGIC):
        return None
    try:
        section = sections_of(data).get(SECTION)
    except SourceError:  # a vmlinux needs no sections
        return None
    return (
        None if section is None else Content(part_of(data, *section, "the kernel of a zImage"), ("zImage",))
    )
