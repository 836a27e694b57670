# SPDX-License-Identifier: Apache-2.0
"""What a kernel's memory says of its types and symbols: structures that every running kernel keeps alike.

A table of symbols and a blob of types can agree with each other and both be wrong: two names exchanged, two
members exchanged, another kernel's BTF. What they describe is in the image, so it is asked. Each witness
agrees, contradicts, or cannot be read; one that cannot be read says nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ...btf import BtfError, Composite
from ...btf.spelling import printable
from ...memory.addresses import Virtual
from ...memory.gaps import read_number
from ...memory.memory import Memory
from ..address_space import AddressSpace
from ..kernel import Kernel
from ..rings import Ring, walk_ring
from ..shapes import OWN_POINTERS, misshapen
from ..structures import Record, member_at, struct_of
from .source_order import out_of_order

Verdict = Literal["agrees", "contradicts", "unreadable"]

SWAPPER: Final = (b"swapper", b"swapper/0")
"""What the first task is called (init/init_task.c; sched_init_smp's idle threads add the processor)."""

MOST_TASKS: Final = 1 << 12
"""Tasks, and modules, whose neighbours are looked at; a ring of more is told to be longer, not to be open."""

MOST_COUNTED: Final = 1 << 10
"""Tasks whose threads are counted; it takes some 60 us for each."""

MOST_LOOKED_INTO: Final = 32
"""Tasks and modules of which more than the neighbours is read."""

KTHREAD: Final = 0x00200000
"""PF_KTHREAD (include/linux/sched.h)."""


@dataclass(frozen=True)
class Testimony:
    """What one witness says.

    Attributes:
        witness: its name.
        verdict: whether it agrees.
        sentence: what was seen, for the user.
    """

    witness: str
    verdict: Verdict
    sentence: str


def ask(memory: Memory, kernel: Kernel, space: AddressSpace | None) -> list[Testimony]:
    """Ask every witness in a kernel's memory, a few hundred reads.

    Args:
        memory: the image.
        kernel: the kernel, its symbols placed.
        space: its address space; None where no page tables map it, and then what lies outside of the kernel
            image cannot be read.
    """
    if kernel.symbols is None or kernel.physical_shift is None:
        return []
    try:
        here = _Here(memory, kernel, space)
    except BtfError as error:
        return [_damaged(error)]
    witnesses = [witness for witness in _WITNESSES if memory.has_run or witness not in _RUNNING]
    return [testimony for witness in witnesses for testimony in _heard(witness, here)]


def _heard(witness: Callable[[_Here], Iterator[Testimony]], here: _Here) -> list[Testimony]:
    """What a witness says; types that it cannot read silence it alone."""
    try:
        return list(witness(here))
    except BtfError as error:
        return [_damaged(error)]


def _damaged(error: BtfError) -> Testimony:
    return Testimony("types", "unreadable", f"the types are damaged: {error}")


class _Here:
    """What the witnesses are asked about.

    Attributes:
        first: the first task's structure; None where it cannot be read.
        tasks: the ring of tasks; None where it cannot be read.
    """

    def __init__(self, memory: Memory, kernel: Kernel, space: AddressSpace | None) -> None:
        self.memory, self.kernel, self.space = memory, kernel, space
        self.types = kernel.blob.types
        self.endian = kernel.blob.endian
        self._structs: dict[str, Composite | None] = {}
        self._layouts: dict[tuple[int, tuple[str, ...]], dict[str, tuple[int, int]]] = {}
        self.first = self.variable("init_task", "task_struct")
        self.tasks = self.ring("init_task", "task_struct", "tasks", MOST_TASKS)

    def struct(self, name: str) -> Composite | None:
        """A structure's type."""
        if name not in self._structs:
            self._structs[name] = struct_of(self.types, name)
        return self._structs[name]

    def address(self, name: str) -> Virtual | None:
        """Run-time address of a symbol that stands once."""
        found = [] if self.kernel.symbols is None else self.kernel.symbols.all(name)
        return found[0] if len(set(found)) == 1 else None

    def variable(self, name: str, struct: str) -> Record | None:
        """A structure in the kernel image."""
        address = self.address(name)
        place = None if address is None else self.kernel.physical(address)
        if place is None or place < 0:
            return None
        return Record.read(self.memory, self.types, struct, place)

    def read(self, address: int, struct: Composite, members: tuple[str, ...]) -> dict[str, int]:
        """The numbers in some members of the structure at a virtual address, read at once.

        Members that the structure lacks, or that cannot be read, are left out.
        """
        found = self._layout(struct, members)
        if self.space is None or not found:
            return {}
        low = min(offset for offset, _ in found.values())
        length = min(max(offset + size for offset, size in found.values()) - low, _WIDEST)
        data = self.space.read_available(Virtual(address + low), length)
        order: Literal["little", "big"] = "big" if self.endian == "big" else "little"
        return {
            name: int.from_bytes(data[offset - low : offset - low + size], order)
            for name, (offset, size) in found.items()
            if offset - low + size <= len(data)
        }

    def _layout(self, struct: Composite, members: tuple[str, ...]) -> dict[str, tuple[int, int]]:
        """Offset and size of those of the members that are numbers."""
        key = (struct.id, members)
        if key not in self._layouts:
            found = {name: member_at(struct, name) for name in members}
            self._layouts[key] = {name: at for name, at in found.items() if at and 0 < at[1] <= 8}
        return self._layouts[key]

    def ring(self, name: str, struct: str | None, member: str, most: int) -> Ring | None:
        """The ring whose head is a variable, or a member of one."""
        address = self.address(name)
        composite = None if struct is None else self.struct(struct)
        found = None if composite is None else member_at(composite, member)
        if address is None or self.space is None or (struct is not None and found is None):
            return None
        return walk_ring(self.space, Virtual(address + (found[0] if found else 0)), self.endian, most)


def _first_task(here: _Here) -> Iterator[Testimony]:
    """`init_task` is called swapper, and has the number 0."""
    name = None if here.first is None else here.first.text("comm")
    numbers = [None if here.first is None else here.first.number(member) for member in ("pid", "tgid")]
    if name is None or None in numbers:
        yield Testimony("init_task", "unreadable", "init_task cannot be read")
    elif name in SWAPPER and not any(numbers):
        yield Testimony("init_task", "agrees", f"init_task is {name.decode()}, with PID 0")
    else:
        shown = printable(name[:16].decode("latin-1"))
        yield Testimony(
            "init_task",
            "contradicts",
            f"init_task is called {shown!r}, PID {numbers[0]}, TGID {numbers[1]}: it must be swapper, PID 0",
        )


def _own_pointers(here: _Here) -> Iterator[Testimony]:
    """`init_task` points to itself and to its neighbours, as init/init_task.c sets it up."""
    wrong, right = [], 0
    for member, target in OWN_POINTERS:
        told = None if here.first is None else here.first.number(member)
        expected = here.address(target)
        if told is None or expected is None:
            continue
        right += told == expected
        wrong += [f"{member} is not {target}"] * (told != expected)
    if here.first is not None and here.first.number("mm"):
        wrong.append("mm is not NULL")
    if wrong:
        yield Testimony(
            "init_task", "contradicts", "init_task contradicts the types or symbols: " + ", ".join(wrong)
        )
    elif right:
        yield Testimony("init_task", "agrees", f"{right} pointers in init_task lead where they must")


def _tasks(here: _Here) -> Iterator[Testimony]:
    """The tasks stand in a ring, whose neighbours point to each other, and the first process is in it."""
    ring = here.tasks
    struct = here.struct("task_struct")
    if ring is None or struct is None or here.first is None:
        yield Testimony("tasks", "unreadable", "the list of tasks cannot be read")
        return
    count = len(ring.elements)
    if ring.end == "open":
        yield Testimony(
            "tasks",
            "contradicts",
            f"the list of tasks is broken behind its first {count}: the next does not point back",
        )
    elif ring.end == "unreadable":
        yield Testimony(
            "tasks", "contradicts", f"the list of tasks ends after {count}: the next is not in the image"
        )
    elif not count:
        yield Testimony("tasks", "contradicts", "the list of tasks is empty")
    else:
        yield from _members_of_tasks(here, ring, struct)


def _members_of_tasks(here: _Here, ring: Ring, struct: Composite) -> Iterator[Testimony]:
    """What each task of a sound ring says of itself."""
    offset = (member_at(struct, "tasks") or (0, 0))[0]
    tasks = [element - offset for element in ring.elements]
    looked_into = {task: here.read(task, struct, _OF_A_TASK) for task in tasks[:MOST_LOOKED_INTO]}
    numbers = [values.get("pid") for values in looked_into.values()]
    wrong = {f"none of {len(tasks)} has PID 1"} if 1 not in numbers and None not in numbers else set()
    for task, values in looked_into.items():
        wrong |= _of_itself(task, values) | _number_elsewhere(here, values)
    wrong |= _first_child(here, struct, tasks)
    if wrong:
        yield Testimony("tasks", "contradicts", "tasks contradict the types: " + ", ".join(sorted(wrong)))
    elif ring.is_closed:
        text = f"the list of tasks comes round ({len(tasks)} of them, PID 1 among them)"
        yield Testimony("tasks", "agrees", text)
    else:
        yield Testimony("tasks", "agrees", f"the first {len(tasks)} of the tasks point to each other")


def _of_itself(task: int, values: Mapping[str, int]) -> set[str]:
    """Only leaders of groups of threads are listed; a kernel thread has no memory, who has some uses it."""
    wrong = set()
    if values.get("group_leader", task) != task:
        wrong.add("group_leader is not the task itself")
    own = values.get("mm")
    if own and values.get("flags", 0) & KTHREAD:
        wrong.add("a kernel thread has an mm of its own")
    elif own and values.get("active_mm", own) != own:
        wrong.add("active_mm is not mm")
    return wrong


def _number_elsewhere(here: _Here, values: Mapping[str, int]) -> set[str]:
    """`struct pid`, which a task has in `thread_pid` from 5.0 on, has its number too."""
    pid, upid = here.struct("pid"), here.struct("upid")
    place = None if pid is None else member_at(pid, "numbers")
    if upid is None or place is None or not values.get("thread_pid") or "pid" not in values:
        return set()
    told = here.read(values["thread_pid"] + place[0], upid, ("nr",)).get("nr", values["pid"])
    return {"pid is not the number in thread_pid"} if told != values["pid"] else set()


def _first_child(here: _Here, struct: Composite, tasks: list[int]) -> set[str]:
    """The first of `init_task.children` is a task of the ring, and its `real_parent` is `init_task`."""
    address, sibling = here.address("init_task"), member_at(struct, "sibling")
    first = None if address is None else here.read(address, struct, ("children.next",)).get("children.next")
    if first is None or sibling is None:
        return set()
    child = first - sibling[0]
    if child not in tasks:
        return {"the first of init_task.children is no task"}
    parent = here.read(child, struct, ("real_parent",)).get("real_parent", address)
    return {"the real_parent of init_task's child is another"} if parent != address else set()


def _page_tables(here: _Here) -> Iterator[Testimony]:
    """`init_mm.pgd` is the root of the page tables that are used."""
    init_mm = here.variable("init_mm", "mm_struct")
    told = None if init_mm is None else init_mm.number("pgd")
    roots = [
        address for name in ("init_top_pgt", "swapper_pg_dir") if (address := here.address(name)) is not None
    ]
    if told is None or not roots:
        yield Testimony("init_mm", "unreadable", "init_mm.pgd cannot be compared")
    elif told in roots:
        yield Testimony("init_mm", "agrees", "init_mm.pgd is the address of the kernel's page tables")
    else:
        text = f"init_mm.pgd is {told:#x}, and not the kernel's page tables"
        yield Testimony("init_mm", "contradicts", text)


def _modules(here: _Here) -> Iterator[Testimony]:
    """The modules stand in a ring, and each one's `mkobj.mod` is itself (kernel/module/sysfs.c)."""
    ring, struct = here.ring("modules", None, "", MOST_TASKS), here.struct("module")
    place = None if struct is None else member_at(struct, "list")
    if ring is None or struct is None or place is None or (ring.end == "unreadable" and not ring.elements):
        yield Testimony("modules", "unreadable", "the list of modules cannot be read")
        return
    count = len(ring.elements)
    if ring.end in ("open", "unreadable"):
        yield Testimony("modules", "contradicts", f"the list of modules is broken after its first {count}")
        return
    for element in ring.elements[:MOST_LOOKED_INTO]:
        own = here.read(element - place[0], struct, ("mkobj.mod",)).get("mkobj.mod")
        if own not in (None, element - place[0]):
            yield Testimony("modules", "contradicts", "a module's mkobj.mod is not the module itself")
            return
    yield Testimony("modules", "agrees", f"the list of modules comes round ({count} of them)")


def _modules_with_types(here: _Here) -> Iterator[Testimony]:
    """Every module in `btf_modules` (5.11 and later; kernel/bpf/btf.c) is in the list of modules."""
    owners, struct = here.ring("btf_modules", None, "", MOST_TASKS), here.struct("btf_module")
    modules, link = here.ring("modules", None, "", MOST_TASKS), here.struct("module")
    inside = None if struct is None else member_at(struct, "list")
    place = None if link is None else member_at(link, "list")
    if owners is None or modules is None or struct is None or inside is None or place is None:
        return
    if not owners.is_closed or (not modules.is_closed and modules.elements):
        return
    listed = {element - place[0] for element in modules.elements}
    told = [here.read(element - inside[0], struct, ("module",)).get("module") for element in owners.elements]
    missing = sum(module is not None and module not in listed for module in told)
    of, where = f"{len(told)} modules that have BTF are", "in the list of modules"
    text = f"{missing} of {of} not {where}" if missing else f"{of} {where}"
    if told:
        yield Testimony("btf_modules", "contradicts" if missing else "agrees", text)


def _threads(here: _Here) -> Iterator[Testimony]:
    """The tasks have as many threads as `nr_threads` counts (kernel/fork.c; all but the idle ones)."""
    ring, struct, group = here.tasks, here.struct("task_struct"), here.struct("signal_struct")
    address, link = here.address("nr_threads"), None if struct is None else member_at(struct, "tasks")
    place = None if address is None else here.kernel.physical(address)
    counted = None if place is None else read_number(here.memory, place, 4, here.endian)
    if ring is None or struct is None or group is None or link is None or counted is None:
        return
    if not ring.is_closed or len(ring.elements) > MOST_COUNTED:
        return
    found = 0
    for element in ring.elements:
        signal = here.read(element - link[0], struct, ("signal",)).get("signal")
        threads = here.read(signal, group, ("nr_threads",)).get("nr_threads") if signal else None
        if threads is None:
            return
        found += threads
    if found == counted:
        yield Testimony(
            "nr_threads", "agrees", f"the tasks have the {counted} threads that the kernel counts"
        )
    else:
        text = f"the listed tasks have {found} threads, and the kernel counts {counted}"
        yield Testimony("nr_threads", "contradicts", text)


def _release(here: _Here) -> Iterator[Testimony]:
    """`init_uts_ns` holds what uname(1) prints."""
    names = here.variable("init_uts_ns", "uts_namespace")
    told = None if names is None else names.text("name.release")
    if told is None or here.kernel.release is None:
        yield Testimony("init_uts_ns", "unreadable", "init_uts_ns has no release to compare")
        return
    shown = printable(told[:64].decode("latin-1"))
    if shown == here.kernel.release:
        yield Testimony("init_uts_ns", "agrees", f"the release in init_uts_ns is {shown} too")
    else:
        text = f"the release in init_uts_ns is {shown!r}, that of the banner {here.kernel.release!r}"
        yield Testimony("init_uts_ns", "contradicts", text)


def _shapes(here: _Here) -> Iterator[Testimony]:
    """Well-known members are of the types that the kernel's sources give them."""
    wrong = misshapen(here.types)
    if wrong:
        text = f"of another type than in the kernel's sources: {', '.join(wrong[:4])}"
        yield Testimony("shapes", "contradicts", text)


def _order(here: _Here) -> Iterator[Testimony]:
    """Members stand in the order of the kernel's sources."""
    strays = out_of_order(here.types)
    for name, members in strays.items():
        text = f"struct {name} has {', '.join(members[:4])} elsewhere than the kernel's sources"
        yield Testimony("order", "contradicts", text)
    if not strays:
        text = "the members of well-known structures stand in the order of the kernel's sources"
        yield Testimony("order", "agrees", text)


_OF_A_TASK: Final = ("flags", "mm", "active_mm", "pid", "group_leader", "thread_pid")
_WIDEST: Final = 16 << 10
_WITNESSES: Final = (
    *(_first_task, _own_pointers, _tasks, _threads, _page_tables, _modules, _modules_with_types),
    *(_release, _shapes, _order),
)
_RUNNING: Final = frozenset((_tasks, _threads, _modules, _modules_with_types))
"""Those that a kernel as it lies on disk cannot have: its tasks and modules come later."""
