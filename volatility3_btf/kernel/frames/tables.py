# SPDX-License-Identifier: Apache-2.0
"""Where page tables lie: the kernel's own, and those of the processes that its list has."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from ...memory.addresses import Place, Virtual
from ...memory.memory import Memory
from ..address_space import AddressSpace, format_of
from ..arch import s390x
from ..kernel import Kernel
from ..paging.format import Format
from ..paging.walk import reader
from ..rings import walk_ring
from ..structures import member_at, struct_of

MOST_PROCESSES: Final = 1 << 16
"""Processes of the list that are followed; a busy server has some ten thousand."""

MOST_TABLES: Final = 1 << 18
"""Tables that are gone through: 1 GiB of them."""


@dataclass(frozen=True)
class Tables:
    """Where page tables lie.

    Attributes:
        lengths: the bytes of each, by its address in the layer.
        are_all: whether the list of processes closed, so that no process's are missing for its sake.
    """

    lengths: dict[Place, int]
    are_all: bool


def table_places(memory: Memory, kernel: Kernel, space: AddressSpace) -> Tables:
    """Every page table that can be reached from the kernel's and from those of listed processes."""
    form = format_of(memory, kernel, space)
    if form is None or space.root is None:
        return Tables({}, False)
    roots, are_all = _roots(kernel, space, form)
    found: dict[Place, int] = {}
    read, base = reader(memory), kernel.layer_base or 0
    for root, its in [(space.root, form), *roots]:
        waiting, seen = [(root, 0)], {root}
        while waiting and len(found) < MOST_TABLES:
            place, level = waiting.pop()
            length = 8 << its.widths[level]
            data = read(place, length)
            if place in found or data is None:
                continue
            found[place] = length
            if level + 1 < its.levels:
                below = {Place(at - base) for at in _next_tables(its, level, data)} - seen
                below = {at for at in below if 0 <= at < memory.end}  # as many as the image has frames
                seen |= below
                waiting += [(at, level + 1) for at in below]
    return Tables(found, are_all)


def _next_tables(form: Format, level: int, data: bytes) -> Iterator[int]:
    """Physical addresses of the tables that a table leads to."""
    for entry in struct.unpack(f"{'<' if form.endian == 'little' else '>'}{len(data) // 8}Q", data):
        decoded = form.decode(entry, form.shifts[level]) if entry else None
        if decoded is not None and not decoded[1]:
            yield decoded[0]


def _roots(kernel: Kernel, space: AddressSpace, form: Format) -> tuple[list[tuple[Place, Format]], bool]:
    """The top tables of the processes in the kernel's list, their formats, and whether the list closes."""
    task, mm = (struct_of(kernel.blob.types, name) for name in ("task_struct", "mm_struct"))
    start = None if kernel.symbols is None else kernel.symbols.get("init_task")
    if task is None or mm is None or start is None:
        return [], False
    link, own = member_at(task, "tasks"), member_at(task, "mm")
    pgd, asce = member_at(mm, "pgd"), member_at(mm, "context.asce")
    if link is None or own is None or pgd is None:
        return [], False
    endian, found = kernel.blob.endian, list[tuple[Place, Format]]()
    ring = walk_ring(space, Virtual(start + link[0]), endian, MOST_PROCESSES)
    for element in ring.elements:
        its = space.pointer(Virtual(element - link[0] + own[0]), endian)
        root = its and space.pointer(Virtual(its + pgd[0]), endian)
        place = root and space.translate(Virtual(root))
        if not its or place is None or not place:
            continue
        if asce is None:
            found.append((place, form))
        elif (told := space.pointer(Virtual(its + asce[0]), endian)) is not None:
            found.append((place, s390x.FORMATS[told >> 2 & 3]))
    return found, ring.is_closed
