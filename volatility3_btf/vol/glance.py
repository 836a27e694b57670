# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A first glance at an image: is there any Linux in it, and which kernels are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ..memory import Memory, Progress

if TYPE_CHECKING:
    from ..kernel import Banner, Vmcoreinfo

BANNER, NOTE, BTF = b"Linux version ", b"OSRELEASE=", b"\x9f\xeb\x01\x00"
SMALLEST_BTF = 1 << 20
"""Bytes; no kernel's BTF is smaller."""

IN_MIB = 64
"""Hits of a byte string that are looked at in each MiB; an honest image's has one or two. No process can
write into the MiB of the kernel's own rodata, so that its banner and BTF are always among them."""


@dataclass
class Glance:
    """What one pass over an image saw.

    Attributes:
        banners: texts that start with `Linux version`.
        has_btf: whether something looks like the header of a little-endian kernel's BTF.
        is_crowded: whether some MiB had more hits than were looked at: then nobody may say that there is no
            Linux.
    """

    banners: Sequence[Banner] = ()
    has_btf: bool = False
    is_crowded: bool = False

    @property
    def is_linux(self) -> bool:
        """Whether there is any trace of a Linux kernel that something could be made of."""
        return bool(self.banners or self.has_btf or self.is_crowded)

    @property
    def releases(self) -> list[str]:
        """The releases of the whole banners, for messages."""
        return sorted({banner.release for banner in self.banners if banner.kind == "banner"})


def glance_at(memory: Memory, progress: Progress | None = None) -> Glance:
    """Go over an image once; nothing is decoded, and little imported, where there is no Linux."""
    banners: list[int] = []
    has_btf, counted = False, Counter[tuple[int, int]]()
    for offset, kind in memory.search(
        (BANNER, BTF), progress=progress, what="Looking for Linux", most=IN_MIB
    ):
        counted[kind, offset >> 20] += 1
        if kind == 0:
            banners.append(offset)
        elif not has_btf:
            has_btf = _is_large(memory.read_available(offset, 24))
    is_crowded = IN_MIB in counted.values()
    if not banners:
        return Glance((), has_btf, is_crowded)
    from ..kernel.banner import read_banners

    return Glance(read_banners(memory, banners), has_btf, is_crowded)


def notes_in(memory: Memory, progress: Progress | None = None) -> list[Vmcoreinfo]:
    """The VMCOREINFO notes in an image."""
    from ..kernel.vmcoreinfo import read_vmcoreinfo

    found = memory.search((NOTE,), progress=progress, what="Looking for Linux", most=IN_MIB)
    return read_vmcoreinfo(memory, [offset for offset, _ in found])


def _is_large(header: bytes) -> bool:
    """Whether a little-endian BTF header tells of enough types and names for a kernel."""
    words = [int.from_bytes(header[at : at + 4], "little") for at in range(4, 24, 4)]
    return words[0] in (24, 32) and words[2] + words[4] >= SMALLEST_BTF
