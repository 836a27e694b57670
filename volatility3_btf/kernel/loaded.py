# SPDX-License-Identifier: Apache-2.0
"""The BTF that a kernel has loaded: its own, its modules' and its BPF programs'.

The kernel keeps a `struct btf` (kernel/bpf/btf.c) for each: a copy of the blob's header, a pointer to the
blob, from 5.11 on a name, whether it is the kernel's or a module's, and its base. They are found by their
copies of the header and read with the layout that the kernel's own BTF gives. A blob is read through the
kernel's page tables, so it need not be contiguous in physical memory.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from ..btf import BtfError, Composite, Header
from ..btf.spelling import printable
from ..memory import BytesMemory, Memory, Progress, Run, UnreadableError
from ..scan import MAX_BLOB, SIGNATURES, Bases, Blob, BlobKind, examine
from .kernel import Kernel
from .records import Record, member_at, struct_of
from .translation import AddressSpace, address_space_of, direct_map, read_runs

log = logging.getLogger(__name__)

LoadedKind = Literal["vmlinux", "module", "program"]

MOST_HITS: Final = 1 << 16
"""Copies of a header that are looked at; an honest image has some hundred."""

MOST_ALIKE: Final = 16
"""Places with one and the same header that are compared to find the direct map."""

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
        bases = Bases()
        bases.add(own)
        return replace(examine(held, self.offset, self.header, bases), kind=self.blob_kind)


@dataclass(frozen=True)
class Loaded:
    """What a kernel has loaded, as far as it can be told.

    Attributes:
        entries: the BTFs, lowest id first; the blobs themselves are read when asked for.
        space: the address space they were read through; None where the kernel's types have no `struct btf`,
            or nothing tells where virtual addresses lie: then what is loaded is not known.
    """

    entries: tuple[LoadedBtf, ...] = ()
    space: AddressSpace | None = None

    def module(self, name: str) -> LoadedBtf | None:
        """The BTF of a loaded module, or None. `_` and `-` are one, as for modprobe."""
        wanted = name.replace("-", "_")
        modules = (entry for entry in self.entries if entry.kind == "module")
        return next((entry for entry in modules if entry.name == wanted), None)


@dataclass(frozen=True)
class _Candidate:
    """Bytes that are a `struct btf` by themselves: its own pointers agree with its copy of the header."""

    place: int
    copy: int
    header: Header
    raw: bytes
    record: Record
    address: int


def loaded_btf(memory: Memory, kernel: Kernel, progress: Progress | None = None) -> Loaded:
    """Find every BTF that a kernel has loaded.

    Args:
        memory: the image.
        kernel: the kernel, with its types; its page tables are used where they are known.
        progress: told the percentage done.
    """
    struct = _struct_btf(kernel)
    if struct is None:
        return Loaded()
    hits = _headers(memory, kernel.blob.endian, progress)
    found = list(_candidates(memory, struct, hits))
    space = _space(memory, kernel, found, hits)
    if space is None:
        log.info("the kernel's page tables are not readable: which BTF it has loaded is not known")
        return Loaded()
    return Loaded(_confirmed(memory, space, kernel, found), space)


def _confirmed(
    memory: Memory, space: AddressSpace, kernel: Kernel, found: Iterable[_Candidate]
) -> tuple[LoadedBtf, ...]:
    """The BTFs that the candidates point to, each once."""
    loaded: dict[int, LoadedBtf] = {}
    budget = memory.size + MAX_BLOB
    for candidate in found:
        known = loaded.get(candidate.address)
        entry = _confirm(memory, space, kernel, candidate) if known is None else None
        if entry is None:
            continue
        budget -= entry.size
        if budget < 0:
            log.warning("more BTF seems to be loaded than fits into memory: the rest is left out")
            break
        loaded[candidate.address] = entry
    return tuple(sorted(loaded.values(), key=lambda entry: (entry.id, entry.address)))


def _space(
    memory: Memory, kernel: Kernel, found: Iterable[_Candidate], hits: dict[int, bytes]
) -> AddressSpace | None:
    """The kernel's address space; without page tables the direct map that most candidates speak for."""
    space = address_space_of(memory, kernel)
    if space is not None:
        return space
    shift = _direct_shift(found, hits)
    return None if shift is None else direct_map(memory, kernel, shift)


def _struct_btf(kernel: Kernel) -> Composite | None:
    """The kernel's own `struct btf`; None where its types lack it or a member that is needed."""
    try:
        struct = struct_of(kernel.blob.types, "btf")
    except BtfError:
        return None
    if struct is None or any(
        member_at(struct, name) is None for name in ("hdr", "data", "data_size", "refcnt")
    ):
        log.info("the kernel's types have no struct btf")
        return None
    return struct


def _headers(memory: Memory, endian: str, progress: Progress | None) -> dict[int, bytes]:
    """Place → the first bytes of everything that starts as a BTF header does."""
    found: dict[int, bytes] = {}
    for place, _ in memory.search((SIGNATURES[endian],), progress=progress, what="Searching loaded BTF"):
        found[place] = memory.read_available(place, 32)
        if len(found) == MOST_HITS:
            log.warning("too many places look like BTF: not all were looked at")
            break
    return found


def _candidates(memory: Memory, struct: Composite, hits: dict[int, bytes]) -> Iterator[_Candidate]:
    """Every hit around which a `struct btf` lies."""
    offset, size = member_at(struct, "hdr") or (0, 0)
    for copy, raw in hits.items():
        try:
            header = Header.parse(raw[:size])
            record = Record(struct, memory.read(copy - offset, struct.size))
        except (BtfError, UnreadableError):
            continue
        address = record.number("data")
        if address and _agrees(record, header, address):
            yield _Candidate(copy - offset, copy, header, raw[:_SHORTEST], record, address)


def _agrees(record: Record, header: Header, address: int) -> bool:
    """Whether a `struct btf` is in use, its sizes and pointers those that its header asks for.

    `nohdr_data` points behind the header, `strings` to the names. A freed structure has no references.
    """
    body = address + header.hdr_len
    told = {"nohdr_data": body, "strings": body + header.str_off, "data_size": header.size}
    if header.size > MAX_BLOB or not record.number("refcnt"):
        return False
    return all(record.number(name) in (None, value) for name, value in told.items())


def _confirm(memory: Memory, space: AddressSpace, kernel: Kernel, candidate: _Candidate) -> LoadedBtf | None:
    """The BTF that a candidate points to; None if something else lies there."""
    header, record = candidate.header, candidate.record
    if space.read_available(candidate.address, _SHORTEST) != candidate.raw:
        log.info("struct btf at %#x points to no BTF", candidate.place)
        return None
    runs = tuple(space.runs(candidate.address, header.size))
    kind = _kind(record, kernel, runs[0].start)
    name = printable((record.text("name") or b"").decode("ascii", "replace"))
    if kind == "vmlinux":
        name = name or "vmlinux"
    number = record.number("id") or 0
    return LoadedBtf(name, number, kind, candidate.address, header, runs, candidate.place, memory, kernel)


def _kind(record: Record, kernel: Kernel, offset: int) -> LoadedKind:
    """Whose BTF it is; before 5.11 `struct btf` does not say, and modules have none."""
    if offset == kernel.blob.offset:
        return "vmlinux"
    if not record.number("kernel_btf"):
        return "program"
    return "module" if record.number("base_btf") else "vmlinux"


def _direct_shift(found: Iterable[_Candidate], hits: dict[int, bytes]) -> int | None:
    """Virtual minus layer address of the direct map: where most pointers meet their headers."""
    alike: dict[bytes, list[int]] = {}
    for place, raw in hits.items():
        alike.setdefault(raw[:_SHORTEST], []).append(place)
    votes: Counter[int] = Counter()
    for candidate in found:
        places = alike.get(candidate.raw, [])[:MOST_ALIKE]
        votes.update({candidate.address - place for place in places if place != candidate.copy})
    best = votes.most_common(2)
    if not best or best[0][1] < 2 or (len(best) > 1 and best[1][1] == best[0][1]):
        return None
    return best[0][0]
