# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A first glance at an image: is there any Linux in it, and which kernels are named."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..memory import Memory, Progress

if TYPE_CHECKING:
    from ..kernel import Banner, Vmcoreinfo

BANNER, NOTE, BTF = b"Linux version ", b"OSRELEASE=", b"\x9f\xeb\x01\x00"
SMALLEST_BTF = 1 << 20
"""Bytes; no kernel's BTF is smaller."""

ENOUGH = 1 << 14
"""Hits after which the glance ends; an honest image has a few dozen."""


@dataclass
class Glance:
    """What one pass over an image saw.

    Attributes:
        banners: texts that start with `Linux version`.
        notes: VMCOREINFO notes.
        has_btf: whether something looks like the header of a kernel's BTF.
    """

    banners: Sequence[Banner] = ()
    notes: Sequence[Vmcoreinfo] = ()
    has_btf: bool = False

    @property
    def is_linux(self) -> bool:
        """Whether there is any trace of a Linux kernel."""
        return bool(self.banners or self.notes or self.has_btf)

    @property
    def releases(self) -> list[str]:
        """The releases of the whole banners, for messages."""
        return sorted({banner.release for banner in self.banners if banner.kind == "banner"})


def glance_at(memory: Memory, progress: Progress | None = None) -> Glance:
    """Go over an image once; nothing is decoded that is not there."""
    hits: tuple[list[int], list[int], list[int]] = ([], [], [])
    found = memory.search((BANNER, NOTE, BTF), progress=progress, what="Looking for Linux")
    for number, (offset, kind) in enumerate(found):
        if kind != 2 or (not hits[2] and _is_large(memory.read_available(offset, 24))):
            hits[kind].append(offset)
        if number > ENOUGH:
            break
    if not any(hits):
        return Glance()
    from ..kernel.banner import read_banners
    from ..kernel.vmcoreinfo import read_vmcoreinfo

    return Glance(read_banners(memory, hits[0]), read_vmcoreinfo(memory, hits[1]), bool(hits[2]))


def _is_large(header: bytes) -> bool:
    """Whether a little-endian BTF header tells of enough types and names for a kernel."""
    words = [int.from_bytes(header[at : at + 4], "little") for at in range(4, 24, 4)]
    return words[0] in (24, 32) and words[2] + words[4] >= SMALLEST_BTF
