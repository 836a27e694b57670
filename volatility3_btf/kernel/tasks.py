# SPDX-License-Identifier: Apache-2.0
"""Whether a kernel's list of processes is whole, or has been overwritten."""

from __future__ import annotations

from typing import Final

from ..memory import Memory
from .kernel import Kernel
from .records import member_at, struct_of
from .rings import Ring, walk_ring
from .translation import AddressSpace, address_space_of

MOST_TASKS: Final = 1 << 12
"""Processes that are walked over."""


def are_tasks_whole(memory: Memory, kernel: Kernel) -> bool | None:
    """Whether every process of a kernel's list points back, and the walk came round or got very far.

    None where the kernel's address space or types do not allow that, and where the list leads to memory that
    the image does not hold: that says nothing.
    """
    space = address_space_of(memory, kernel)
    task = struct_of(kernel.blob.types, "task_struct")
    tasks = None if task is None else member_at(task, "tasks")
    start = None if kernel.symbols is None else kernel.symbols.get("init_task")
    if space is None or tasks is None or start is None:
        return None
    endian = kernel.blob.header.endian
    head = start + tasks[0]
    ring = walk_ring(space, head, endian, MOST_TASKS)
    if ring.end == "unreadable" and _leads_out(space, ring, head, endian):
        return None
    return ring.end == "long" or (ring.is_closed and bool(ring.elements))


def _leads_out(space: AddressSpace, ring: Ring, head: int, endian: str) -> bool:
    """Whether a list could not be followed since mapped memory is not in the image."""
    following = space.pointer(ring.elements[-1] if ring.elements else head, endian)
    return following is None or space.translate(following) is not None
