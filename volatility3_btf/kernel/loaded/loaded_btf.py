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
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ...blobs.bases import Bases
from ...blobs.blob import MAX_BLOB, Blob, BlobKind
from ...blobs.examination import examine
from ...btf import BtfError, Composite, Header
from ...limits import Allowance
from ...memory.addresses import Place, Virtual
from ...memory.memory import BytesMemory, Memory, Run
from ...memory.progress import Progress
from ...survey import BTF, Survey, surveyed
from ..address_space import AddressSpace, address_space_of, direct_map, read_runs
from ..kernel import Kernel
from ..structures import Record
from .direct_map import direct_shift
from .idr import idr_content
from .struct_btf import SHORTEST, StructBtf, header_at, layout_of, name_of, struct_btf_at

log = logging.getLogger(__name__)

LoadedKind = Literal["vmlinux", "module", "program"]

LIST: Final = "btf_idr"
"""The kernel's list of loaded BTF (kernel/bpf/btf.c); before 5.11 its own is not in it."""

MOST_CANDIDATES: Final = 1 << 13
"""Places that are a `struct btf` by themselves, and different headers that are remembered."""

MOST_ALIKE: Final = 16
"""Places with one and the same header that are compared to find the direct map."""

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
    address: Virtual
    header: Header
    runs: tuple[Run, ...]
    place: Place
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


@dataclass
class _Seen:
    """What an image holds that starts as a BTF header does.

    Attributes:
        candidates: those around which a `struct btf` lies.
        alike: for each header, the first places that have it.
        is_complete: whether all of them were looked at.
    """

    candidates: list[StructBtf] = field(default_factory=list)
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
    struct = layout_of(kernel)
    if struct is None:
        return Loaded()
    space = address_space_of(memory, kernel)
    told, all_told = _told(space, kernel, struct)
    endian = kernel.blob.endian
    with surveyed(memory, survey, (BTF[endian],), progress, "Searching loaded BTF") as passed:
        seen = _search(passed, endian, struct)
    if space is None and (shift := direct_shift(memory, kernel, seen.candidates, seen.alike)) is not None:
        space = direct_map(memory, kernel, shift)
    if space is None:
        log.info("the kernel's page tables are not readable: which BTF it has loaded is not known")
        return Loaded()
    entries = _confirmed(memory, space, kernel, (*told, *seen.candidates))
    known = {entry.address for entry in entries}
    all_told = all_told and all(candidate.address in known for candidate in told)
    return Loaded(entries, all_told or seen.is_complete, space)


def _confirmed(
    memory: Memory, space: AddressSpace, kernel: Kernel, found: Iterable[StructBtf]
) -> tuple[LoadedBtf, ...]:
    """The BTFs that the candidates point to, each once: where several claim one, the first has it."""
    loaded: dict[int, LoadedBtf] = {}
    room = Allowance(
        memory.size + MAX_BLOB, "more BTF seems to be loaded than fits into memory: the rest is left out"
    )
    for candidate in found:
        known = loaded.get(candidate.address)
        if known is not None:
            _tell_claim(known, candidate)
            continue
        entry = _confirm(memory, space, kernel, candidate)
        if entry is None:
            continue
        if not room.take(entry.size):
            break
        loaded[candidate.address] = entry
    return tuple(sorted(loaded.values(), key=lambda entry: (entry.id, entry.address)))


def _tell_claim(known: LoadedBtf, candidate: StructBtf) -> None:
    """Log that a second `struct btf` points to a blob and gives it another name."""
    name = name_of(candidate.record)
    if name and known.name and name != known.name:
        log.warning(
            "the BTF of %s is called %s by another struct btf, at %#x", known.name, name, candidate.place
        )


def _told(space: AddressSpace | None, kernel: Kernel, struct: Composite) -> tuple[list[StructBtf], bool]:
    """What the kernel's own list holds, and whether that is all of it."""
    idr = None if kernel.symbols is None else kernel.symbols.get(LIST)
    if space is None or idr is None or (content := idr_content(space, kernel.blob.types, idr)) is None:
        return [], False
    found = []
    for pointer in content.pointers:
        place = space.translate(pointer)
        data = space.read_available(pointer, struct.size)
        candidate = None if place is None else struct_btf_at(struct, place, data)
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
    raw = memory.read_available(copy, SHORTEST)
    try:
        Header.parse(raw)
    except BtfError:
        return
    if raw in seen.alike or len(seen.alike) < MOST_CANDIDATES:
        places = seen.alike.setdefault(raw, [])
        places += [copy] * (len(places) < MOST_ALIKE)
    place = Place(copy - header_at(struct))
    candidate = (
        struct_btf_at(struct, place, memory.read_available(place, struct.size)) if place >= 0 else None
    )
    if candidate is not None and not candidate.disagreement:
        seen.candidates.append(candidate)


def _confirm(memory: Memory, space: AddressSpace, kernel: Kernel, candidate: StructBtf) -> LoadedBtf | None:
    """The BTF that a candidate points to; None if something else lies there, unless the kernel lists it."""
    header, record = candidate.header, candidate.record
    runs = tuple(space.runs(candidate.address, header.size))
    differs = space.read_available(candidate.address, SHORTEST) != candidate.raw
    if not runs or (differs and not candidate.is_listed):
        level = logging.WARNING if candidate.is_listed else logging.INFO
        log.log(level, "the struct btf at %#x points to no BTF", candidate.place)
        return None
    kind = _kind(record, kernel, runs[0].start)
    name = name_of(record) or ("vmlinux" if kind == "vmlinux" else "")
    number = record.number("id") or 0
    _tell_disagreement(candidate, name or f"with id {number}", differs)
    return LoadedBtf(name, number, kind, candidate.address, header, runs, candidate.place, memory, kernel)


def _tell_disagreement(candidate: StructBtf, name: str, differs: bool) -> None:
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
