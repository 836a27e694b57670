# SPDX-License-Identifier: Apache-2.0
"""Whether a kernel's list of processes is whole, or has been overwritten."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from ...memory.addresses import Virtual
from ...memory.gaps import read_number
from ...memory.memory import Memory
from ..address_space import AddressSpace, address_space_of
from ..kernel import Kernel
from ..rings import Ring, walk_ring
from ..structures import member_at, struct_of

MOST_TASKS: Final = 1 << 10
"""Processes that are walked over."""

MOST_STACKS: Final = 1 << 8
"""Processes whose stacks are looked at."""

_STACK_END: Final = 0x57AC6E9D
"""STACK_END_MAGIC (include/uapi/linux/magic.h), the lowest word of every process's kernel stack."""


@dataclass(frozen=True)
class Tasks:
    """What a kernel's list of processes showed.

    Attributes:
        are_whole: whether every one's neighbours point back, their stacks end as they must, and the walk came
            round or got very far; None where the list leads to memory that the image does not hold: that says
            nothing.
        highest: the highest place in the layer that one of them lies at.
    """

    are_whole: bool | None
    highest: int


def tasks_of(memory: Memory, kernel: Kernel) -> Tasks | None:
    """Walk a kernel's list of processes; None where its address space or types do not allow that."""
    space = address_space_of(memory, kernel)
    task = struct_of(kernel.blob.types, "task_struct")
    link, stack = (None, None) if task is None else (member_at(task, "tasks"), member_at(task, "stack"))
    start = None if kernel.symbols is None else kernel.symbols.get("init_task")
    if space is None or link is None or stack is None or start is None:
        return None
    endian = kernel.blob.header.endian
    head = Virtual(start + link[0])
    ring = walk_ring(space, head, endian, MOST_TASKS)
    places = [place for place in map(space.translate, ring.elements) if place is not None]
    tasks = [element - link[0] for element in ring.elements]
    whole: bool | None = ring.end == "long" or (ring.is_closed and bool(tasks))
    if ring.end == "unreadable" and _leads_out(space, ring, head, endian):
        whole = None
    if not all(_stack_is_whole(space, Virtual(task + stack[0]), endian) for task in tasks[:MOST_STACKS]):
        whole = False
    return Tasks(whole, max(places, default=0))


def _stack_is_whole(space: AddressSpace, pointer: Virtual, endian: str) -> bool:
    """Whether a stack, if it is there, ends in its magic number."""
    stack = space.pointer(pointer, endian)
    if not stack:
        return True
    place = space.translate(stack)
    if place is None:
        return False
    return read_number(space.memory, place, 8, endian) in (None, _STACK_END)


def _leads_out(space: AddressSpace, ring: Ring, head: Virtual, endian: str) -> bool:
    """Whether a list could not be followed since mapped memory is not in the image."""
    following = space.pointer(ring.elements[-1] if ring.elements else head, endian)
    return following is None or space.translate(following) is not None
