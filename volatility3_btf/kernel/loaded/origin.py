# SPDX-License-Identifier: Apache-2.0
"""Whose each BTF in an image is: what the kernels have loaded, told from copies and left-overs."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Final, Literal

from ...blobs.blob import Blob
from ...blobs.candidates import Endian
from ...blobs.scan import find_btf
from ...memory.memory import Memory
from ...memory.progress import Progress
from ...survey import EVERYTHING, Survey, surveyed
from ..identify.identify import identify_kernels
from ..kernel import Kernel
from .listing import Listing
from .loaded_btf import Loaded, LoadedBtf, loaded_btf

Origin = Literal["loaded", "copy", "unknown"]
"""loaded: the running kernel's own; copy: that one does not point to it, though another kernel may, which ran
before or is a guest; unknown: what the kernel has loaded could not be read, or not all of it."""

MOST_KERNELS: Final = 8
"""Kernels whose structures are read; more are copies of one, or a hostile image's."""


@dataclass(frozen=True)
class Sighting:
    """BTF in an image, and whose it is.

    Attributes:
        blob: the BTF; put together page by page if a kernel has it in several pieces.
        origin: whether a kernel has it loaded.
        name: "vmlinux" or the module's name; also of a copy with the same bytes. None where none is known.
        listed: for a loaded module, whether the kernel's list of modules has it; None if that is not known,
            or what speaks for it does not agree.
        loaded: what the kernel says of it, where it is loaded.
    """

    blob: Blob
    origin: Origin = "unknown"
    name: str | None = None
    listed: bool | None = None
    loaded: LoadedBtf | None = None


class Owners:
    """The BTF that an image's kernel has loaded, by where it lies.

    Of several kernels it is the first whose records can be read.

    Args:
        memory: the image.
        kernels: its kernels, best first.
        survey: the pass over this memory that found them; one is made for each if None.
    """

    def __init__(self, memory: Memory, kernels: Iterable[Kernel], survey: Survey | None = None) -> None:
        self._memory = memory
        self._known = self._own_known = False
        self._complete = True
        self._own: dict[int, Kernel] = {}
        self._loaded: dict[int, tuple[LoadedBtf, Listing]] = {}
        self._names: dict[str, str] = {}
        for kernel in list(kernels)[:MOST_KERNELS]:
            found = loaded_btf(self._memory, kernel, survey=survey)
            if self._known:
                self._add_names(found)
            else:
                self._add(kernel, found)

    def _add_names(self, found: Loaded) -> None:
        """What another kernel than the running one has loaded is a copy whose name is known."""
        for entry in found.entries:
            if entry.name:
                self._names.setdefault(entry.read().sha256, entry.name)

    def _add(self, kernel: Kernel, found: Loaded) -> None:
        if found.space is None:
            self._complete &= kernel.state != "exact"
            return
        self._known = True
        self._complete &= found.is_complete
        listing = Listing(found.space, kernel, found.entries)
        for entry in found.entries:
            self._loaded.setdefault(entry.offset, (entry, listing))
            if entry.name:
                self._names.setdefault(entry.read().sha256, entry.name)
        if any(entry.kind == "vmlinux" for entry in found.entries):
            self._own_known = True
        elif kernel.state == "exact":
            self._own[kernel.blob.offset] = kernel
            self._own_known = True

    @property
    def offsets(self) -> list[int]:
        """Where the loaded BTF starts, ascending."""
        return sorted(self._loaded)

    def at(self, offset: int) -> Sighting | None:
        """What is loaded at an address in the layer, read through the kernel's page tables."""
        entry = self._loaded.get(offset)
        return None if entry is None else self._loaded_sighting(entry[0].read(), *entry)

    def judge(self, blob: Blob) -> Sighting:
        """Tell whose a blob is that was found by its header."""
        entry = self._loaded.get(blob.offset)
        if entry is not None:
            return self._loaded_sighting(self._same_or_read(blob, entry[0]), *entry)
        if blob.offset in self._own:
            return Sighting(blob, "loaded", "vmlinux")
        name = self._names.get(blob.sha256)
        if name is None and blob.kind == "kernel":
            name = "vmlinux"
        known = self._known and self._complete and (self._own_known or blob.kind != "kernel")
        return Sighting(blob, "copy" if known else "unknown", name)

    def _same_or_read(self, blob: Blob, loaded: LoadedBtf) -> Blob:
        """The blob itself where it lies in one piece, else what the kernel's page tables make of it."""
        if loaded.is_contiguous and blob.size == loaded.size and blob.state == "complete":
            return replace(blob, kind=loaded.blob_kind) if blob.kind != loaded.blob_kind else blob
        return loaded.read()

    def _loaded_sighting(self, blob: Blob, loaded: LoadedBtf, listing: Listing) -> Sighting:
        listed = listing.has(loaded) if loaded.kind == "module" else None
        return Sighting(blob, "loaded", loaded.name or None, listed, loaded)


def find_sightings(
    memory: Memory,
    *,
    endian: Endian = "auto",
    progress: Progress | None = None,
    survey: Survey | None = None,
) -> Iterator[Sighting]:
    """Find every BTF blob as `find_btf` does, and tell whose each is.

    Args:
        memory: what to search.
        endian: the byte order to look for.
        progress: told the percentage done.
        survey: a pass over this memory that serves others too; one is made if None.

    Yields:
        In order of address; BTF that a kernel has loaded in several pieces stands where its first byte lies.

    Raises:
        UnreadableError: the file behind the memory has become shorter.
    """
    with surveyed(memory, survey, EVERYTHING, progress, "Searching BTF") as passed:
        owners = Owners(memory, identify_kernels(memory, survey=passed), passed)
        waiting = owners.offsets
        for blob in find_btf(memory, endian=endian, survey=passed):
            while waiting and waiting[0] < blob.offset:
                yield from _sighting_at(owners, waiting.pop(0), endian)
            if waiting and waiting[0] == blob.offset:
                waiting.pop(0)
            yield owners.judge(blob)
    for offset in waiting:
        yield from _sighting_at(owners, offset, endian)


def _sighting_at(owners: Owners, offset: int, endian: Endian) -> Iterator[Sighting]:
    found = owners.at(offset)
    if found is not None and endian in ("auto", found.blob.endian):
        yield found
