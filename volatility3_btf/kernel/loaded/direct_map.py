# SPDX-License-Identifier: Apache-2.0
"""How far the direct map lies from the layer's addresses, where no page tables tell."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Final

from ...memory.addresses import Place, Virtual
from ...memory.memory import Memory
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..rings import Ring, walk_ring
from ..structures import member_at, struct_of
from .struct_btf import StructBtf

MOST_TASKS: Final = 1 << 12
"""Tasks that are followed to try a direct map."""

DIRECT_MAPS: Final = {"ppc64le": (0xC000000000000000,), "ppc64": (0xC000000000000000,)}
"""Where physical address 0 is mapped (PAGE_OFFSET, arch/powerpc/Kconfig), by architecture."""


def direct_shift(
    memory: Memory, kernel: Kernel, candidates: Iterable[StructBtf], alike: Mapping[bytes, list[int]]
) -> int | None:
    """Virtual minus layer address of the direct map, where no page tables tell.

    What most pointers in an image speak for can be what a process wrote. So each distance is tried on the
    kernel's own list of tasks, which must come round through it; the votes only say which is tried first.
    Where the list cannot be read, the votes decide if they are for one distance alone.

    Args:
        memory: the image.
        kernel: the kernel, with its symbols.
        candidates: what looks like a `struct btf`: each holds the virtual address of a header.
        alike: the places in the layer that have a header, by its bytes.
    """
    votes: Counter[int] = Counter()
    for candidate in candidates:
        places = alike.get(candidate.raw, [])
        votes.update({candidate.address - place for place in places if place != candidate.copy})
    usual = [start - (kernel.layer_base or 0) for start in DIRECT_MAPS.get(kernel.architecture or "", ())]
    ordered = [*usual, *(shift for shift, _ in votes.most_common())]
    rings = [_tasks_through(memory, kernel, shift) for shift in ordered]
    proven = [
        shift for shift, ring in zip(ordered, rings, strict=True) if ring is not None and ring.is_closed
    ]
    if proven:
        return proven[0]
    if any(ring is not None for ring in rings) or len(votes) != 1:
        return None
    return ordered[-1] if votes[ordered[-1]] > 1 else None


def _tasks_through(memory: Memory, kernel: Kernel, shift: int) -> Ring | None:
    """The kernel's list of tasks, read through a direct map; None where not even its head can be."""
    head = None if kernel.symbols is None else kernel.symbols.get("init_task")
    struct = struct_of(kernel.blob.types, "task_struct")
    tasks = None if struct is None else member_at(struct, "tasks")
    place = None if head is None else kernel.physical(head)
    if head is None or tasks is None or place is None or not memory.read_available(place + tasks[0], 16):
        return None
    own = kernel.physical

    def translate(virtual: Virtual) -> Place | None:
        at = virtual - shift
        inside = own(virtual)
        return Place(at) if 0 <= at < memory.end else inside if inside is not None and inside >= 0 else None

    space = AddressSpace(memory, translate, f"the direct map at distance {shift:#x}")
    return walk_ring(space, Virtual(head + tasks[0]), kernel.blob.endian, MOST_TASKS)
