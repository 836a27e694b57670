# SPDX-License-Identifier: Apache-2.0
"""The scanner: memory in, BTF blobs out.

One pass over the image looks for BTF's magic in both byte orders. Each hit goes through ever more costly
questions: is the header's arithmetic sound, does the body behind it look like types and names, does all of it
decode.
"""

from __future__ import annotations

import hashlib
import heapq
import logging
import struct
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Literal

from .body import find_bodies
from .btf import BtfError, Header, Kind, Outline, Types, outline
from .btf.columns import KIND_MASK, KIND_SHIFT, VLEN_MASK
from .btf.distilled import is_distilled
from .btf.flaws import flaw_of, is_text
from .btf.kinds import COMMON_WORDS, ELEMENT_WORDS, EXTRA_WORDS
from .damage import Mender, read_around
from .memory import Memory, Progress
from .share import Share
from .survey import BTF, Survey, surveyed

log = logging.getLogger(__name__)

Endian = Literal["auto", "little", "big"]
BlobKind = Literal["kernel", "module", "program", "unknown"]
State = Literal["complete", "truncated", "damaged"]

Candidate = tuple[int, Header]
"""A header and its address."""

MAX_BLOB = 64 << 20
"""Bytes; a header that claims more is none (the largest known kernel BTF has 6 MB)."""

MAX_HEADER = 1024
"""Bytes; hdr_len is 24, or 32 with a layout section."""

CHECKED: tuple[BlobKind, ...] = ("kernel", "module")
"""Kinds that are complete only without a flaw (`flaw_of`): no other blob can begin inside of one."""

PROGRAM_SECTIONS = (".maps", "license")
"""Sections of a BPF object that no kernel has; its BTF may well define `task_struct` (CO-RE)."""

KERNEL_NAMES = (b"\0task_struct\0", b"\0mm_struct\0", b"\0vm_area_struct\0")
"""Names of which one at least is left in what a kernel's damaged BTF is recognised by."""

MIN_KERNEL = 1 << 17
"""Bytes; smaller blobs are no kernel's (the smallest known kernel BTF has 3.5 MB)."""

MOST_BASES = 16
"""Different kernels' BTF that modules' may stand on; a host's memory has its own and its guests'."""

HEAD = 32
"""Bytes looked at of each header: up to and with the layout section's place."""

SMALL_SHARES = ((1 << 14, 4), (1 << 11, 16), (0, 64))
"""From how many small blobs in all on how many are looked at in each MiB (`Share`); an honest image has a
hundred in all, and a dozen in a MiB."""

MOST_DISTILLED = 16
"""Modules' distilled bases that are remembered, the latest; each is of one module only."""

MOST_KEPT = 32 << 20
"""Bytes of blobs that were decoded ahead of their turn; those of an honest image have 10 million."""

MOST_DAMAGED = 8
"""Blobs that are not sound and may claim one and the same byte, before no more of them are looked at."""

MOST_KERNELS_BEHIND = 32
"""Headers that are looked at all the same, since they lead to what starts and ends as a kernel's BTF does."""


@dataclass(frozen=True)
class Blob:
    """BTF found in memory.

    Attributes:
        offset: address of the header, in the physical layer.
        header: the decoded header; `header.endian` tells the byte order.
        kind: kernel, module (split BTF, or the distilled base that it brings along), program (a BPF object's
            own) or unknown.
        state: complete (all of it decodes), truncated (the image ends before the blob does) or damaged.
        data: the blob's bytes as they lie in memory, as far as they can be read; a header that is gone is
            made anew, gaps in a kernel's are zeros.
        problem: why the state is not complete; empty if it is.
        counts: own types of each kind, or None where the records do not decode.
        decoded: the types of a complete blob; those that are left of a kernel's damaged one.
    """

    offset: int
    header: Header
    kind: BlobKind
    state: State
    data: bytes = field(repr=False)
    problem: str = ""
    counts: Mapping[Kind, int] | None = None
    decoded: Types | None = field(default=None, repr=False, compare=False)

    @property
    def size(self) -> int:
        """Bytes, header included, as the header tells them."""
        return self.header.size

    @property
    def endian(self) -> str:
        """The byte order, "little" or "big"."""
        return self.header.endian

    @property
    def is_base(self) -> bool:
        """Whether split BTF may stand on it: a kernel's, and a module's distilled base."""
        return self.state == "complete" and self.kind in CHECKED and self.types.base is None

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of `data`: of the whole blob unless it is truncated."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def types(self) -> Types:
        """The decoded types; a module's stand on those of its kernel.

        Raises:
            BtfError: the blob's types cannot be had.
        """
        if self.decoded is None:
            raise BtfError(f"BTF at {self.offset:#x} is {self.state}: {self.problem}")
        return self.decoded


class Bases:
    """The BTF that modules' may stand on: kernels', and distilled bases.

    Args:
        kernels: the kernels' known already, by their SHA-256; more may come.
        distilled: the distilled bases known already.
    """

    def __init__(
        self, kernels: dict[str, Types] | None = None, distilled: dict[str, Types] | None = None
    ) -> None:
        self._kernels = {} if kernels is None else kernels
        self._distilled = {} if distilled is None else distilled
        self._told = False

    def add(self, base: Blob) -> None:
        """Take in a base, unless it is too small for a kernel's; copies of one are taken once."""
        if base.kind == "kernel":
            self._add_kernel(base)
            return
        self._distilled[base.sha256] = base.types
        if len(self._distilled) > MOST_DISTILLED:
            del self._distilled[next(iter(self._distilled))]

    def _add_kernel(self, kernel: Blob) -> None:
        if kernel.size < MIN_KERNEL or kernel.sha256 in self._kernels:
            return
        if len(self._kernels) < MOST_BASES:
            self._kernels[kernel.sha256] = kernel.types
        elif not self._told:
            log.warning("too many kernels' BTF: no module's is held against that at %#x", kernel.offset)
            self._told = True

    def base_of(self, module: Outline) -> Types | None:
        """The types that a module's ids and names fit; None where no known base has them.

        Distilled bases come first: ids on top of a kernel's fit no other, but a few low ones could fit both.
        """
        known = (*self._distilled.values(), *self._kernels.values())
        same_order = (types for types in known if types.header.endian == module.header.endian)
        return next((types for types in same_order if module.fits(types)), None)


class _BasesAhead(Bases):
    """The kernels' BTF of an image that is being searched.

    Modules may lie before their kernel: the headers are then looked through ahead, once and only as far as
    needed. What is whole of those that are passed is kept until its turn comes, so that it is decoded beside
    the search, which other processes do.
    """

    def __init__(self, survey: Survey, endian: Endian) -> None:
        super().__init__()
        self._memory, self._endian = survey.memory, endian
        bases = Bases(self._kernels, self._distilled)
        self._ahead = _blobs(survey.memory, _headers(survey, endian), bases=bases)
        self._seen: dict[int, Blob] = {}
        self._room = MOST_KEPT

    def seen_at(self, offset: int) -> Blob | None:
        """The blob at an address, if the look ahead came upon it and it was kept; it is handed out once."""
        blob = self._seen.pop(offset, None)
        self._room += blob.size if blob else 0
        return blob

    def base_of(self, module: Outline) -> Types | None:
        known = super().base_of(module)
        while known is None and (blob := next(self._ahead, None)) is not None:
            self._keep(blob)
            if blob.is_base:
                self.add(blob)
                known = super().base_of(module)
        if known is None and not self._kernels:
            for kernel in self.headless:
                self.add(kernel)
            known = super().base_of(module)
        return known

    def _keep(self, blob: Blob) -> None:
        if blob.decoded is not None and blob.size <= self._room:
            self._seen[blob.offset] = blob
            self._room -= blob.size

    @cached_property
    def headless(self) -> list[Blob]:
        """Kernels' BTF whose header is gone."""
        return list(_headless(self._memory, self._endian))


def find_btf(
    memory: Memory,
    *,
    endian: Endian = "auto",
    progress: Progress | None = None,
    survey: Survey | None = None,
) -> Iterator[Blob]:
    """Find every BTF blob, damaged ones too, in order of address.

    Lazy: nothing is searched before it is asked for, and the search can be stopped at any point.

    Args:
        memory: what to search.
        endian: the byte order to look for; "auto" looks for both in one pass.
        progress: told the percentage done.
        survey: the pass over this memory whose places are looked at; one is made if None.

    Yields:
        Blobs, lowest address first. A header inside a kernel's or module's complete blob is not looked at. Of
        small blobs each MiB has a share (`Share`); how many were left out is logged. At last, if no kernel's
        BTF had a header and could be decoded, one whose header is gone.

    Raises:
        UnreadableError: the file behind the memory has become shorter.
    """
    share = Share(SMALL_SHARES)
    with surveyed(memory, survey, BTF.values(), progress, "Searching BTF") as passed:
        bases = _BasesAhead(passed, endian)
        missing = True
        for blob in _blobs(memory, _headers(passed, endian), bases=bases, share=share):
            if blob.is_base:
                bases.add(blob)
            if blob.kind == "kernel" and blob.decoded is not None:
                missing = False
            yield blob
    if share.left_out:
        log.warning(
            "Searching BTF: %d small blobs, too many for one place, were not looked at", share.left_out
        )
    if missing:
        yield from bases.headless


def find_kernel_btf(
    memory: Memory,
    *,
    endian: Endian = "auto",
    start: int = 0,
    progress: Progress | None = None,
    survey: Survey | None = None,
) -> Iterator[Blob]:
    """Find only the blobs that are a kernel's and can be decoded, from `start` on, in order of address.

    Of one that is damaged, what is left is decoded. Where there is none, the whole image is searched for one
    whose header is gone: its state is damaged, but all of its types are there. Arguments as of `find_btf`.
    """
    missing = True
    with surveyed(memory, survey, BTF.values(), progress, "Searching BTF") as passed:
        for blob in _blobs(memory, _headers(passed, endian, start), kernels_only=True):
            if blob.kind == "kernel" and blob.decoded is not None:
                missing = False
                yield blob
    if missing:
        yield from _headless(memory, endian)


def _headless(memory: Memory, endian: Endian) -> Iterator[Blob]:
    """Kernels' BTF whose header is gone, or was passed over for all that looked like one before it."""
    for offset, body in find_bodies(memory, endian):
        types = body.types
        if kernel := kernel_at(memory, offset):
            yield kernel
            continue
        problem = "its header is gone and was made anew from the types and names behind it"
        if _kind_of(types) == "kernel":
            yield Blob(offset, types.header, "kernel", "damaged", body.blob, problem, types.counts, types)


def kernel_at(memory: Memory, offset: int) -> Blob | None:
    """The whole BTF of a kernel whose header is at an address; None if there is none."""
    try:
        header = Header.parse(memory.read_available(offset, HEAD))
    except BtfError:
        return None
    if not _sound(header) or header.size < MIN_KERNEL:
        return None
    blob = examine(memory, offset, header)
    return blob if blob.kind == "kernel" and blob.state == "complete" else None


def _blobs(
    memory: Memory,
    candidates: Iterable[Candidate],
    *,
    kernels_only: bool = False,
    bases: Bases | None = None,
    share: Share | None = None,
) -> Iterator[Blob]:
    """Every blob, or those that are large enough for a kernel's, in order of address."""
    smallest = MIN_KERNEL if kernels_only else 0
    share = share or Share(SMALL_SHARES)
    crowd = _Crowd(memory)
    mender = Mender(memory)
    inside = 0
    for offset, header in candidates:
        if offset < inside or header.size < smallest or not _has_body(memory, offset, header):
            continue
        if header.size < MIN_KERNEL and not share.admits(offset):
            continue
        if not crowd.admits(offset, header):
            continue
        blob = bases.seen_at(offset) if isinstance(bases, _BasesAhead) else None
        blob = blob or examine(memory, offset, header, bases, kernels_only=kernels_only)
        if blob.kind == "kernel" and blob.decoded is None:
            blob = _mend(mender, blob)
        if blob.state == "complete" and blob.kind in CHECKED:
            inside = offset + blob.size
        else:
            crowd.add(blob)
        yield blob


def examine(
    memory: Memory, offset: int, header: Header, bases: Bases | None = None, *, kernels_only: bool = False
) -> Blob:
    """Decide what the blob behind a sound header is, and in what state.

    Args:
        memory: where it lies.
        offset: the address of its header.
        header: the header.
        bases: the image's kernels, to check a module's split BTF against; None leaves it unchecked.
        kernels_only: whether any other blob may be called unknown, undecoded.
    """
    data = memory.read_available(offset, header.size)
    if len(data) < header.size:
        return _examine_gaps(memory, offset, header, data)
    if kernels_only and data[header.str_start] and _likely_kind(header, data) != "kernel":
        return Blob(offset, header, "unknown", "damaged", data, "its names are no kernel's: not decoded")
    try:
        sketch = outline(data)
    except BtfError as error:
        return Blob(offset, header, _likely_kind(header, data), "damaged", data, str(error))
    try:
        types = Types(sketch)
    except BtfError as error:
        kind = _likely_kind(header, data)
        if sketch.split and not (sketch.section[:1] == b"\0" and kind == "kernel"):
            return _examine_split(offset, sketch, data, bases)
        return Blob(offset, header, kind, "damaged", data, str(error), sketch.counts)
    kind = _kind_of(types)
    flaw = flaw_of(types) if kind in CHECKED else _no_text(sketch)
    if flaw:
        return Blob(offset, header, kind, "damaged", data, flaw, types.counts)
    return Blob(offset, header, kind, "complete", data, "", types.counts, types)


def _no_text(sketch: Outline) -> str:
    """What is wrong with a program's strings; empty if nothing is."""
    return "" if is_text(sketch.section) else "its strings hold bytes that no text has"


def _examine_gaps(memory: Memory, offset: int, header: Header, data: bytes) -> Blob:
    """A blob that is not all in the image, of which `data` comes before the first gap."""
    inside = offset + header.size <= memory.end and header.size >= MIN_KERNEL
    missing = f"{header.size - len(data)} of {header.size} bytes are not in the image"
    if inside:
        data, gaps = read_around(memory, offset, header.size)
        lost = sum(end - start for start, end in gaps)
        missing = f"{lost} of {header.size} bytes are not in the image"
    kind = _likely_kind(header, data)
    return Blob(offset, header, kind, "damaged" if inside else "truncated", data, missing)


def _mend(mender: Mender, blob: Blob) -> Blob:
    """The blob with what is left of its types; what decodes as it is stays so if it cannot be mended."""
    rescue = mender.rescue(blob.offset, blob.header)
    if rescue is None:
        return replace(blob, decoded=_decoded(blob.data))
    counts = Counter(rescue.mended.types.counts)
    counts[Kind.TYPE_TAG] -= sum(map(len, rescue.mended.lost))
    problem = "; ".join(filter(None, (blob.problem, rescue.problem)))
    log.warning("BTF at %#x is %s: %s", blob.offset, blob.state, problem)
    return replace(blob, data=rescue.data, problem=problem, counts=dict(+counts), decoded=rescue.mended.types)


def _decoded(data: bytes) -> Types | None:
    """The types of a blob that stands by itself, if they decode."""
    try:
        return Types(data)
    except BtfError:
        return None


def _examine_split(offset: int, sketch: Outline, data: bytes, bases: Bases | None) -> Blob:
    """A module's blob, decoded on the kernel's types that it fits."""
    base = bases.base_of(sketch) if bases is not None else None
    if base is None:
        problem = "split BTF that fits no kernel BTF of this image: torn, or of another build"
        return Blob(offset, sketch.header, "module", "damaged", data, problem, sketch.counts)
    try:
        types = Types(sketch, base)
    except BtfError as error:
        return Blob(offset, sketch.header, "module", "damaged", data, str(error), sketch.counts)
    flaw = flaw_of(types)
    if flaw:
        return Blob(offset, sketch.header, "module", "damaged", data, flaw, sketch.counts)
    return Blob(offset, sketch.header, "module", "complete", data, "", sketch.counts, types)


def _headers(survey: Survey, endian: Endian, start: int = 0) -> Iterator[Candidate]:
    """Every header whose arithmetic is sound and whose blob starts inside the image."""
    memory = survey.memory
    signatures = list(BTF.values()) if endian == "auto" else [BTF[endian]]
    for offset, _ in survey.places(*signatures, start=start):
        try:
            header = Header.parse(memory.read_available(offset, HEAD))
        except BtfError:
            continue
        if _sound(header) and memory.available(offset, header.hdr_len + 12) == header.hdr_len + 12:
            yield offset, header


def _sound(header: Header) -> bool:
    """The arithmetic that the kernel demands (btf_parse_hdr, btf_check_sec_info), and a bound on the size."""
    if (
        not 24 <= header.hdr_len <= MAX_HEADER
        or header.hdr_len % 4
        or header.type_off % 4
        or header.type_len % 4
    ):
        return False
    if header.type_len == 0 or header.str_len == 0 or header.size > MAX_BLOB:
        return False
    return (
        header.type_off + header.type_len <= header.str_off
        or header.str_off + header.str_len <= header.type_off
    )


def _has_body(memory: Memory, offset: int, header: Header) -> bool:
    """Whether types or names lie where the header says; tells blobs from bare copies of a header."""
    return _has_types(memory, offset, header) or _has_names(memory, offset, header)


def _is_like_a_kernel(memory: Memory, offset: int, header: Header) -> bool:
    """Whether a header leads to types and names, as many as a kernel has."""
    is_large = header.size >= MIN_KERNEL
    return is_large and _has_types(memory, offset, header) and _has_names(memory, offset, header)


def _has_types(memory: Memory, offset: int, header: Header) -> bool:
    start = offset + header.hdr_len + header.type_off
    return _looks_like_types(memory.read_available(start, min(header.type_len, 4096)), header)


def _has_names(memory: Memory, offset: int, header: Header) -> bool:
    """Whether the string section starts with names and, as far as it is in the image, ends so."""
    start = offset + header.hdr_len + header.str_off
    names = memory.read_available(start, min(header.str_len, 4096))
    tail = min(header.str_len, 64)
    last = memory.read_available(start + header.str_len - tail, tail)
    return _looks_like_names(names) and (len(last) < tail or (last[-1] == 0 and _looks_like_names(last)))


def _looks_like_names(data: bytes) -> bool:
    """Whether bytes are NUL-separated printable text, none of it empty but the first."""
    if not data or (data.count(0) == 0 and len(data) > 1024):
        return False
    return b"\0\0" not in data[1:] and all(
        part.isascii() and part.decode().isprintable() for part in data.split(b"\0")
    )


def _looks_like_types(types: bytes, header: Header) -> bool:
    """Whether the section starts with 16 well-formed records, or is made of fewer."""
    info = struct.Struct("<4xI4x" if header.endian == "little" else ">4xI4x")
    position = 0
    for _ in range(16):
        if position == header.type_len:
            return True
        length = _record_length(*info.unpack_from(types, position)) if position + 12 <= len(types) else 0
        if not length:
            return False
        position += length
    return True


_HIGHEST_KIND = max(Kind)


def _record_length(info: int) -> int:
    """Bytes of the record with this info word; 0 if its kind is not known."""
    number, vlen = info >> KIND_SHIFT & KIND_MASK, info & VLEN_MASK
    if not 0 < number <= _HIGHEST_KIND:
        return 0
    kind = Kind(number)
    return 4 * (COMMON_WORDS + EXTRA_WORDS.get(kind, 0) + vlen * ELEMENT_WORDS.get(kind, 0))


def _kind_of(types: Types) -> BlobKind:
    """What a whole blob with types of its own belongs to; a module's distilled base is the module's."""
    if is_distilled(types):
        return "module"
    if any(types.find(section, Kind.DATASEC) for section in PROGRAM_SECTIONS):
        return "program"
    if types.find("task_struct", Kind.STRUCT) is not None:
        return "kernel"
    return "program" if len(types.ids_of_kind(Kind.FUNC)) else "unknown"


def _likely_kind(header: Header, data: bytes) -> BlobKind:
    """A damaged or truncated blob's kind as far as its size and names tell it."""
    start = header.hdr_len + header.str_off
    names = data[start : start + header.str_len]
    if header.size >= MIN_KERNEL and any(name in names for name in KERNEL_NAMES):
        return "kernel"
    return "unknown"


class _Crowd:
    """The blobs that claim the bytes at hand and are not known to be sound.

    Sound blobs do not overlap, fakes can: without a limit, headers packed side by side that each claim the
    64 MiB behind them would all be read and decoded.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._ends: list[int] = []
        self._behind = 0
        self._told = False

    def add(self, blob: Blob) -> None:
        """Count a blob."""
        heapq.heappush(self._ends, blob.offset + blob.size)

    def admits(self, offset: int, header: Header) -> bool:
        """Whether a blob at `offset` may be looked at; calls go by ascending offset."""
        while self._ends and self._ends[0] <= offset:
            heapq.heappop(self._ends)
        if len(self._ends) < MOST_DAMAGED:
            return True
        if self._behind < MOST_KERNELS_BEHIND and _is_like_a_kernel(self._memory, offset, header):
            self._behind += 1
            return True
        if not self._told:
            log.warning("too many damaged BTF blobs overlap at %#x: more there were not looked at", offset)
        self._told = True
        return False
