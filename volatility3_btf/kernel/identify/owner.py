# SPDX-License-Identifier: Apache-2.0
"""Which BTF belongs to a kallsyms, and whether a kernel may run of which none is at hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, TypeAlias

from ...blobs.blob import Blob
from ...blobs.scan import kernel_at
from ...memory.addresses import Place
from ...memory.gaps import read_number
from ...memory.memory import Memory
from ..evidence.life import NO_CPU
from ..evidence.vmcoreinfo_symbols import Notes
from ..kallsyms.kallsyms import Kallsyms
from .findings import Findings
from .placement import BTF_STARTS, Placement, Surroundings, place

IMAGE_SPAN: Final = 256 << 20
"""Bytes within which parts of one kernel lie."""

_AT_AN_END: Final = (4, 5, 6)
"""Values of `system_state` behind SYSTEM_RUNNING and its like, whether or not there is SYSTEM_FREEING_INITMEM
(5.14); without BTF nothing tells which is which (include/linux/kernel.h)."""

Owned: TypeAlias = tuple[Kallsyms, Placement, Blob | None, str]
"""Symbols, where they lie, the BTF that belongs to them, and how that is known."""


def owners(memory: Memory, blobs: Sequence[Blob], findings: Findings) -> list[Owned]:
    """Where each kallsyms lies, which BTF belongs to it, and how that is known: see `_blob_of`."""
    around = Surroundings(memory, findings.banners, blobs, Notes(findings.notes))
    placed = [(kallsyms, place(kallsyms, around)) for kallsyms in findings.kallsyms]
    return [(*pair, *_blob_of(memory, *pair, blobs)) for pair in placed]


def _blob_of(
    memory: Memory, kallsyms: Kallsyms, placement: Placement, blobs: Sequence[Blob]
) -> tuple[Blob | None, str]:
    """The BTF that belongs to a kallsyms, and how that is known: "address", "image" or "near"."""
    start = placement.direct.get("__start_BTF")
    for blob in blobs:
        if blob.offset == start:
            return blob, "address"
    listed = any(kallsyms.value(placement.reading, name) is not None for name in BTF_STARTS)
    if listed and placement.shift is not None:
        return _passed_over(memory, kallsyms, placement), "address"
    same = [blob for blob in blobs if blob.header.endian == kallsyms.tables.endian]
    if placement.shift is not None:
        image = _image(kallsyms, placement)
        inside = [blob for blob in same if blob.offset in image]
        if inside:
            return min(inside, key=lambda blob: abs(blob.offset - kallsyms.token_table)), "image"
    near = [blob for blob in same if abs(blob.offset - kallsyms.token_table) < IMAGE_SPAN]
    near = [blob for blob in near if blob.offset > kallsyms.token_table] or near
    return min(near, key=lambda blob: abs(blob.offset - kallsyms.token_table), default=None), "near"


def _passed_over(memory: Memory, kallsyms: Kallsyms, placement: Placement) -> Blob | None:
    """The BTF at `__start_BTF` that no search came upon, since something made to look like BTF claims it."""
    for name in BTF_STARTS:
        value = kallsyms.value(placement.reading, name)
        if value is not None and placement.added is not None and placement.shift is not None:
            at = value + placement.added - placement.shift
            blob = kernel_at(memory, at) if at >= 0 else None
            if blob is not None:
                placement.direct["__start_BTF"] = at
                return blob
    return None


def _image(kallsyms: Kallsyms, placement: Placement) -> range:
    """The addresses in the layer from the kernel's first symbol to its last."""
    reading = placement.reading
    values = placement.addresses[reading.sound & ~reading.fixed]
    shift = placement.shift or 0
    return range(int(values.min()) - shift, int(values.max()) - shift) if len(values) else range(0)


def may_run(memory: Memory, kallsyms: Kallsyms, placement: Placement) -> bool:
    """Whether a kernel has run, in this image's own physical memory, and says nothing of an end.

    Args:
        memory: the image.
        kallsyms: its symbols.
        placement: where it lies.
    """
    if not placement.confirmed or placement.shift is None or placement.added is None:
        return False
    apart, endian = placement.shift - placement.added, kallsyms.tables.endian

    def number(name: str, size: int) -> int | None:
        value = kallsyms.value(placement.reading, name)
        return None if value is None else read_number(memory, Place(value - apart), size, endian)

    told = None if placement.note is None else placement.note.physical_shift
    base = number("phys_base", 8)
    if told is None and base is not None:
        told = 0xFFFFFFFF80000000 - (base - (base >> 63 << 64))
    if told not in (None, placement.shift):
        return False
    return number("panic_cpu", 4) in (None, NO_CPU) and number("system_state", 4) not in _AT_AN_END
