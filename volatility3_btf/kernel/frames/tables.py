# SPDX-License-Identifier: Apache-2.0
"""Where page tables lie: the kernel's own, and those of the processes that its list has."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final

from ...memory.addresses import Place, Virtual
from ...memory.memory import Memory
from ..address_space import AddressSpace, format_of
from ..arch import s390x
from ..evidence.tasks import MOST_TASKS
from ..kernel import Kernel
from ..paging.format import Format
from ..paging.walk import reader
from ..rings import walk_ring
from ..structures import member_at, struct_of

MOST_TABLES: Final = 1 << 18
"""Tables that are gone through: 1 GiB of them."""


def table_places(memory: Memory, kernel: Kernel, space: AddressSpace) -> dict[Place, int]:
    """Every page table that can be reached: its address in the layer, and its bytes."""
    form = format_of(memory, kernel, space)
    if form is None or space.root is None:
        return {}
    found: dict[Place, int] = {}
    read, base = reader(memory), kernel.layer_base or 0
    for root, its in [(space.root, form), *_roots(kernel, space, form)]:
        waiting = [(root, 0)]
        while waiting and len(found) < MOST_TABLES:
            place, level = waiting.pop()
            length = 8 << its.widths[level]
            data = read(place, length)
            if place in found or data is None:
                continue
            found[place] = length
            if level + 1 < its.levels:
                waiting += [(Place(at - base), level + 1) for at in _next_tables(its, level, data)]
    return found


def _next_tables(form: Format, level: int, data: bytes) -> Iterator[int]:
    """Physical addresses of the tables that a table leads to."""
    for entry in struct.unpack(f"{'<' if form.endian == 'little' else '>'}{len(data) // 8}Q", data):
        decoded = form.decode(entry, form.shifts[level]) if entry else None
        if decoded is not None and not decoded[1]:
            yield decoded[0]


def _roots(kernel: Kernel, space: AddressSpace, form: Format) -> Iterator[tuple[Place, Format]]:
    """The top tables of the processes in the kernel's list, and their formats."""
    task, mm = (struct_of(kernel.blob.types, name) for name in ("task_struct", "mm_struct"))
    start = None if kernel.symbols is None else kernel.symbols.get("init_task")
    if task is None or mm is None or start is None:
        return
    link, own = member_at(task, "tasks"), member_at(task, "mm")
    pgd, asce = member_at(mm, "pgd"), member_at(mm, "context.asce")
    if link is None or own is None or pgd is None:
        return
    endian = kernel.blob.endian
    for element in walk_ring(space, Virtual(start + link[0]), endian, MOST_TASKS).elements:
        its = space.pointer(Virtual(element - link[0] + own[0]), endian)
        root = its and space.pointer(Virtual(its + pgd[0]), endian)
        place = root and space.translate(Virtual(root))
        if not its or place is None or not place:
            continue
        if asce is None:
            yield place, form
        elif (told := space.pointer(Virtual(its + asce[0]), endian)) is not None:
            yield place, s390x.FORMATS[told >> 2 & 3]
