# SPDX-License-Identifier: Apache-2.0
"""Where the parts of a flat file belong in physical memory.

A flat file should hold physical memory from address 0 on. Many do not: snapshots of virtual machines and
VMware's .vmem leave out the hole below 4 GiB, LiME's raw format leaves out all that is not System RAM, a
guest's memory starts anywhere in its host's. The kernel's own map and page tables tell; what they tell is
tried before it is believed: through the arrangement, the list of tasks must come round. In memory that was
copied while the machine ran it need not: then most of its tasks must lead to each other.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final, NamedTuple

from ...memory.addresses import Physical, Virtual
from ...memory.memory import Memory, Run, UnreadableError
from ..address_space import AddressSpace, address_space_of
from ..evidence.witnesses import ask
from ..kernel import Kernel
from ..memory_map import MemoryMap, memory_map_of
from ..structures import member_at, struct_of
from ..torn_ring import list_both_ways
from .physical import map_kernel

FOUR_GIB: Final = 1 << 32
MOST_TASKS: Final = 1 << 14
"""Tasks that are followed in each direction."""

LEAST_TASKS: Final = 16
"""Of a torn list: a kernel that has just started has more, and no other layout has as many by chance."""

_PAGE: Final = 4096
_LOW_RESERVED: Final = 1 << 20
"""Bytes; below, firmware keeps some for itself, and files start at 0 or behind it."""


class Part(NamedTuple):
    """A range of physical memory, and where the image has it. All in bytes."""

    address: int
    offset: int
    length: int


@dataclass(frozen=True)
class Arrangement:
    """How an image's bytes are to be laid out.

    Attributes:
        parts: where they belong, in order of address.
        how: what it rests on, as a phrase.
    """

    parts: tuple[Part, ...]
    how: str


class Arranged(Memory):
    """An image laid out anew.

    Args:
        image: the image as it is.
        parts: where its bytes belong; they may not overlap.
    """

    def __init__(self, image: Memory, parts: Iterable[Part]) -> None:
        self._image = image
        self._offsets = {part.address: part.offset for part in parts if part.length > 0}
        super().__init__(Run(part.address, part.length) for part in parts if part.length > 0)

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        shift = self._offsets[run.start] - run.start
        try:
            return self._image.read(offset + shift, length)
        except UnreadableError as error:
            raise UnreadableError(error.offset - shift, "not in the image") from error


def arrangement_of(memory: Memory, kernel: Kernel) -> Arrangement | None:
    """Find where the parts of a flat image belong.

    Args:
        memory: the image; only one without gaps, from address 0 on, is looked at, and one that lacks its
            first page alone (files/first_page.py): other formats tell addresses themselves.
        kernel: the kernel in it.

    Returns:
        The arrangement through which the kernel's tasks can be followed; None where the image is laid out
        right, or none was found.
    """
    if len(memory.runs) != 1 or memory.runs[0].start > _PAGE or kernel.layer_base is None:
        return None
    if kernel.symbols is None or kernel.physical_shift is None:
        return None
    told = memory_map_of(memory, kernel, address_space_of(memory, kernel))
    is_right = not kernel.layer_base and told.ranges and not told.lacking(memory.runs)
    if is_right or (not kernel.layer_base and told.end is not None and told.end <= memory.end):
        return None
    torn: list[tuple[int, Arrangement]] = []
    for arrangement in _candidates(memory.end, kernel.layer_base, told):
        laid = Arranged(memory, arrangement.parts)
        there = moved(kernel, laid)
        if there.comes_round:
            better = memory_map_of(laid, there.kernel, address_space_of(laid, there.kernel))
            by_map = [shape for shape in _by_map(memory.end, better) if _serves(memory, kernel, shape)]
            return by_map[0] if by_map else arrangement
        torn.append((there.tasks, arrangement))
    most, likeliest = max(torn, key=lambda found: found[0], default=(0, None))
    as_it_is = 0 if kernel.layer_base else _tasks_in(kernel, address_space_of(memory, kernel))
    if likeliest is None or most < max(LEAST_TASKS, 1 + as_it_is):
        return None
    return replace(likeliest, how=f"{likeliest.how}; the list of tasks is torn, {most} of them were followed")


def _serves(memory: Memory, kernel: Kernel, arrangement: Arrangement) -> bool:
    """Whether the kernel's tasks come round through an arrangement."""
    return moved(kernel, Arranged(memory, arrangement.parts)).comes_round


@dataclass(frozen=True)
class Moved:
    """A kernel as it lies in an image that was laid out anew.

    Attributes:
        kernel: the kernel.
        comes_round: whether its list of tasks does.
        tasks: how many of that lead to each other, where it does not.
    """

    kernel: Kernel
    comes_round: bool
    tasks: int = 0


def moved(kernel: Kernel, memory: Memory) -> Moved:
    """A kernel as it lies in an image laid out by physical addresses.

    Args:
        kernel: the kernel as it was found, with its layer's base.
        memory: the image laid out anew.
    """
    base = kernel.layer_base or 0
    laid = replace(
        kernel,
        blob=replace(kernel.blob, offset=kernel.blob.offset + base),
        physical_shift=(kernel.physical_shift or 0) - base,
        layer_base=Physical(0),
        page_tables=None,
        evidence=[],
        doubts=[],
    )
    mapped = map_kernel(memory, laid)
    space, laid = mapped.space, mapped.kernel
    said = [] if space is None or laid.layer_base else ask(memory, laid, space)
    tasks = [testimony.verdict for testimony in said if testimony.witness == "tasks"]
    comes_round = tasks == ["agrees"]
    return Moved(laid, comes_round, 0 if comes_round else _tasks_in(laid, space))


def _tasks_in(kernel: Kernel, space: AddressSpace | None) -> int:
    """How many of a kernel's tasks both directions of their list lead to."""
    head = None if kernel.symbols is None else kernel.symbols.get("init_task")
    struct = struct_of(kernel.blob.types, "task_struct")
    place = None if struct is None else member_at(struct, "tasks")
    if space is None or head is None or place is None:
        return 0
    found = list_both_ways(space, Virtual(head + place[0]), kernel.blob.endian, MOST_TASKS)
    return len(found.elements) - len(found.unlinked)


def _candidates(length: int, base: int, told: MemoryMap) -> Iterator[Arrangement]:
    """Arrangements of a file of so many bytes, the likeliest first; none that is the file as it is."""
    yield from _by_map(length, told)
    if told.end is not None and told.end > FOUR_GIB and length < told.end:
        low = length - (told.end - FOUR_GIB)
        how = "the end of the kernel's memory: the hole below 4 GiB is left out"
        for start in sorted({0, base}):
            if low > 0 and 0 <= start <= FOUR_GIB - low:
                yield Arrangement((Part(start, 0, low), Part(FOUR_GIB, low, length - low)), how)
    if base > 0:
        yield Arrangement((Part(base, 0, length),), "the kernel's page tables")
    elif base < 0 and -base < length:
        yield Arrangement((Part(0, -base, length + base),), "the kernel's page tables")


def _by_map(length: int, told: MemoryMap) -> Iterator[Arrangement]:
    """The kernel's ranges one behind the other, in those of their shapes that have so many bytes."""
    for ranges, how in _shapes(told.ranges):
        if sum(run.length for run in ranges) == length:
            yield Arrangement(_one_behind_the_other(ranges), f"the kernel's ranges of System RAM, {how}")


def _shapes(ranges: Sequence[Run]) -> Iterator[tuple[list[Run], str]]:
    """Ranges as tools write them."""
    if not ranges:
        return
    yield list(ranges), "as they are"
    pages = [_to_pages(run) for run in ranges]
    yield pages, "in whole pages"
    if pages[0].start <= _LOW_RESERVED:
        yield [Run(0, pages[0].end), *pages[1:]], "in whole pages, from 0 on"


def _to_pages(run: Run) -> Run:
    start, end = run.start // _PAGE * _PAGE, -(-run.end // _PAGE) * _PAGE
    return Run(start, end - start)


def _one_behind_the_other(ranges: Iterable[Run]) -> tuple[Part, ...]:
    parts, offset = [], 0
    for run in ranges:
        parts.append(Part(run.start, offset, run.length))
        offset += run.length
    return tuple(parts)
