# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A first glance at an image: is there any Linux in it, and which kernels are named."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ...survey import BANNER, BTF, NOTE, Survey

if TYPE_CHECKING:
    from ...kernel import Banner, Vmcoreinfo

SMALLEST_BTF = 1 << 20
"""Bytes; no kernel's BTF is smaller."""

IN_MIB = 64
"""Places of a byte string that are looked at in each MiB; an honest image's has one or two. No process can
write into the MiB of the kernel's own rodata, so that its banner and BTF are always among them."""


@dataclass
class Glance:
    """What there is of Linux in an image at first sight.

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


def glance_at(survey: Survey) -> Glance:
    """Go over an image; nothing is decoded, and little imported, where there is no Linux."""
    memory = survey.memory
    banners, many = _looked_at(survey, BANNER)
    headers, more = _looked_at(survey, BTF["little"])
    has_btf = any(_is_large(memory.read_available(offset, 24)) for offset in headers)
    if not banners:
        return Glance((), has_btf, many or more)
    from ...kernel.evidence.banner import read_banners

    return Glance(read_banners(memory, banners), has_btf, many or more)


def _looked_at(survey: Survey, needle: bytes) -> tuple[list[int], bool]:
    """The places of a byte string that are looked at, and whether there were more in some MiB."""
    counted, places = Counter[int](), []
    for offset, _ in survey.places(needle):
        counted[offset >> 20] += 1
        if counted[offset >> 20] <= IN_MIB:
            places.append(offset)
    return places, survey.is_crowded(needle) or max(counted.values(), default=0) >= IN_MIB


def notes_in(survey: Survey) -> list[Vmcoreinfo]:
    """The VMCOREINFO notes in an image."""
    from ...kernel.evidence.vmcoreinfo import read_vmcoreinfo

    return read_vmcoreinfo(survey.memory, _looked_at(survey, NOTE)[0])


def _is_large(header: bytes) -> bool:
    """Whether a little-endian BTF header tells of enough types and names for a kernel."""
    words = [int.from_bytes(header[at : at + 4], "little") for at in range(4, 24, 4)]
    return words[0] in (24, 32) and words[2] + words[4] >= SMALLEST_BTF
