# SPDX-License-Identifier: Apache-2.0
"""What the blob behind a sound header is, and in what state."""

from ..btf import BtfError, Header, Kind, Outline, Types, outline
from ..btf.distilled import is_distilled
from ..btf.recover.flaws import flaw_of, is_text
from ..memory.memory import Memory
from .bases import Bases
from .blob import CHECKED, MIN_KERNEL, Blob, BlobKind
from .rescue import read_around

PROGRAM_SECTIONS = (".maps", "license")
"""Sections of a BPF object that no kernel has; its BTF may well define `task_struct` (CO-RE)."""

KERNEL_NAMES = (b"\0task_struct\0", b"\0mm_struct\0", b"\0vm_area_struct\0")
"""Names of which one at least is left in what a kernel's damaged BTF is recognised by."""


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
    kind = kind_of(types)
    flaw = flaw_of(types) if kind in CHECKED else _no_text(sketch)
    if flaw:
        return Blob(offset, header, kind, "damaged", data, flaw, types.counts)
    return Blob(offset, header, kind, "complete", data, "", types.counts, types)


def undecoded(memory: Memory, offset: int, header: Header) -> Blob:
    """What the blob behind a sound header is as far as its names tell; arguments as of `examine`."""
    data = memory.read_available(offset, header.size)
    return Blob(offset, header, _likely_kind(header, data), "damaged", data, "it was not decoded")


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


def kind_of(types: Types) -> BlobKind:
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
