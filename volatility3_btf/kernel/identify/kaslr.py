# SPDX-License-Identifier: Apache-2.0
"""By how much KASLR moved a kernel, and whether that was found or assumed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from ...bits import ALL_BITS
from ...memory.addresses import Place
from ...memory.gaps import is_blank, read_number
from ...memory.memory import Memory
from ..evidence import function_starts
from ..evidence.vmcoreinfo import Vmcoreinfo
from ..kernel import Kernel
from ..structures import Record

_X86_START = 0xFFFFFFFF81000000
_X86_ALIGN = 2 << 20
"""Bytes; the least CONFIG_PHYSICAL_ALIGN."""
_RISCV_START = 0xFFFFFFFF80000000
_PPC64_START = 0xC000000000000000
_ARM64_TELLERS = ("arm64_panic_block_dump", "dump_kernel_offset")
"""Functions that print KIMAGE_VADDR (arch/arm64/kernel/setup.c)."""
_ARM64_BITS = {4096: (48, 39), 16384: (47, 36), 65536: (48, 42)}
"""The usual VA_BITS_MIN and the least one, by size of pages (arch/arm64/Kconfig)."""
_ALIGNED = {"arm64": 2 << 20, "riscv64": 2 << 20}
"""Bytes to which `_text` is aligned where `_stext`, which may be all that is listed, lies behind it."""

_GIB = 1 << 30

Where = Callable[[str], "Place | None"]
"""Takes a symbol's name."""


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
    memory: Memory, kernel: Kernel, lowest: int | None, note: Vmcoreinfo | None, page: int | None = None
) -> Kaslr | None:
    """Find the KASLR shift: VMCOREINFO's and the kernel's own must agree.

    Args:
        memory: the image.
        kernel: the kernel, its architecture, release and symbols known.
        lowest: the lowest run-time address in the kernel image, which stands for `_text` if that is lost.
        note: the VMCOREINFO that belongs to this kernel.
        page: bytes of its pages, where its page tables could be walked.
    """
    if not memory.has_run:
        return Kaslr(0, "a kernel as it lies on disk has its link-time addresses", True)
    symbols = kernel.symbols
    addresses = () if symbols is None else (symbols.get("_text"), symbols.get("_stext"))
    text = next((address for address in (*addresses, lowest) if address is not None), None)
    own = None
    if text is not None:
        text -= text % _ALIGNED.get(kernel.architecture or "", 1)
        own = _own(memory, kernel, text, note, page)
    told = None if note is None else note.kernel_offset
    return own if told is None else _settled(told, own, kernel.architecture)


def _own(
    memory: Memory, kernel: Kernel, text: int, note: Vmcoreinfo | None, page: int | None
) -> Kaslr | None:
    """The shift without KERNELOFFSET."""
    if kernel.architecture == "x86-64":
        return _x86_64(memory, text, kernel.find)
    if kernel.architecture == "arm64":
        return _arm64(memory, text, kernel, page)
    if kernel.architecture == "s390x":
        return _s390x(memory, kernel.find, kernel.blob.endian)
    if kernel.architecture == "riscv64":
        return _riscv64(memory, text, kernel, note)
    if kernel.architecture in ("ppc64le", "ppc64"):
        return _ppc64(text)
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


def _x86_64(memory: Memory, text: int, where: Where) -> Kaslr | None:
    function = where("dump_kernel_offset")
    start = None if function is None else function_starts.start_of_x86_kernel(memory, function, text)
    if start is not None:
        return Kaslr(
            text - start, f"KASLR shift {text - start:#x} found in the code of dump_kernel_offset", True
        )
    shift = text - _X86_START
    if _is_possible(shift, "x86-64"):
        return _assumed(text, _X86_START)
    return None


def _arm64(memory: Memory, text: int, kernel: Kernel, page: int | None) -> Kaslr | None:
    """KIMAGE_VADDR stands in the code that tells the offset when the kernel panics."""
    for name in _ARM64_TELLERS:
        place = kernel.find(name)
        start = None if place is None else function_starts.start_of_arm64_kernel(memory, place, text)
        if start is not None:
            return Kaslr(text - start, f"KASLR shift {text - start:#x} found in the code of {name}", True)
    base = _usual_arm64(text, kernel.release, page)
    return _assumed(text, base) if base is not None and text >= base else None


def _usual_arm64(text: int, release: str | None, page: int | None) -> int | None:
    """KIMAGE_VADDR (asm/memory.h): behind the modules' area, which starts where VA_BITS_MIN says.

    The area's size has changed twice. Addresses have 48 bits, 47 with pages of 16 KiB, or fewer if built so.
    """
    version = _version(release)
    if version is None:
        return None
    usual, least = _ARM64_BITS.get(page or 4096, (48, 39))
    few = -(1 << least - 1) & ALL_BITS
    base = few if text >= few else -(1 << usual - 1) & ALL_BITS
    area = 0x80000000 if version >= (6, 5) else 0x08000000 if version >= (5, 16) else 0x10000000
    return base + area


def _riscv64(memory: Memory, text: int, kernel: Kernel, note: Vmcoreinfo | None) -> Kaslr | None:
    """`kernel_map` holds the offset, from 6.6 on, which brought KASLR (arch/riscv/mm/init.c)."""
    place = kernel.find("kernel_map")
    record = None
    if place is not None and not is_blank(memory, place):
        record = Record.read(memory, kernel.blob.types, "kernel_mapping", place)
    start = None if record is None else record.number("virt_addr")
    if record is not None and start:
        shift = record.number("virt_offset") or 0
        return Kaslr(shift, f"KASLR shift {shift:#x} from the kernel's variable kernel_map", True)
    start = None if note is None else note.number("KERNEL_LINK_ADDR")
    if start is not None and 0 <= text - start < _GIB:
        return Kaslr(text - start, f"KASLR shift {text - start:#x} from VMCOREINFO's KERNEL_LINK_ADDR", True)
    return _assumed(text, _RISCV_START)


def _ppc64(text: int) -> Kaslr:
    """Every 64-bit kernel is linked, and runs, at PAGE_OFFSET (arch/powerpc/Kconfig: KERNEL_START)."""
    shift = text - _PPC64_START
    if shift:
        return _assumed(text, _PPC64_START)
    return Kaslr(0, "no KASLR: the kernel lies where the architecture has it", True)


def _s390x(memory: Memory, where: Where, endian: str) -> Kaslr | None:
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
