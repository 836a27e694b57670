# SPDX-License-Identifier: Apache-2.0
"""Which physical memory the kernel has: its own map, held against what the image holds.

`iomem_resource` is the root of the tree that /proc/iomem prints (kernel/resource.c); its children called
"System RAM" are the memory. They are allocated when the kernel starts, so they may lie in a part that the
image lacks or holds elsewhere. `max_pfn`, in the kernel's own data, is the number of pages up to the end of
memory (mm/mm_init.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Final, Literal

from ..memory.addresses import Virtual
from ..memory.gaps import read_number
from ..memory.memory import Memory, Run, tidy_runs
from .address_space import AddressSpace
from .kernel import Kernel
from .structures import Record, member_at, struct_of

ReadVirtual = Callable[[Virtual, int], bytes]
"""Takes a virtual address and a length in bytes; gives the bytes as far as they can be read."""

RAM: Final = b"System RAM"
MOST_RESOURCES: Final = 1 << 12
"""Entries at the top of the tree; a server has some hundred."""

LOW: Final = 1 << 20
"""Bytes at the start that a tool may leave out without a word: nothing that is listed lies there."""

MOST_SHOWN: Final = 3
"""Missing ranges that a sentence names."""

HIGHEST: Final = 1 << 52
"""No physical address is higher (x86-64 and arm64 have 52 bits)."""

_PAGE: Final = 4096


@dataclass(frozen=True)
class MemoryMap:
    """The kernel's memory.

    Attributes:
        ranges: physical addresses of its memory, in order; empty if they cannot be read.
        end: the first physical address behind all of it; None if the kernel does not tell.
        spare: what is set aside for a kernel after a crash; nothing of this kernel's lies there, and
            /proc/vmcore leaves it out.
    """

    ranges: tuple[Run, ...] = ()
    end: int | None = None
    spare: Run | None = None

    @property
    def size(self) -> int:
        """Bytes of memory."""
        return sum(run.length for run in self.ranges)

    def lacking(self, held: Iterable[Run]) -> list[Run]:
        """The parts of it that are not in some ranges of physical addresses."""
        missing: list[Run] = []
        there = sorted(held)
        for run in self.ranges:
            at = run.start
            for other in there:
                if other.end <= at or other.start >= run.end:
                    continue
                if other.start > at:
                    missing.append(Run(at, other.start - at))
                at = max(at, other.end)
            if at < run.end:
                missing.append(Run(at, run.end - at))
        return missing


def lacking(memory: Memory, told: MemoryMap, layer_base: int) -> str | None:
    """What of the kernel's memory an image lacks, as a sentence; None if it has all, or nothing tells.

    Args:
        memory: the image.
        told: the kernel's memory.
        layer_base: physical address of the image's address 0.
    """
    held = [Run(run.start + layer_base, run.length) for run in memory.runs]
    missing = told.lacking(held if told.spare is None else [*held, told.spare])
    if any(run.end > LOW for run in missing):
        shown = ", ".join(f"{run.start:#x}-{run.end - 1:#x}" for run in missing[:MOST_SHOWN])
        more = f" and {len(missing) - MOST_SHOWN} more" * (len(missing) > MOST_SHOWN)
        size = _mib(sum(run.length for run in missing))
        return f"{size} of the kernel's {_mib(told.size)} of memory are not in the image ({shown}{more})"
    end = max((run.end for run in held), default=0)
    if not told.ranges and told.end is not None and told.end > end:
        return f"the kernel's memory reaches up to {told.end:#x}, and the image ends at {end:#x}"
    return None


def _mib(size: int) -> str:
    return f"{size / (1 << 20):,.0f} MiB" if size >= 1 << 20 else f"{size >> 10} KiB"


def memory_map_of(memory: Memory, kernel: Kernel, space: AddressSpace | None) -> MemoryMap:
    """Read a kernel's memory map through its page tables; what cannot be read is left out."""
    ranges = () if space is None else ram_ranges(kernel, space.read_available)
    end = _end_of_memory(memory, kernel)
    told = MemoryMap(ranges, max(end or 0, ranges[-1].end) if ranges else end)
    spare = set_aside(memory, kernel)
    is_likely = spare is not None and spare.length <= told.size // 2
    return replace(told, spare=spare) if is_likely else told


def set_aside(memory: Memory, kernel: Kernel) -> Run | None:
    """The physical addresses that a kernel keeps for another one after a crash.

    `crashk_res` has them (kernel/crash_core.c); None where there are none, or nothing tells.
    """
    place = kernel.find("crashk_res")
    found = None if place is None else Record.read(memory, kernel.blob.types, "resource", place)
    start, end = (None, None) if found is None else (found.number("start"), found.number("end"))
    if not start or end is None or not start < end < HIGHEST:
        return None
    return Run(start, end + 1 - start)


def ram_ranges(kernel: Kernel, read: ReadVirtual) -> tuple[Run, ...]:
    """The ranges of System RAM in the tree of resources; empty unless all of its top can be read.

    Args:
        kernel: the kernel, whose types and symbols are used.
        read: reads its virtual memory.
    """
    struct = struct_of(kernel.blob.types, "resource")
    root = None if kernel.symbols is None else kernel.symbols.get("iomem_resource")
    names = ("start", "end", "name", "sibling", "child")
    found = {} if struct is None else {name: member_at(struct, name) for name in names}
    offsets = {name: at[0] for name, at in found.items() if at is not None and at[1] <= 8}
    if root is None or struct is None or len(offsets) < len(names):
        return ()
    order: Literal["little", "big"] = "big" if kernel.blob.endian == "big" else "little"

    def members(address: Virtual) -> dict[str, int] | None:
        data = read(address, min(struct.size, _PAGE))
        if len(data) < max(offsets.values()) + 8:
            return None
        return {name: int.from_bytes(data[at : at + 8], order) for name, at in offsets.items()}

    top = members(root)
    at, ranges, before = (0 if top is None else top["child"]), list[Run](), -1
    for _ in range(MOST_RESOURCES):
        if not at:
            return tidy_runs(ranges)
        entry = members(Virtual(at))
        if entry is None or not before < entry["start"] <= entry["end"] < 1 << 64:
            return ()
        before = entry["end"]
        if read(Virtual(entry["name"]), len(RAM) + 1) == RAM + b"\0" and entry["end"] < HIGHEST:
            ranges.append(Run(entry["start"], entry["end"] + 1 - entry["start"]))
        at = entry["sibling"]
    return ()


def _end_of_memory(memory: Memory, kernel: Kernel) -> int | None:
    """What `max_pfn` says, in bytes."""
    place = kernel.find("max_pfn")
    pages = None if place is None else read_number(memory, place, 8, kernel.blob.endian)
    size = _page_size(kernel)
    return None if not pages or size is None or pages * size > HIGHEST else pages * size


def _page_size(kernel: Kernel) -> int | None:
    """Bytes of a page; 4 KiB on x86-64 and s390x, which have no other, elsewhere as VMCOREINFO says."""
    if kernel.architecture in ("x86-64", "s390x", "riscv64"):
        return _PAGE
    told = None if kernel.vmcoreinfo is None else kernel.vmcoreinfo.entries.get("PAGESIZE", "")
    return int(told) if told in ("4096", "16384", "65536") else None
