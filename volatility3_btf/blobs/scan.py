# SPDX-License-Identifier: Apache-2.0
"""The scanner: memory in, BTF blobs out.

One pass over the image looks for BTF's magic in both byte orders. Each hit goes through ever more costly
questions: is the header's arithmetic sound, does the body behind it look like types and names, does all of it
decode.
"""

from __future__ import annotations

import logging
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from functools import cached_property

from ..btf import BtfError, Header, Kind, Outline, Types
from ..limits import Allowance, Share
from ..memory.memory import Memory, Run, lies_in
from ..memory.progress import Progress
from ..survey import BTF, Survey, surveyed
from .bases import Bases
from .blob import CHECKED, MIN_KERNEL, Blob
from .candidates import HEAD, Candidate, Endian, headers, is_sound
from .crowd import Crowd
from .examination import examine, kind_of, undecoded
from .headerless import find_bodies
from .plausibility import has_body, has_few_types
from .rescue import Mender

log = logging.getLogger(__name__)

SMALL_SHARES = ((1 << 14, 4), (1 << 11, 16), (0, 64))
"""From how many small blobs in all on how many are looked at in each MiB (`Share`); an honest image has a
hundred in all, and a dozen in a MiB."""

MOST_SOUND = 4
"""Kernels' BTF that is decoded before it is known whether its kernel may run; most images have one or two."""

MOST_KEPT = 32 << 20
"""Bytes of blobs that were decoded ahead of their turn; those of an honest image have 10 million."""


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
        self._ahead = _blobs(survey.memory, headers(survey, endian), bases=bases)
        self._seen: dict[int, Blob] = {}
        self._room = Allowance(MOST_KEPT)

    def seen_at(self, offset: int) -> Blob | None:
        """The blob at an address, if the look ahead came upon it and it was kept; it is handed out once."""
        blob = self._seen.pop(offset, None)
        self._room.give_back(blob.size if blob else 0)
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
        if blob.decoded is not None and self._room.take(blob.size):
            self._seen[blob.offset] = blob

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
        Blobs, lowest address first. Headers inside a complete blob of a kernel or module are skipped. The
        number of small blobs in each MiB is limited (`Share`); how many were left out is logged. If no
        kernel's BTF with a header could be decoded, one whose header is lost comes last.

    Raises:
        UnreadableError: the file behind the memory has become shorter.
    """
    share = Share(SMALL_SHARES)
    with surveyed(memory, survey, BTF.values(), progress, "Searching BTF") as passed:
        bases = _BasesAhead(passed, endian)
        missing = True
        for blob in _blobs(memory, headers(passed, endian), bases=bases, share=share):
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
        for blob in _blobs(memory, headers(passed, endian, start), kernels_only=True):
            if blob.kind == "kernel" and blob.decoded is not None:
                missing = False
                yield blob
    if missing:
        yield from _headless(memory, endian)


_FEW_TYPES = "it has fewer types than any known kernel"


def find_sound_btf(
    memory: Memory, *, survey: Survey | None = None, home: Sequence[Run] = ()
) -> tuple[list[Blob], list[Blob]]:
    """Find kernels' BTF, and leave what is damaged, or too much, undecoded as long as anything is sound.

    Mending takes longer than all else, and whoever can write into memory can put BTF there. All is of one
    byte order: the little-endian comes first, as most machines are. What has lost its header is looked for
    where neither has anything else.

    Args:
        memory: the image.
        survey: the pass over this memory whose places are looked at; one is made if None.
        home: where the kernel is known to lie that runs: what is there is decoded, whatever lies around it.

    Returns:
        The blobs that are decoded, as `find_kernel_btf` has them, and those that `decode_blob` may decode.
    """
    orders: tuple[Endian, ...] = ("little", "big")
    with surveyed(memory, survey, BTF.values()) as passed:
        for endian in orders:
            sound, others = _sound(passed, endian, home)
            if sound:
                return sound, others
    headless = (list(_headless(memory, endian)) for endian in orders)
    return next((found for found in headless if found), []), []


def _sound(survey: Survey, endian: Endian, home: Sequence[Run]) -> tuple[list[Blob], list[Blob]]:
    """Kernels' BTF of one byte order that is decoded, and what is not; mended where nothing is sound."""
    memory = survey.memory
    blobs = _blobs(memory, headers(survey, endian), kernels_only=True, most_sound=MOST_SOUND, home=home)
    every = [_light(blob) for blob in blobs if blob.kind == "kernel" or blob.problem == _FEW_TYPES]
    found = [blob for blob in every if blob.kind == "kernel"]
    sound = [blob for blob in found if blob.decoded is not None]
    others = [blob for blob in found if blob.decoded is None]
    if sound:
        return sound, others
    mender = Mender(memory)
    mended = [decode_blob(memory, mender, blob) for blob in every]
    return [blob for blob in mended if blob.kind == "kernel" and blob.decoded is not None], []


def _light(blob: Blob) -> Blob:
    """The blob without its bytes, unless it is decoded: there may be many."""
    return blob if blob.decoded is not None else replace(blob, data=b"")


def decode_blob(memory: Memory, mender: Mender, blob: Blob) -> Blob:
    """Decode one of the blobs that `find_sound_btf` has left, and mend it if it is damaged.

    Args:
        memory: where it lies.
        mender: mends only so many of one image.
        blob: a kernel's BTF, undecoded.
    """
    blob = examine(memory, blob.offset, blob.header, kernels_only=True)
    return mend_blob(mender, blob) if blob.kind == "kernel" and blob.decoded is None else blob


def _headless(memory: Memory, endian: Endian) -> Iterator[Blob]:
    """Kernels' BTF whose header is gone, or was passed over for all that looked like one before it."""
    for offset, body in find_bodies(memory, endian):
        types = body.types
        if kernel := kernel_at(memory, offset):
            yield kernel
            continue
        problem = "its header is gone and was made anew from the types and names behind it"
        if kind_of(types) == "kernel":
            yield Blob(offset, types.header, "kernel", "damaged", body.blob, problem, types.counts, types)


def kernel_at(memory: Memory, offset: int) -> Blob | None:
    """The whole BTF of a kernel whose header is at an address; None if there is none."""
    try:
        header = Header.parse(memory.read_available(offset, HEAD))
    except BtfError:
        return None
    if not is_sound(header) or header.size < MIN_KERNEL:
        return None
    blob = examine(memory, offset, header)
    return blob if blob.kind == "kernel" and blob.state == "complete" else None


def _blobs(
    memory: Memory,
    candidates: Iterable[Candidate],
    *,
    kernels_only: bool = False,
    most_sound: int | None = None,
    home: Sequence[Run] = (),
    bases: Bases | None = None,
    share: Share | None = None,
) -> Iterator[Blob]:
    """Every blob, or those that are large enough for a kernel's, in order of address.

    With `most_sound` nothing is mended, and nothing is decoded behind so many sound blobs, or that has fewer
    types than any known kernel.
    """
    smallest = MIN_KERNEL if kernels_only else 0
    share = share or Share(SMALL_SHARES)
    crowd = Crowd(memory)
    mender = Mender(memory)
    inside = sound = 0
    for offset, header in candidates:
        if offset < inside or header.size < smallest or not has_body(memory, offset, header):
            continue
        if header.size < MIN_KERNEL and not share.admits(offset):
            continue
        is_at_home = lies_in(offset, home)
        if not crowd.admits(offset, header) and not is_at_home:
            continue
        blob = bases.seen_at(offset) if isinstance(bases, _BasesAhead) else None
        if most_sound is not None and not is_at_home and has_few_types(memory, offset, header):
            blob = Blob(offset, header, "unknown", "damaged", b"", _FEW_TYPES)
        elif sound == most_sound and not is_at_home:
            blob = undecoded(memory, offset, header)
        blob = blob or examine(memory, offset, header, bases, kernels_only=kernels_only)
        if most_sound is None and blob.kind == "kernel" and blob.decoded is None:
            blob = mend_blob(mender, blob)
        if blob.state == "complete" and blob.kind in CHECKED:
            inside = offset + blob.size
            sound += not is_at_home
        else:
            crowd.add(blob)
        yield blob


def mend_blob(mender: Mender, blob: Blob) -> Blob:
    """The blob with what is left of its types; what decodes as it is stays so if it cannot be mended.

    Args:
        mender: mends only so many of one image.
        blob: a kernel's BTF, undecoded.
    """
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
