# SPDX-License-Identifier: Apache-2.0
"""Which of several sound kernels runs: what tells the living from the dead is not structure but life.

After a reset that keeps memory, a kexec or a crash, the kernel of before may be whole in every table. What
differs is where the processors are, what had been set aside for whom, how each one ended, which of them has
been overwritten, how much memory each one knew, and what their clocks say. What the last two alone tell is
likely and no more.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations
from typing import Final

from ...btf import Enum, Kind
from ...memory.addresses import Place
from ...memory.gaps import read_number
from ...memory.memory import Memory, Run, lies_in
from ...memory.registers import Processor
from ..address_space import translate
from ..kernel import STATES, Kernel, Life
from ..memory_map import set_aside
from .clock import Clock, clock_of, date
from .tasks import Tasks, tasks_of

MOST_KERNELS: Final = 8
"""Kernels that are compared, those first that their own page tables map to where they lie; more are copies of
one, or a hostile image's."""

MOST_PROCESSORS: Final = 64
"""Processors whose registers are looked at."""

_AT_AN_END: Final = ("SYSTEM_HALT", "SYSTEM_POWER_OFF", "SYSTEM_RESTART")
"""Values of `system_state` (include/linux/kernel.h) that a kernel does not come back from."""

NO_CPU: Final = 0xFFFFFFFF
"""`panic_cpu` while there has been no panic (PANIC_CPU_INVALID, include/linux/panic.h)."""

_TABLES: Final = 0x000FFFFFFFFFE000
"""The address in CR3, without the bit that page-table isolation sets for a process's own tables
(arch/x86/mm/pti.c)."""

PAGE: Final = 4096
"""Bytes."""

_PER_CPU: Final = 8192 * 8
"""Bytes of `__per_cpu_offset` at most."""


_CLOCK: Final = "has a clock that stopped before the other one was booted"
_MEMORY: Final = "does not know of the memory that the other one's processes lie in"
_WEAK: Final = (_MEMORY, _CLOCK)
"""What does not tell for certain, the stronger first: a kernel may have been given less memory than there is,
and clocks can be wrong."""


@dataclass
class Signs:
    """What speaks for and against a kernel's life.

    Attributes:
        kernel: whose they are.
        inside: processors that were in it, of
        processors: those that the image tells of.
        must_tell: whether it would be known of one of them that it was in it, wherever that was: a program
            counter alone tells nothing while a process runs.
        shut: how it was shut down, as a phrase; empty if it was not.
        panicked: whether it has panicked; None if that cannot be read.
        clock: its clock.
        reserved: the places in the layer that it had set aside for a kernel after a crash.
        tasks: its processes.
        memory_end: where in the layer the memory ends that it knows.
        is_started: whether it is the one that processors would start into; None where nothing tells.
        life: whether it runs.
        evidence: what speaks for its life, a sentence each.
        doubts: what speaks against it.
    """

    kernel: Kernel
    inside: int = 0
    processors: int = 0
    must_tell: bool = False
    shut: str = ""
    panicked: bool | None = None
    clock: Clock | None = None
    reserved: range | None = None
    tasks: Tasks | None = None
    memory_end: int | None = None
    is_started: bool | None = None
    life: Life = "unknown"
    evidence: list[str] = field(default_factory=list)
    doubts: list[str] = field(default_factory=list)

    @property
    def told(self) -> Kernel:
        """The kernel with its life, and with the sentences."""
        kernel = self.kernel
        evidence, doubts = [*kernel.evidence, *self.evidence], [*kernel.doubts, *self.doubts]
        return replace(kernel, life=self.life, evidence=evidence, doubts=doubts)


def with_life(memory: Memory, kernels: Sequence[Kernel], home: Sequence[Run] = ()) -> list[Kernel]:
    """The kernels, each with its `life` and the sentences that it rests on, in the same order.

    Where there is one kernel, a few numbers are read of it.

    Args:
        memory: the image.
        kernels: all that are in it.
        home: where the one lies that processors start into (`started_kernel`), if that is known.
    """
    placed = [
        kernel for kernel in kernels if kernel.symbols is not None and kernel.physical_shift is not None
    ]
    placed.sort(key=_is_like_a_copy)
    signs = [_signs(memory, kernel, len(placed) > 1, home) for kernel in placed[:MOST_KERNELS]]
    signs += [_untyped(kernel) for kernel in placed[MOST_KERNELS:]]
    compared = signs[:MOST_KERNELS]
    for one in compared:
        _tell_own(one)
    if len(compared) == 1:
        compared[0].life = _life_alone(compared[0])
    else:
        _compare(compared)
    told = {id(one.kernel): one.told for one in signs}
    return [told.get(id(kernel), kernel) for kernel in kernels]


def _is_like_a_copy(kernel: Kernel) -> tuple[bool, bool, int]:
    """What tells a kernel from copies of it in a process's memory, which does not know where that lies."""
    is_mapped = kernel.page_tables is not None and kernel.page_tables.checked
    return not kernel.is_at_home, not is_mapped, STATES.index(kernel.state)


def _untyped(kernel: Kernel) -> Signs:
    """A kernel's signs as long as nothing was read: that there are others, without types."""
    others = [f"Linux {release} is in this image too, without BTF" for release in kernel.untyped]
    return Signs(kernel, life=kernel.life, doubts=others)


def _life_alone(signs: Signs) -> Life:
    """The life of the only kernel with types; after a crash a processor may be left in a dead one."""
    if signs.inside and not (signs.panicked and signs.kernel.untyped):
        return "running"
    return "ended" if signs.shut else "unknown"


def _compare(signs: Sequence[Signs]) -> None:
    """Hold each kernel against each other one: who ran before another has ended."""
    before: dict[tuple[int, int], bool] = {}
    for one, other in combinations(signs, 2):
        found = _earlier(one, other)
        if found is not None:
            ended, is_certain = found
            before[id(ended), id(other if ended is one else one)] = is_certain
    for one in signs:
        rivals = [other for other in signs if other is not one and _comparable(one, other)]
        by = [is_certain for (first, _), is_certain in before.items() if first == id(one)]
        over = [before.get((id(rival), id(one))) for rival in rivals]
        if any(by):
            one.life = "ended"
        elif not by and None not in over and (rivals or one.inside):
            one.life = "running" if all(over) else "likely"


def _signs(memory: Memory, kernel: Kernel, are_several: bool, home: Sequence[Run]) -> Signs:
    """Read what there is to read of one kernel."""
    processors = memory.processors[:MOST_PROCESSORS]
    signs = _untyped(kernel)
    signs.inside = sum(_is_inside(memory, kernel, one) for one in processors)
    signs.processors = len(processors)
    signs.must_tell = any(one.page_tables is not None or one.bases for one in processors)
    signs.shut = _shut(memory, kernel)
    at = kernel.find("panic_cpu")
    panicked = None if at is None else read_number(memory, at, 4, kernel.blob.header.endian)
    signs.panicked = None if panicked is None else panicked != NO_CPU
    if are_several:
        signs.clock = clock_of(memory, kernel)
        signs.reserved = _reserved(memory, kernel)
        signs.tasks = tasks_of(memory, kernel)
        signs.memory_end = _memory_end(memory, kernel)
        signs.is_started = lies_in(kernel.blob.offset, home) if home else None
    return signs


def _is_inside(memory: Memory, kernel: Kernel, processor: Processor) -> bool:
    """Whether a processor was in a kernel, or in one of its processes."""
    banner = None if kernel.symbols is None else kernel.symbols.get("linux_banner")
    if processor.page_tables is not None and banner is not None and banner >> 63:
        levels = None if kernel.page_tables is None else kernel.page_tables.levels
        base = kernel.layer_base or 0
        root = (processor.page_tables & _TABLES) - base
        roots = (Place(root), Place(root + PAGE))
        return any(
            translate(memory, at, count, banner, base) == kernel.physical(banner)
            for at in roots
            for count in ((4, 5) if levels is None else (levels,))
        )
    if processor.bases:
        return any(base in _per_cpu_areas(memory, kernel) for base in processor.bases)
    return processor.program_counter is not None and _is_code(kernel, processor.program_counter)


def _per_cpu_areas(memory: Memory, kernel: Kernel) -> set[int]:
    """The values of `__per_cpu_offset` (include/asm-generic/percpu.h)."""
    place = kernel.find("__per_cpu_offset")
    data = b"" if place is None else memory.read_available(place, _PER_CPU)
    return {int.from_bytes(data[at : at + 8], "little") for at in range(0, len(data) // 8 * 8, 8)} - {0}


def _is_code(kernel: Kernel, address: int) -> bool:
    """Whether an address is one of the kernel's functions'."""
    symbols = kernel.symbols
    start, end = (None, None) if symbols is None else (symbols.get("_stext"), symbols.get("_etext"))
    return start is not None and end is not None and start <= address < end


def _shut(memory: Memory, kernel: Kernel) -> str:
    """How `system_state` says that a kernel was shut down; empty if it does not."""
    place = kernel.find("system_state")
    states = kernel.blob.types.find("system_states", Kind.ENUM)
    if place is None or not isinstance(states, Enum):
        return ""
    value = read_number(memory, place, 4, kernel.blob.header.endian)
    names = (state.name for state in states.values if state.value == value)
    return next((name for name in names if name in _AT_AN_END), "")


def _reserved(memory: Memory, kernel: Kernel) -> range | None:
    """The places in the layer that a kernel has set aside for another one after a crash."""
    found = set_aside(memory, kernel)
    base = kernel.layer_base or 0
    return None if found is None else range(found.start - base, found.end - base)


def _memory_end(memory: Memory, kernel: Kernel) -> int | None:
    """Where memory ends by `max_pfn` (mm/memblock.c), where pages have 4 KiB and no other size."""
    place = kernel.find("max_pfn") if kernel.architecture in ("x86-64", "s390x", "riscv64") else None
    pages = None if place is None else read_number(memory, place, 8, kernel.blob.header.endian)
    return pages * PAGE - (kernel.layer_base or 0) if pages else None


def _tell_own(signs: Signs) -> None:
    """Put into sentences what a kernel's signs say by themselves."""
    if signs.inside:
        signs.evidence.append(f"{signs.inside} of {signs.processors} processors were in this kernel")
    elif signs.must_tell:
        signs.doubts.append("no processor was in this kernel when memory was written")
    if signs.is_started and signs.kernel.is_at_home:
        signs.evidence.append("processors start into this kernel")
    elif signs.is_started is False and signs.kernel.is_at_home:
        signs.doubts.append("processors do not start into this kernel")
    if signs.shut:
        signs.doubts.append(f"it had been shut down: system_state is {signs.shut}")
    if signs.panicked:
        signs.doubts.append("it has panicked: panic_cpu is set")
    if signs.clock is not None:
        signs.evidence.append(
            f"its clock stands at {date(signs.clock.last)}, and it was booted at {date(signs.clock.booted)}"
        )


def _comparable(one: Signs, other: Signs) -> bool:
    """Whether two kernels can have been in one memory one after the other.

    Where physical addresses differ, one is a guest of the other, or a copy; unknown ones may differ.
    """
    return one.kernel.layer_base is not None and one.kernel.layer_base == other.kernel.layer_base


def _earlier(one: Signs, other: Signs) -> tuple[Signs, bool] | None:
    """Which of two kernels ran before the other one, and whether that is certain; None if nothing tells."""
    if bool(one.inside) != bool(other.inside):
        return other if one.inside else one, True
    if not _comparable(one, other):
        return None
    for first, second in ((one, other), (other, one)):
        if _crashed_into(first, second):
            _tell_crash(first, second)
            return first, True
    votes = [(one, why) for why in _votes(one, other)] + [(other, why) for why in _votes(other, one)]
    firm = [loser for loser, why in votes if why not in _WEAK]
    strongest = firm or [loser for weak in _WEAK for loser, why in votes if why == weak][:1]
    if any(loser is not strongest[0] for loser, _ in votes):
        _tell_contradiction(one, other, votes)
    if not strongest or any(loser is not strongest[0] for loser in firm):
        return None
    loser = strongest[0]
    winner = other if loser is one else one
    reasons = ", and it ".join(why for voted, why in votes if voted is loser)
    place = f"the kernel with BTF at {loser.kernel.blob.offset:#x}"
    winner.evidence.append(f"{place} ran before: it {reasons}")
    return loser, bool(firm) and all(voted is loser for voted, _ in votes)


def _crashed_into(first: Signs, second: Signs) -> bool:
    """Whether a kernel lies where another one, which has panicked, had room for what runs after a crash.

    Root can put there what looks like a kernel that runs; without a panic it is not one.
    """
    is_there = first.reserved is not None and second.kernel.blob.offset in first.reserved
    return is_there and first.panicked is not False


def _votes(first: Signs, second: Signs) -> Iterator[str]:
    """Why the first of two kernels ran before the second, as phrases; who owns a kernel can forge each."""
    if first.is_started is False and second.is_started:
        yield "is not what processors start into"
    if first.shut and not second.shut:
        yield "had been shut down"
    if first.panicked and second.panicked is False:
        yield "has panicked"
    if first.clock is not None and second.clock is not None and first.clock.is_before(second.clock):
        yield _CLOCK
    if first.tasks is None or second.tasks is None:
        return
    if second.tasks.are_whole and first.tasks.are_whole is False:
        yield "has processes that were overwritten"
    if first.memory_end is not None and second.tasks.highest >= first.memory_end:
        yield _MEMORY


def _tell_contradiction(one: Signs, other: Signs, votes: Sequence[tuple[Signs, str]]) -> None:
    reasons = ", but ".join(
        f"the one with BTF at {loser.kernel.blob.offset:#x} {why}" for loser, why in votes
    )
    for signs in (one, other):
        signs.doubts.append(f"signs contradict each other on which kernel ran before: {reasons}")


def _tell_crash(first: Signs, second: Signs) -> None:
    old, new = (f"the kernel with BTF at {one.kernel.blob.offset:#x}" for one in (first, second))
    second.evidence.append(f"it runs in the memory that {old} had set aside for a crash")
    first.doubts.append(f"it has crashed: {new} runs in memory set aside for that")
