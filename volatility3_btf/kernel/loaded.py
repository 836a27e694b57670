# SPDX-License-Identifier: Apache-2.0
"""The BTF that a kernel has loaded: its own, its modules' and its BPF programs'.

The kernel keeps a `struct btf` (kernel/bpf/btf.c) for each: a copy of the blob's header, a pointer to the
blob, from 5.11 on a name, whether it is the kernel's or a module's, and its base. The kernel's own list of
them is read first; what it lacks is found by the copies of the header. All are read with the layout that the
kernel's own BTF gives, and a blob through the kernel's page tables, so it need not be contiguous in physical
memory.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ..btf import BtfError, Composite, Header
from ..btf.spelling import printable
from ..memory import BytesMemory, Memory, Progress, Run
from ..scan import MAX_BLOB, Bases, Blob, BlobKind, examine
from ..survey import BTF, Survey, surveyed
from .address_space import AddressSpace, address_space_of, direct_map, read_runs
from .idr import idr_content
from .kernel import Kernel
from .records import Record, member_at, struct_of
from .rings import Ring, walk_ring

log = logging.getLogger(__name__)

LoadedKind = Literal["vmlinux", "module", "program"]

LIST: Final = "btf_idr"
"""The kernel's list of loaded BTF (kernel/bpf/btf.c); before 5.11 its own is not in it."""

MOST_CANDIDATES: Final = 1 << 13
"""Places that are a `struct btf` by themselves, and different headers that are remembered."""

MOST_ALIKE: Final = 16
"""Places with one and the same header that are compared to find the direct map."""

MOST_TASKS: Final = 1 << 12
"""Tasks that are followed to try a direct map."""

DIRECT_MAPS: Final = {"ppc64le": (0xC000000000000000,), "ppc64": (0xC000000000000000,)}
"""Where physical address 0 is mapped (PAGE_OFFSET, arch/powerpc/Kconfig), by architecture."""

LARGEST: Final = 4096
"""Bytes of a `struct btf` that are believed; it has some hundred."""

_SHORTEST = 24
_BLOB_KIND: Final[dict[LoadedKind, BlobKind]] = {
    "vmlinux": "kernel",
    "module": "module",
    "program": "program",
}


@dataclass(frozen=True)
class LoadedBtf:
    """A BTF that a kernel has loaded.

    Attributes:
        name: what the kernel calls it: "vmlinux", or the module's name; empty where it has none, as a
            program's.
        id: the number by which BPF_BTF_GET_FD_BY_ID knows it.
        kind: whose it is.
        address: virtual address of the blob.
        header: the copy of the header in `struct btf`; the blob's own starts with the same bytes.
        runs: where the blob lies in the layer, in order of virtual address; ends early where a page is not
            mapped.
        place: address in the layer of the `struct btf`.
    """

    name: str
    id: int
    kind: LoadedKind
    address: int
    header: Header
    runs: tuple[Run, ...]
    place: int
    _memory: Memory = field(repr=False, compare=False)
    _kernel: Kernel = field(repr=False, compare=False)

    @property
    def offset(self) -> int:
        """Address in the layer of the blob's first byte."""
        return self.runs[0].start

    @property
    def size(self) -> int:
        """Bytes, header included."""
        return self.header.size

    @property
    def is_contiguous(self) -> bool:
        """Whether all of it lies in one piece in the layer."""
        return len(self.runs) == 1 and self.runs[0].length == self.size

    @property
    def blob_kind(self) -> BlobKind:
        """The kind, in the scanner's words."""
        return _BLOB_KIND[self.kind]

    def read(self) -> Blob:
        """Put the blob together and decode it, a module's on the kernel's types.

        Returns:
            The blob, at the offset of its first byte. Where a page is not mapped or not in the image, it is
            truncated there.
        """
        own = self._kernel.blob
        if self.kind == "vmlinux" and self.offset == own.offset and self.size == own.size:
            return own
        data = read_runs(self._memory, self.runs)
        held = BytesMemory(data, self.offset)
        bases = Bases({own.sha256: own.types})
        return replace(examine(held, self.offset, self.header, bases), kind=self.blob_kind)


@dataclass(frozen=True)
class Loaded:
    """What a kernel has loaded, as far as it can be told.

    Attributes:
        entries: the BTFs, lowest id first; the blobs themselves are read when asked for.
        is_complete: whether these are all: the kernel's own list was read, or every place that looks like a
            `struct btf`.
        space: the address space they were read through; None where the kernel's types have no `struct btf`,
            or nothing tells where virtual addresses lie: then what is loaded is not known.
    """

    entries: tuple[LoadedBtf, ...] = ()
    is_complete: bool = False
    space: AddressSpace | None = None

    def module(self, name: str) -> LoadedBtf | None:
        """The BTF of a loaded module, or None. `_` and `-` are one, as for modprobe."""
        wanted = name.replace("-", "_")
        modules = (entry for entry in self.entries if entry.kind == "module")
        return next((entry for entry in modules if entry.name == wanted), None)


@dataclass(frozen=True)
class _Candidate:
    """Bytes that are a `struct btf`.

    Attributes:
        place: address in the layer.
        copy: where in the layer its copy of the header lies.
        header: that copy.
        raw: its bytes.
        record: the structure.
        address: virtual address of the BTF that it points to.
        disagreement: which of its members are not what the header asks for.
        is_listed: whether the kernel's own list has it.
    """

    place: int
    copy: int
    header: Header
    raw: bytes
    record: Record
    address: int
    disagreement: str
    is_listed: bool = False


@dataclass
class _Seen:
    """What an image holds that starts as a BTF header does.

    Attributes:
        candidates: those around which a `struct btf` lies.
        alike: for each header, the first places that have it.
        is_complete: whether all of them were looked at.
    """

    candidates: list[_Candidate] = field(default_factory=list)
    alike: dict[bytes, list[int]] = field(default_factory=dict)
    is_complete: bool = True


def loaded_btf(
    memory: Memory, kernel: Kernel, progress: Progress | None = None, survey: Survey | None = None
) -> Loaded:
    """Find every BTF that a kernel has loaded.

    Args:
        memory: the image.
        kernel: the kernel, with its types; its page tables are used where they are known.
        progress: told the percentage done.
        survey: the pass over this memory that found the kernel; another one is made if None.
    """
    struct = _struct_btf(kernel)
    if struct is None:
        return Loaded()
    space = address_space_of(memory, kernel)
    told, all_told = _told(space, kernel, struct)
    endian = kernel.blob.endian
    with surveyed(memory, survey, (BTF[endian],), progress, "Searching loaded BTF") as passed:
        seen = _search(passed, endian, struct)
    if space is None and (shift := _direct_shift(memory, kernel, seen)) is not None:
        space = direct_map(memory, kernel, shift)
    if space is None:
        log.info("the kernel's page tables are not readable: which BTF it has loaded is not known")
        return Loaded()
    entries = _confirmed(memory, space, kernel, (*told, *seen.candidates))
    known = {entry.address for entry in entries}
    all_told = all_told and all(candidate.address in known for candidate in told)
    return Loaded(entries, all_told or seen.is_complete, space)


def _confirmed(
    memory: Memory, space: AddressSpace, kernel: Kernel, found: Iterable[_Candidate]
) -> tuple[LoadedBtf, ...]:
    """The BTFs that the candidates point to, each once: where several claim one, the first has it."""
    loaded: dict[int, LoadedBtf] = {}
    budget = memory.size + MAX_BLOB
    for candidate in found:
        known = loaded.get(candidate.address)
        if known is not None:
            _tell_claim(known, candidate)
            continue
        entry = _confirm(memory, space, kernel, candidate)
        if entry is None:
            continue
        budget -= entry.size
        if budget < 0:
            log.warning("more BTF seems to be loaded than fits into memory: the rest is left out")
            break
        loaded[candidate.address] = entry
    return tuple(sorted(loaded.values(), key=lambda entry: (entry.id, entry.address)))


def _tell_claim(known: LoadedBtf, candidate: _Candidate) -> None:
    """Log that a second `struct btf` points to a blob and gives it another name."""
    name = _name_of(candidate.record)
    if name and known.name and name != known.name:
        log.warning(
            "the BTF of %s is called %s by another struct btf, at %#x", known.name, name, candidate.place
        )


def _name_of(record: Record) -> str:
    return printable((record.text("name") or b"").decode("ascii", "replace"))


def _struct_btf(kernel: Kernel) -> Composite | None:
    """The kernel's own `struct btf`; None where its types lack it or a member that is needed."""
    try:
        struct = struct_of(kernel.blob.types, "btf")
    except BtfError:
        return None
    needed = ("hdr", "data", "data_size", "refcnt")
    if struct is None or struct.size > LARGEST or any(member_at(struct, name) is None for name in needed):
        log.info("the kernel's types have no struct btf")
        return None
    return struct


def _told(space: AddressSpace | None, kernel: Kernel, struct: Composite) -> tuple[list[_Candidate], bool]:
    """What the kernel's own list holds, and whether that is all of it."""
    idr = None if kernel.symbols is None else kernel.symbols.get(LIST)
    if space is None or idr is None or (content := idr_content(space, kernel.blob.types, idr)) is None:
        return [], False
    found = []
    for pointer in content.pointers:
        place = space.translate(pointer)
        data = space.read_available(pointer, struct.size)
        candidate = None if place is None else _candidate(struct, place, data)
        if candidate is not None:
            found.append(replace(candidate, is_listed=True))
    whole = content.is_complete and len(found) == len(content.pointers)
    if not whole:
        _tell_damage(len(found))
    return found, whole and bool(found)  # an empty list can be a wiped one


def _tell_damage(count: int) -> None:
    readable = f"only {count} of its entries" if count else "none of its entries"
    log.warning("the kernel's list of loaded BTF (%s) is damaged: %s can be read", LIST, readable)


def _search(survey: Survey, endian: str, struct: Composite) -> _Seen:
    """Look at everything that starts as a BTF header does."""
    seen = _Seen()
    for copy, _ in survey.places(BTF[endian]):
        _look(survey.memory, struct, copy, seen)
        if len(seen.candidates) == MOST_CANDIDATES:
            break
    if len(seen.candidates) == MOST_CANDIDATES or survey.is_crowded(BTF[endian]):
        seen.is_complete = False
        log.warning("too many places look like loaded BTF: not all were looked at")
    return seen


def _look(memory: Memory, struct: Composite, copy: int, seen: _Seen) -> None:
    """Take in a place that starts as a header does, and the `struct btf` around it if there is one."""
    raw = memory.read_available(copy, _SHORTEST)
    try:
        Header.parse(raw)
    except BtfError:
        return
    if raw in seen.alike or len(seen.alike) < MOST_CANDIDATES:
        places = seen.alike.setdefault(raw, [])
        places += [copy] * (len(places) < MOST_ALIKE)
    place = copy - _header_at(struct)
    candidate = _candidate(struct, place, memory.read_available(place, struct.size)) if place >= 0 else None
    if candidate is not None and not candidate.disagreement:
        seen.candidates.append(candidate)


def _header_at(struct: Composite) -> int:
    """Offset of the header's copy in a `struct btf`."""
    return (member_at(struct, "hdr") or (0, 0))[0]


def _candidate(struct: Composite, place: int, data: bytes) -> _Candidate | None:
    """The `struct btf` whose bytes these are, and what in it does not agree; None if they are none."""
    record = Record(struct, data)
    raw, address = record.bytes_of("hdr"), record.number("data")
    try:
        header = Header.parse(raw or b"")
    except BtfError:
        return None
    if not raw or not address or header.size > MAX_BLOB:
        return None
    copy, told = place + _header_at(struct), _disagreement(record, header, address)
    return _Candidate(place, copy, header, raw[:_SHORTEST], record, address, told)


def _disagreement(record: Record, header: Header, address: int) -> str:
    """Which members of a `struct btf` are not what its header asks for; empty if it is whole, and in use.

    `nohdr_data` points behind the header, `strings` to the names if there are any. A freed structure has no
    references.
    """
    body = address + header.hdr_len
    told = {"nohdr_data": body, "data_size": header.size}
    if header.str_len:
        told["strings"] = body + header.str_off
    wrong = [name for name, value in told.items() if record.number(name) not in (None, value)]
    return ", ".join(["refcnt"] * (not record.number("refcnt")) + wrong)


def _confirm(memory: Memory, space: AddressSpace, kernel: Kernel, candidate: _Candidate) -> LoadedBtf | None:
    """The BTF that a candidate points to; None if something else lies there, unless the kernel lists it."""
    header, record = candidate.header, candidate.record
    runs = tuple(space.runs(candidate.address, header.size))
    differs = space.read_available(candidate.address, _SHORTEST) != candidate.raw
    if not runs or (differs and not candidate.is_listed):
        level = logging.WARNING if candidate.is_listed else logging.INFO
        log.log(level, "the struct btf at %#x points to no BTF", candidate.place)
        return None
    kind = _kind(record, kernel, runs[0].start)
    name = _name_of(record) or ("vmlinux" if kind == "vmlinux" else "")
    number = record.number("id") or 0
    _tell_disagreement(candidate, name or f"with id {number}", differs)
    return LoadedBtf(name, number, kind, candidate.address, header, runs, candidate.place, memory, kernel)


def _tell_disagreement(candidate: _Candidate, name: str, differs: bool) -> None:
    """Log what is wrong with a `struct btf` that the kernel lists."""
    wrong = [candidate.disagreement] * bool(candidate.disagreement) + ["the BTF's header"] * differs
    if wrong:
        log.warning(
            "BTF %s is loaded (%s has it), but was changed or is being freed: in its struct btf at %#x, "
            "this is not as it must be: %s",
            name,
            LIST,
            candidate.place,
            ", ".join(wrong),
        )


def _kind(record: Record, kernel: Kernel, offset: int) -> LoadedKind:
    """Whose BTF it is; before 5.11 `struct btf` does not say, and modules have none."""
    if offset == kernel.blob.offset:
        return "vmlinux"
    if not record.number("kernel_btf"):
        return "program"
    return "module" if record.number("base_btf") else "vmlinux"


def _direct_shift(memory: Memory, kernel: Kernel, seen: _Seen) -> int | None:
    """Virtual minus layer address of the direct map, where no page tables tell.

    What most pointers in an image speak for can be what a process wrote. So each distance is tried on the
    kernel's own list of tasks, which must come round through it; the votes only say which is tried first.
    Where the list cannot be read, the votes decide if they are for one distance alone.
    """
    votes: Counter[int] = Counter()
    for candidate in seen.candidates:
        places = seen.alike.get(candidate.raw, [])
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

    def translate(virtual: int) -> int | None:
        at = virtual - shift
        inside = own(virtual)
        return at if 0 <= at < memory.end else inside if inside is not None and inside >= 0 else None

    space = AddressSpace(memory, translate, f"the direct map at distance {shift:#x}")
    return walk_ring(space, head + tasks[0], kernel.blob.endian, MOST_TASKS)
