# SPDX-License-Identifier: Apache-2.0
"""By how much KASLR moved a kernel, and whether that was found or assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ..memory import Memory
from . import code
from .reading import read_number
from .vmcoreinfo import Vmcoreinfo

_X86_START = 0xFFFFFFFF81000000
_X86_ALIGN = 2 << 20
"""Bytes; the least CONFIG_PHYSICAL_ALIGN."""
_RISCV_START = 0xFFFFFFFF80000000
_PPC64_START = 0xC000000000000000
_ALIGNED = {"arm64": 2 << 20, "riscv64": 2 << 20}
"""Bytes to which `_text` is aligned where `_stext`, which may be all that is listed, lies behind it."""

_GIB = 1 << 30

Place = Callable[[str], "int | None"]


@dataclass(frozen=True)
class Kaslr:
    """The KASLR shift.

    Attributes:
        shift: run-time minus link-time addresses.
        reason: where it comes from, as a sentence.
        found: whether it stands in the image; otherwise it rests on the architecture's default.
        disputed: whether VMCOREINFO and the kernel itself, or the default, say different things.
    """

    shift: int
    reason: str
    found: bool
    disputed: bool = False


def kaslr_of(
    memory: Memory,
    architecture: str | None,
    address: Callable[[str], int | None],
    where: Callable[[str], int | None],
    lowest: int | None,
    note: Vmcoreinfo | None,
    release: str | None,
    endian: str,
) -> Kaslr | None:
    """Find the KASLR shift: VMCOREINFO's and the kernel's own must agree.

    Args:
        memory: the image.
        architecture: the kernel's architecture.
        address: the run-time address of a symbol, or None.
        where: its address in the layer, or None.
        lowest: the lowest run-time address in the kernel image, which stands for `_text` if that is lost.
        note: the VMCOREINFO that belongs to this kernel.
        release: the kernel's release.
        endian: byte order of the kernel.
    """
    text = address("_text")
    text = address("_stext") if text is None else text
    text = lowest if text is None else text
    own = None
    if text is not None:
        text -= text % _ALIGNED.get(architecture or "", 1)
        own = _own(memory, architecture, text, where, release, endian)
    told = None if note is None else note.kernel_offset
    return own if told is None else _settled(told, own, architecture)


def _own(
    memory: Memory, architecture: str | None, text: int, where: Place, release: str | None, endian: str
) -> Kaslr | None:
    """The shift without VMCOREINFO."""
    if architecture == "x86-64":
        return _x86_64(memory, text, where)
    if architecture == "arm64":
        return _arm64(text, release)
    if architecture == "s390x":
        return _s390x(memory, where, endian)
    if architecture == "riscv64":
        return _assumed(text, _RISCV_START)
    if architecture in ("ppc64le", "ppc64"):
        return _assumed(text, _PPC64_START)
    return None


def _settled(told: int, own: Kaslr | None, architecture: str | None) -> Kaslr:
    """What VMCOREINFO tells, unless the kernel itself says something else."""
    reason = f"KASLR shift {told:#x} from VMCOREINFO's KERNELOFFSET"
    if own is None:
        return Kaslr(told, reason, True, disputed=not _is_possible(told, architecture))
    if own.shift == told:
        return Kaslr(told, reason + f", and {own.reason}" * own.found, True)
    against = f"{own.reason}, but VMCOREINFO's KERNELOFFSET is {told:#x}"
    if own.found or not _is_possible(told, architecture):
        return Kaslr(own.shift, against, False, disputed=True)
    return Kaslr(told, f"{reason}, which is not the usual one for its addresses", False, disputed=True)


def _is_possible(shift: int, architecture: str | None) -> bool:
    """Whether a kernel can have been moved so far (arch/x86/boot/compressed/kaslr.c)."""
    return architecture != "x86-64" or (0 <= shift < _GIB and shift % _X86_ALIGN == 0)


def _x86_64(memory: Memory, text: int, where: Place) -> Kaslr | None:
    function = where("dump_kernel_offset")
    start = None if function is None else code.start_of_x86_kernel(memory, function, text)
    if start is not None:
        return Kaslr(
            text - start, f"KASLR shift {text - start:#x} found in the code of dump_kernel_offset", True
        )
    shift = text - _X86_START
    if _is_possible(shift, "x86-64"):
        return _assumed(text, _X86_START)
    return None


def _arm64(text: int, release: str | None) -> Kaslr | None:
    """KIMAGE_VADDR (asm/memory.h) follows the modules' area, whose size has changed twice."""
    version = _version(release)
    if version is None:
        return None
    base = 0xFFFFFFC000000000 if text >= 0xFFFFFFC000000000 else 0xFFFF800000000000
    area = 0x80000000 if version >= (6, 5) else 0x08000000 if version >= (5, 16) else 0x10000000
    shift = text - (base + area)
    return _assumed(text, base + area) if shift >= 0 else None


def _s390x(memory: Memory, where: Place, endian: str) -> Kaslr | None:
    """`__kaslr_offset`, from 6.11 on the first member of `vm_layout` (arch/s390/include/asm/page.h)."""
    for name in ("vm_layout", "__kaslr_offset"):
        at = where(name)
        shift = None if at is None else read_number(memory, at, 8, endian)
        if shift is not None and shift % 4096 == 0:
            return Kaslr(shift, f"KASLR shift {shift:#x} from the kernel's variable {name}", True)
    return None


def _assumed(runtime: int, link: int) -> Kaslr:
    shift = runtime - link
    return Kaslr(
        shift, f"KASLR shift {shift:#x} assumed from the usual link-time address {link:#x} of _text", False
    )


def _version(release: str | None) -> tuple[int, int] | None:
    """The first two numbers of a release."""
    parts = (release or "").split(".")
    if len(parts) < 2 or not parts[0].isdigit():
        return None
    digits = parts[1][
        : next((index for index, char in enumerate(parts[1]) if not char.isdigit()), len(parts[1]))
    ]
    return (int(parts[0]), int(digits)) if digits and len(digits) < 6 and len(parts[0]) < 6 else None
