# SPDX-License-Identifier: Apache-2.0
"""Which kernels are in an image: VMCOREINFO, banners, kallsyms and BTF, tied together by evidence."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from ..memory import Memory, Progress
from ..scan import Blob, find_kernel_btf
from . import banner as banners_
from . import vmcoreinfo as notes_
from .architecture import architecture_of
from .banner import Banner
from .contents import read_contents
from .errors import KernelError, NoKernelError
from .kallsyms import Kallsyms, in_order, read_kallsyms
from .kaslr import kaslr_of
from .kernel import STATES, Kernel
from .paging import page_tables_of
from .placing import BTF_STARTS, Placement, Surroundings, own_tables, place
from .reading import read_number
from .symbols import Symbols
from .tokens import DIGITS, Tokens, tokens_at, tokens_at_digits
from .vmcoreinfo import Vmcoreinfo

log = logging.getLogger(__name__)

_MOST_HITS = 1 << 12
"""Places at which one kind of text is looked at; an honest image of 512 MiB has about ten."""

_MOST_TABLES, _MOST_THOROUGH = 32, 4
"""Token tables of an image that are followed at all, and with all means; each kernel has one."""

_IMAGE_SPAN = 256 << 20
_KALLSYMS_NAMES = (
    "kallsyms_num_syms",
    "kallsyms_names",
    "kallsyms_token_index",
    "kallsyms_offsets",
    "kallsyms_relative_base",
)


@dataclass
class Findings:
    """What one pass over the image found.

    Attributes:
        banners: every `Linux version` text but format strings.
        notes: every VMCOREINFO.
        kallsyms: every kallsyms that could be read.
        complaints: what was found and could not be read, a sentence each.
    """

    banners: list[Banner] = field(default_factory=list)
    notes: list[Vmcoreinfo] = field(default_factory=list)
    kallsyms: list[Kallsyms] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)


def identify_kernels(
    memory: Memory, blobs: Iterable[Blob] | None = None, progress: Progress | None = None
) -> list[Kernel]:
    """Find every kernel with BTF, and tell what belongs to it.

    Args:
        memory: the image.
        blobs: BTF that was found before; searched for if None. Only kernels' BTF is used.
        progress: told the percentage done.

    Returns:
        The kernels, best evidence first; empty if the image holds no kernel BTF.
    """
    found = find_kernel_btf(memory, progress=progress) if blobs is None else blobs
    kernels = [blob for blob in found if blob.kind == "kernel"]
    if not kernels:
        return []
    findings = survey(memory, progress)
    return tie(memory, kernels, findings)


def identify_kernel(
    memory: Memory, blobs: Iterable[Blob] | None = None, progress: Progress | None = None
) -> Kernel:
    """The kernel that the evidence speaks for most.

    Raises:
        NoKernelError: the image holds no kernel BTF.
    """
    kernels = identify_kernels(memory, blobs, progress)
    if not kernels:
        raise NoKernelError("the image holds no kernel BTF")
    return kernels[0]


def survey(memory: Memory, progress: Progress | None = None) -> Findings:
    """Look for banners, VMCOREINFO and kallsyms in one pass."""
    hits: tuple[list[int], ...] = ([], [], [])
    needles = (banners_.SIGNATURE, notes_.SIGNATURE, DIGITS)
    for offset, number in memory.search(needles, progress=progress, what="Searching kernels"):
        if len(hits[number]) < _MOST_HITS:
            hits[number].append(offset)
    findings = Findings(banners_.read_banners(memory, hits[0]), notes_.read_vmcoreinfo(memory, hits[1]))
    findings.complaints += ["too many places look like a kernel's text: not all were looked at"] * any(
        len(places) == _MOST_HITS for places in hits
    )
    _read_all_kallsyms(memory, hits[2], findings)
    return findings


def tie(memory: Memory, blobs: Sequence[Blob], findings: Findings) -> list[Kernel]:
    """Tie kernel BTF to the kallsyms, banner and VMCOREINFO that belong to it, and rank the results."""
    kernels: list[Kernel] = []
    for kallsyms in findings.kallsyms:
        placement = place(kallsyms, Surroundings(memory, findings.banners, blobs, findings.notes))
        blob, how = _blob_of(kallsyms, placement, blobs)
        if blob is not None:
            kernels.append(_with_symbols(memory, kallsyms, placement, blob, how, findings))
    tied = {id(kernel.blob) for kernel in kernels}
    kernels += [_types_only(memory, blob, findings, bool(kernels)) for blob in blobs if id(blob) not in tied]
    kernels.sort(key=_rank)
    for kernel in kernels[1:]:
        kernel.doubts.append(_why_behind(kernel, kernels[0]))
    return kernels


def _rank(kernel: Kernel) -> tuple[int, bool, int, int]:
    """Sound ones first; then those whose own physical addresses are the image's, not a guest or copy."""
    return STATES.index(kernel.state), bool(kernel.layer_base), -len(kernel.evidence), kernel.blob.offset


def _why_behind(kernel: Kernel, first: Kernel) -> str:
    """Why a kernel is ranked behind the first one."""
    if kernel.state != first.state:
        return f"ranked behind the kernel with BTF at {first.blob.offset:#x}, whose state is {first.state}"
    if kernel.layer_base and not first.layer_base:
        return (
            f"ranked behind the kernel with BTF at {first.blob.offset:#x}: this one's own physical addresses "
            "are not the image's, as with a guest's kernel in a host's memory, or a copy"
        )
    if len(kernel.evidence) < len(first.evidence):
        return f"ranked behind the kernel with BTF at {first.blob.offset:#x}, for which more evidence speaks"
    return f"the kernel with BTF at {first.blob.offset:#x} has as much evidence, and lies lower in the image"


def _read_all_kallsyms(memory: Memory, hits: Iterable[int], findings: Findings) -> None:
    """Read the kallsyms at every token table: those that VMCOREINFO tells, and those found by their shape."""
    found: dict[int, Tokens] = {}
    for tokens in (*_told_tables(memory, findings.notes), *(tokens_at_digits(memory, hit) for hit in hits)):
        if tokens is not None:
            found.setdefault(tokens.table, tokens)
    likely = sorted(found.values(), key=lambda tokens: (tokens.endian is None, len(tokens.lost)))
    if len(likely) > _MOST_TABLES:
        findings.complaints.append(f"{len(likely)} places look like a token table; {_MOST_TABLES} were read")
    if not likely:
        told = any(note.symbol("kallsyms_token_table") is not None for note in findings.notes)
        why = "VMCOREINFO tells of one, so it is damaged" if told else "there is none, or it is damaged"
        findings.complaints.append(f"no kallsyms_token_table was found: {why}")
    for number, tokens in enumerate(likely[:_MOST_TABLES]):
        try:
            found_there = _read_with_notes(memory, tokens, findings.notes, number < _MOST_THOROUGH)
            findings.kallsyms.append(found_there)
        except KernelError as error:
            findings.complaints.append(str(error))
            log.info("%s", error)


def _read_with_notes(memory: Memory, tokens: Tokens, notes: Iterable[Vmcoreinfo], thorough: bool) -> Kallsyms:
    """Read kallsyms with the help of the note whose distance between the two token tables fits."""
    for note in notes:
        table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
        if table is None or index is None or index - table != tokens.index - tokens.table:
            continue
        told = {name: note.symbol(name) for name in _KALLSYMS_NAMES}
        moved = {name: at - table + tokens.table for name, at in told.items() if at is not None}
        places = {name: at for name, at in moved.items() if at >= 0}
        return read_kallsyms(memory, tokens, places, thorough)
    return read_kallsyms(memory, tokens, None, thorough)


def _told_tables(memory: Memory, notes: Iterable[Vmcoreinfo]) -> Iterator[Tokens | None]:
    """The token tables at the places that VMCOREINFO tells, if the layer's addresses are physical."""
    for note in notes:
        table, shift = note.symbol("kallsyms_token_table"), physical_shift_of(note)
        index = note.symbol("kallsyms_token_index")
        if table is not None and index is not None and shift is not None:
            yield tokens_at(memory, table - shift, index - shift)


def physical_shift_of(note: Vmcoreinfo) -> int | None:
    """Virtual minus physical address of the kernel image, as VMCOREINFO tells it for each architecture."""
    base = note.number("phys_base")
    if base is not None:
        return 0xFFFFFFFF80000000 - base
    for name in ("kimage_voffset", "va_kernel_pa_offset"):
        shift = note.number(name)
        if shift is not None:
            return shift
    offset, physical = note.kernel_offset, note.hexadecimal("KERNELOFFPHYS")
    return None if offset is None or physical is None else offset - physical


def _blob_of(kallsyms: Kallsyms, placement: Placement, blobs: Sequence[Blob]) -> tuple[Blob | None, str]:
    """The BTF that belongs to a kallsyms, and how that is known: "address", "image" or "near"."""
    start = placement.direct.get("__start_BTF")
    for blob in blobs:
        if blob.offset == start:
            return blob, "address"
    listed = any(kallsyms.value(placement.reading, name) is not None for name in BTF_STARTS)
    if listed and placement.shift is not None:
        return None, ""
    same = [blob for blob in blobs if blob.header.endian == kallsyms.tables.endian]
    if placement.shift is not None:
        image = _image(kallsyms, placement)
        inside = [blob for blob in same if blob.offset in image]
        if inside:
            return min(inside, key=lambda blob: abs(blob.offset - kallsyms.place)), "image"
    near = [blob for blob in same if abs(blob.offset - kallsyms.place) < _IMAGE_SPAN]
    near = [blob for blob in near if blob.offset > kallsyms.place] or near
    return min(near, key=lambda blob: abs(blob.offset - kallsyms.place), default=None), "near"


def _image(kallsyms: Kallsyms, placement: Placement) -> range:
    """The addresses in the layer from the kernel's first symbol to its last."""
    reading = placement.reading
    values = placement.addresses[reading.sound & ~reading.fixed]
    shift = placement.shift or 0
    return range(int(values.min()) - shift, int(values.max()) - shift) if len(values) else range(0)


def _with_symbols(
    memory: Memory, kallsyms: Kallsyms, placement: Placement, blob: Blob, how: str, findings: Findings
) -> Kernel:
    """A kernel of which both types and symbols were found."""
    kernel = Kernel(blob, physical_shift=placement.shift, vmcoreinfo=placement.note)
    kernel.symbols = _symbols(kallsyms, placement)
    _name(kernel, kallsyms, placement, findings)
    _tell_evidence(kernel, kallsyms, placement)
    _add_kaslr(memory, kernel, placement, kallsyms.tables.endian)
    _add_layer_base(memory, kernel, kallsyms.tables.endian)
    kernel.contents = read_contents(memory, kernel)
    kernel.page_tables = page_tables_of(memory, kernel)
    if kernel.page_tables is not None and kernel.page_tables.checked:
        kernel.evidence.append("the kernel's page tables map linux_banner to where it lies")
    _tell_losses(kernel, kallsyms, placement)
    _judge(kernel, placement, how)
    return kernel


def _symbols(kallsyms: Kallsyms, placement: Placement) -> Symbols | None:
    """The columns, without symbols whose address lies in a hole or is out of order in a damaged table."""
    if placement.added is None:
        return None
    reading, names = placement.reading, kallsyms.names
    addresses, fixed = placement.addresses[names.numbers], reading.fixed[names.numbers]
    kept = reading.sound[names.numbers]
    kept[kept] = in_order(addresses[kept])
    letters, starts = names.letters, names.starts
    if not kept.all():
        addresses, letters, starts, fixed = addresses[kept], letters[kept], starts[kept], fixed[kept]
    shift = placement.shift
    tables = own_tables(kallsyms, reading) if shift is not None else {}
    runtime = {name: at + (shift or 0) for name, at in tables.items()}
    lost = kallsyms.tables.count - len(addresses)
    return Symbols(addresses, letters, fixed, names.text, starts, runtime, lost)


def _name(kernel: Kernel, kallsyms: Kallsyms, placement: Placement, findings: Findings) -> None:
    """Banner, release and architecture."""
    banner = placement.banner
    known = kallsyms.value(placement.reading, "linux_banner") is not None and placement.shift is not None
    if banner is None:
        banner = _near_banner(kallsyms.place, findings.banners)
    note = placement.note or _note_of_release(banner, findings.notes)
    kernel.vmcoreinfo = note
    if banner is not None:
        kernel.banner, kernel.release = banner.text, banner.release
    elif note is not None:
        kernel.release = note.release
    if placement.banner is None and known:
        kernel.banner = None
        kernel.doubts.append("the bytes at linux_banner are no banner")
    elif placement.banner is None and banner is not None:
        kernel.doubts.append(
            f"linux_banner is not confirmed: the banner at {banner.offset:#x} is the nearest one"
        )
    if note is not None and placement.note is None:
        kernel.doubts.append("VMCOREINFO is of the same release, but has no symbol to compare")
    kernel.architecture = architecture_of(
        lambda name: bool(kallsyms.positions(name)), note, _types(kernel.blob), kernel.blob.header.endian
    )


def _tell_evidence(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> None:
    """What agreed, and what should have and did not."""
    own = [name for name in placement.direct if name.startswith("kallsyms_")]
    if "__start_BTF" in placement.direct:
        kernel.evidence.append(f"__start_BTF is the address of the BTF at {kernel.blob.offset:#x}")
    if placement.banner is not None:
        kernel.evidence.append(f"linux_banner is the address of the banner at {placement.banner.offset:#x}")
    if own:
        kernel.evidence.append(f"the kallsyms tables lie at their own addresses ({len(own)} compared)")
    if placement.agreed:
        text = f"VMCOREINFO has the same address for {placement.agreed} of {placement.told} symbols"
        (kernel.evidence if placement.agreed == placement.told else kernel.doubts).append(text)
    if placement.tables > 1:
        kernel.evidence.append(f"{placement.tables} kallsyms tables lie where VMCOREINFO says")
    if placement.pointers:
        seen = placement.pointers_seen
        kernel.evidence.append(
            f"{placement.pointers} of {seen} pointers in the kernel's data agree with the symbols"
        )
    elif placement.pointers_seen > 2:
        kernel.doubts.append(
            "no pointer in the kernel's data agrees with the symbols: this may be a copy that never ran"
        )
    if placement.inferred:
        kernel.doubts.append(
            "the distance of virtual and physical addresses was inferred from where functions start"
        )
    if placement.shift is None:
        kernel.doubts.append("nothing tells how far virtual and physical addresses are apart")


def _add_kaslr(memory: Memory, kernel: Kernel, placement: Placement, endian: str) -> None:
    symbols = kernel.symbols
    if symbols is None:
        return
    kaslr = kaslr_of(
        memory,
        kernel.architecture,
        symbols.get,
        kernel.find,
        _lowest(symbols, placement),
        kernel.vmcoreinfo,
        kernel.release,
        endian,
    )
    if kaslr is None:
        kernel.doubts.append("the KASLR shift is not known: addresses are run-time addresses")
        return
    kernel.kaslr_shift, kernel.kaslr_found = kaslr.shift, kaslr.found
    (kernel.evidence if kaslr.found else kernel.doubts).append(kaslr.reason)


def _lowest(symbols: Symbols, placement: Placement) -> int | None:
    """The lowest address in the kernel image: what offsets count from, or else the first symbol's."""
    if placement.reading.start:
        return placement.reading.start
    moving = symbols.addresses[~symbols.fixed]
    return int(moving.min()) if len(moving) else None


def _add_layer_base(memory: Memory, kernel: Kernel, endian: str) -> None:
    """Compare with what the kernel itself says of physical addresses."""
    if kernel.physical_shift is None:
        return
    told = None if kernel.vmcoreinfo is None else physical_shift_of(kernel.vmcoreinfo)
    source = "VMCOREINFO"
    if told is None:
        source, told = "the kernel's own variable", _told_by_variable(memory, kernel, endian)
    if told is None:
        return
    kernel.layer_base = kernel.physical_shift - told
    if kernel.layer_base:
        text = f"address 0 of the image is physical address {kernel.layer_base:#x}, by {source}"
    else:
        text = f"physical addresses agree with {source}"
    kernel.evidence.append(text)


def _told_by_variable(memory: Memory, kernel: Kernel, endian: str) -> int | None:
    """Virtual minus physical, from `phys_base` (x86-64), `kimage_voffset` (arm64) or `vm_layout` (s390x)."""
    name = {"x86-64": "phys_base", "arm64": "kimage_voffset", "s390x": "vm_layout"}.get(
        kernel.architecture or ""
    )
    at = None if name is None else kernel.find(name)
    value = None if at is None else read_number(memory, at, 8, endian)
    if at is None or value is None:
        return None
    if name == "phys_base":
        return 0xFFFFFFFF80000000 - (value - (value >> 63 << 64))
    if name == "vm_layout":
        physical = read_number(memory, at + 8, 8, endian)
        return None if physical is None else value - physical
    return value


def _tell_losses(kernel: Kernel, kallsyms: Kallsyms, placement: Placement) -> None:
    kernel.doubts += kallsyms.tables.problems
    if placement.reading.rule != "self-relative" and placement.reading.floating:
        kernel.doubts.append("kallsyms_relative_base is damaged; it was derived from other addresses")
    symbols = kernel.symbols
    if symbols is None:
        kernel.doubts.append("no symbol's address is known")
        return
    if symbols.lost:
        kernel.doubts.append(
            f"{symbols.lost} of {kallsyms.tables.count} symbols are lost: kallsyms is damaged there"
        )
    if _functions_only(symbols):
        kernel.doubts.append(
            "only the addresses of functions are available: the kernel was built without "
            "CONFIG_KALLSYMS_ALL, so init_task, linux_banner and all other variables have no address here"
        )


def _functions_only(symbols: Symbols) -> bool:
    """Whether no variable is listed (CONFIG_KALLSYMS_ALL is off)."""
    kinds = np.bincount(symbols.letters | 0x20, minlength=256)
    variables = sum(int(kinds[ord(letter)]) for letter in "dbr")
    return variables * 100 < len(symbols)


def _judge(kernel: Kernel, placement: Placement, how: str) -> None:
    """Decide the state from how much agrees."""
    symbols = kernel.symbols
    if symbols is None:
        kernel.state = "types only"
        return
    if how == "image":
        kernel.evidence.append("the BTF lies inside the kernel image, though no symbol names its place")
    elif how == "near":
        kernel.doubts.append("the BTF is the nearest one: no address says that it is this kernel's")
    others = [name for name in placement.direct if name != "__start_BTF"]
    checked = kernel.page_tables is not None and kernel.page_tables.checked
    alive = placement.pointers > 1 or placement.agreed > 1 or checked
    if symbols.lost or _functions_only(symbols) or kernel.blob.state != "complete":
        kernel.state = "partial"
    elif how == "address" and alive and (others or placement.agreed > 1 or placement.pointers > 1):
        kernel.state = "exact"
    else:
        kernel.state = "unchecked"
        kernel.doubts.append("too few witnesses: types and addresses could not be checked against each other")


def _types_only(memory: Memory, blob: Blob, findings: Findings, others: bool) -> Kernel:
    """A kernel's BTF that no kallsyms belongs to."""
    kernel = Kernel(blob)
    banner = None if others else _near_banner(blob.offset, findings.banners)
    note = _note_of_release(banner, findings.notes)
    if banner is not None:
        kernel.banner, kernel.release = banner.text, banner.release
        kernel.doubts.append(
            f"the banner at {banner.offset:#x} is the nearest one: nothing ties it to the BTF"
        )
    kernel.vmcoreinfo = note
    kernel.architecture = architecture_of(None, note, _types(blob), blob.header.endian)
    kernel.doubts.append("no kallsyms table belongs to this BTF: there are types, and no addresses")
    kernel.doubts += findings.complaints
    return kernel


def _near_banner(offset: int, banners: Iterable[Banner]) -> Banner | None:
    """The whole banner nearest to a place in the kernel image."""
    near = [
        banner for banner in banners if banner.kind == "banner" and abs(banner.offset - offset) < _IMAGE_SPAN
    ]
    return min(near, key=lambda banner: abs(banner.offset - offset), default=None)


def _note_of_release(banner: Banner | None, notes: Iterable[Vmcoreinfo]) -> Vmcoreinfo | None:
    return next((note for note in notes if banner is not None and note.release == banner.release), None)


def _types(blob: Blob) -> object | None:
    """The blob's types, or None where they do not decode."""
    try:
        return blob.types
    except ValueError:
        return None
