# SPDX-License-Identifier: Apache-2.0
"""Kernels' BTF tied to the symbols, banner and VMCOREINFO that belong to it, and held against memory."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace

from ...blobs.blob import Blob
from ...memory.addresses import Physical, Virtual
from ...memory.memory import Memory
from ..address_space import AddressSpace
from ..arch.detect import architecture_of
from ..evidence.banner import Banner
from ..evidence.name_order import misplaced
from ..evidence.own_vmcoreinfo import OwnNote, own_note
from ..evidence.vmcoreinfo import Vmcoreinfo
from ..evidence.witnesses import ask
from ..kallsyms.kallsyms import Kallsyms, in_order
from ..kernel import Kernel, Said
from ..memory_map import lacking, memory_map_of
from ..symbols import Symbols
from .exported import Told, tell_variables, with_told
from .findings import Findings
from .kaslr import kaslr_of
from .owner import IMAGE_SPAN, Owned, may_run
from .physical import Mapped, map_kernel
from .placement import Placement, own_tables
from .rank import ranked
from .variables import read_contents
from .verdict import evidence_of, judged, losses_of

log = logging.getLogger(__name__)

_MOST_JUDGED, _MOST_MAPPED = 4, 8
"""Kernels with symbols up to which each is held against memory; of more only those that page tables map are,
and so many, if any are: nobody but the kernel knows where its memory lies."""


def tie(
    memory: Memory,
    blobs: Sequence[Blob],
    findings: Findings,
    found: Sequence[Owned],
    left: Set[int] = frozenset(),
    only_running: bool = False,
) -> list[Kernel]:
    """Tie kernel BTF to the kallsyms, banner and VMCOREINFO that belong to it, and rank the results.

    Args:
        memory: the image.
        blobs: the kernels' BTF, in order of address.
        findings: all else that was found.
        found: which BTF belongs to which kallsyms.
        left: the addresses of BTF that was left undecoded: its kernels are none of the results.
        only_running: whether only the kernel that runs matters.
    """
    tied: list[_Tied] = []
    owned = {id(blob) for *_, blob, how in found if how != "near"}
    untyped: dict[int, str] = {}
    for kallsyms, placement, blob, how in found:
        if blob is not None and blob.offset in left:
            continue
        if blob is not None and (how != "near" or id(blob) not in owned):
            tied.append(_tied(memory, kallsyms, placement, blob, how, findings))
        elif placement.banner is not None and may_run(memory, kallsyms, placement):
            untyped[placement.banner.offset] = placement.banner.release
    tied = _one_for_each_btf(tied)
    closely = {id(one) for one in _worth_a_closer_look(tied, only_running)}
    kernels = [_judged(memory, one) if id(one) in closely else _passed(one) for one in tied]
    known = {id(kernel.blob) for kernel in kernels}
    kernels += [
        _types_only(blob, findings, bool(kernels))
        for blob in blobs
        if id(blob) not in known and blob.offset not in left
    ]
    return ranked(memory, [_with_untyped(kernel, untyped) for kernel in kernels])


def _with_untyped(kernel: Kernel, untyped: Mapping[int, str]) -> Kernel:
    """The kernel with the releases of others that may run, by the place of their banner."""
    banner = kernel.find("linux_banner")
    return replace(kernel, untyped=[release for at, release in untyped.items() if at != banner])


@dataclass(frozen=True)
class _Tied:
    """A kernel of which both types and symbols were found.

    Attributes:
        kallsyms: its symbols, and
        placement: where they lie.
        how: how its BTF is known to be its own.
        mapped: the kernel and its address space.
        said: what was said of them.
    """

    kallsyms: Kallsyms
    placement: Placement
    how: str
    mapped: Mapped
    said: Said


def _tied(
    memory: Memory, kallsyms: Kallsyms, placement: Placement, blob: Blob, how: str, findings: Findings
) -> _Tied:
    kernel, said = _named(kallsyms, placement, blob, findings)
    mapped, own = _map(memory, kernel, findings.notes)
    said += _take_note(mapped.kernel, kallsyms, placement, own)
    if mapped.space is not None:
        ranges = memory_map_of(memory, mapped.kernel, mapped.space).ranges
        start = Physical(ranges[0].start) if ranges else None
        mapped = replace(mapped, kernel=replace(mapped.kernel, memory_start=start))
    return _Tied(kallsyms, placement, how, mapped, said)


def _one_for_each_btf(tied: Sequence[_Tied]) -> list[_Tied]:
    """Without symbols that lead to the same BTF as others: of copies its own are the nearest to it.

    Symbols that are only near to BTF, and lead nowhere, stay.
    """

    def distance(one: _Tied) -> tuple[bool, int]:
        return not one.kallsyms.is_sound, abs(one.kallsyms.token_table - one.mapped.kernel.blob.offset)

    nearest: dict[int, _Tied] = {}
    for one in sorted((one for one in tied if one.how != "near"), key=distance):
        first = nearest.setdefault(one.mapped.kernel.blob.offset, one)
        if first is not one:
            own, copy = first.kallsyms.token_table, one.kallsyms.token_table
            log.info("the token table at %#x is a copy of the one at %#x", copy, own)
    kept = {id(one) for one in nearest.values()}
    return [one for one in tied if one.how == "near" or id(one) in kept]


def _worth_a_closer_look(tied: Sequence[_Tied], only_running: bool) -> Sequence[_Tied]:
    """Those that are held against memory: all; where there are many, those that page tables map, if any are.

    Args:
        tied: the kernels.
        only_running: whether only the kernel that runs matters: those in the image's own physical memory are
            enough then.
    """
    mapped = [one for one in tied if one.mapped.space is not None]
    at_home = [one for one in mapped if one.mapped.kernel.is_at_home]
    if only_running and mapped:
        return (at_home or mapped)[:_MOST_MAPPED]
    mapped = [*at_home, *(one for one in mapped if one not in at_home)]
    return mapped[:_MOST_MAPPED] if mapped and len(tied) > _MOST_JUDGED else tied


def _passed(tied: _Tied) -> Kernel:
    """A kernel that is not held against memory: there are several, and page tables map others."""
    text = "not looked at closely: there are several kernels, and page tables map others"
    said = tied.said + tied.mapped.said + Said(doubts=(text,))
    doubts = [*said.against, *said.doubts]
    return replace(tied.mapped.kernel, state="unchecked", evidence=[*said.agreed], doubts=doubts)


def _judged(memory: Memory, tied: _Tied) -> Kernel:
    """The kernel, held against all that memory tells."""
    placement, kallsyms, said = tied.placement, tied.kallsyms, tied.said
    mapped, told = _tell(memory, tied.mapped)
    kernel = mapped.kernel
    said += evidence_of(kernel, kallsyms, placement)
    kernel, of_kaslr = _with_kaslr(memory, kernel, placement, mapped.space)
    said += of_kaslr + mapped.said + misplaced(memory, kernel)
    said += losses_of(kernel, kallsyms, placement, told.sources)
    memory_map = memory_map_of(memory, kernel, mapped.space)
    kernel = replace(
        kernel,
        contents=read_contents(memory, kernel),
        lacking=lacking(memory, memory_map, kernel.layer_base or 0),
        memory_start=Physical(memory_map.ranges[0].start) if memory_map.ranges else None,
    )
    return judged(kernel, placement, tied.how, ask(memory, kernel, mapped.space), said)


def _map(memory: Memory, kernel: Kernel, notes: Sequence[Vmcoreinfo]) -> tuple[Mapped, OwnNote]:
    """Walk the page tables, and follow the kernel's pointers to its own VMCOREINFO, which alone counts."""
    mapped = map_kernel(memory, kernel)
    own, hint = own_note(memory, mapped.kernel, mapped.space), kernel.vmcoreinfo
    note = hint
    if own.note is not None and (hint is None or own.note.entries != hint.entries):
        note = next((note for note in notes if note.entries == own.note.entries), own.note)
    elif own.whose == "other" and hint is not None:
        note = None
    return (mapped if note is hint else map_kernel(memory, replace(kernel, vmcoreinfo=note))), own


def _tell(memory: Memory, mapped: Mapped) -> tuple[Mapped, Told]:
    """Find the variables that a kernel does not list; its symbols have them then.

    They may tell where its page tables are, through which there is more to find.
    """
    kernel, listed = mapped.kernel, mapped.kernel.symbols
    told = tell_variables(memory, kernel, mapped.space)
    if listed is None or not told.addresses:
        return mapped, told
    kernel = replace(kernel, symbols=with_told(listed, told))
    if mapped.space is None:
        mapped = map_kernel(memory, kernel)
        told = tell_variables(memory, replace(mapped.kernel, symbols=listed), mapped.space)
        kernel = replace(mapped.kernel, symbols=with_told(listed, told))
    return replace(mapped, kernel=kernel), told


def _take_note(kernel: Kernel, kallsyms: Kallsyms, placement: Placement, own: OwnNote) -> Said:
    """Compare the kernel's own note with kallsyms; a note elsewhere is a hint, and told as such."""
    hint, note = placement.note, kernel.vmcoreinfo
    placement.is_own = own.whose == "own"
    if placement.is_own and note is not None:
        if note is not hint:
            placement.compare(kallsyms, note)
        return Said((f"VMCOREINFO is where the kernel's {own.name} points",))
    if own.whose == "other" and hint is not None:
        placement.forget_note()
        text = f"VMCOREINFO at {hint.offsets[0]:#x} is not the kernel's own, whose pointer leads elsewhere"
        return Said(doubts=(text,))
    if note is not None and hint is None:
        return Said(doubts=("VMCOREINFO is of the same release, but has no symbol to compare",))
    return Said()


def symbols_of(kallsyms: Kallsyms, placement: Placement) -> Symbols | None:
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
    runtime = {name: Virtual(at + (shift or 0)) for name, at in tables.items()}
    lost = kallsyms.tables.count - len(addresses)
    return Symbols(addresses, letters, fixed, names.text, starts, runtime, lost, kallsyms.tables.word)


def _named(kallsyms: Kallsyms, placement: Placement, blob: Blob, findings: Findings) -> tuple[Kernel, Said]:
    """The kernel with its symbols, banner, release and architecture."""
    banner = placement.banner or near_banner(kallsyms.token_table, findings.banners)
    note = placement.note or _note_of_release(banner, findings.notes)
    release = banner.release if banner is not None else None if note is None else note.release
    text, said = None if banner is None else banner.text, Said()
    known = kallsyms.value(placement.reading, "linux_banner") is not None and placement.shift is not None
    if placement.banner is None and known:
        text = None
        said = Said(doubts=("there is no kernel banner where the symbol linux_banner points",))
    elif placement.banner is None and banner is not None:
        doubt = f"linux_banner is not confirmed: the banner at {banner.offset:#x} is the nearest one"
        said = Said(doubts=(doubt,))
    architecture = architecture_of(
        lambda name: bool(kallsyms.positions(name)), note, _types(blob), blob.header.endian
    )
    kernel = Kernel(
        blob,
        banner=text,
        release=release,
        architecture=architecture,
        symbols=symbols_of(kallsyms, placement),
        vmcoreinfo=note,
        physical_shift=placement.shift,
    )
    return kernel, said


def _with_kaslr(
    memory: Memory, kernel: Kernel, placement: Placement, space: AddressSpace | None
) -> tuple[Kernel, Said]:
    """The kernel with its KASLR shift, and what speaks for that."""
    symbols = kernel.symbols
    if symbols is None:
        return kernel, Said()
    kaslr = kaslr_of(
        memory, kernel, _lowest(symbols, placement), placement.note, None if space is None else space.page
    )
    if kaslr is None:
        return kernel, Said(doubts=("the KASLR shift is not known: addresses are run-time addresses",))
    kernel, reason = replace(kernel, kaslr_shift=kaslr.shift, kaslr_found=kaslr.found), (kaslr.reason,)
    if kaslr.disputed:
        return kernel, Said(against=reason)
    return kernel, Said(reason) if kaslr.found else Said(doubts=reason)


def _lowest(symbols: Symbols, placement: Placement) -> int | None:
    """The lowest address in the kernel image: what offsets count from, or else the first symbol's."""
    if placement.reading.start:
        return placement.reading.start
    moving = symbols.addresses[~symbols.fixed]
    return int(moving.min()) if len(moving) else None


def _types_only(blob: Blob, findings: Findings, others: bool) -> Kernel:
    """A kernel's BTF that no kallsyms belongs to."""
    banner = None if others else near_banner(blob.offset, findings.banners)
    note = _note_of_release(banner, findings.notes)
    doubts = [
        "no kallsyms table belongs to this BTF: there are types, and no addresses",
        *findings.complaints,
    ]
    if banner is not None:
        doubts.insert(0, f"the banner at {banner.offset:#x} is the nearest one: nothing ties it to the BTF")
    return Kernel(
        blob,
        banner=None if banner is None else banner.text,
        release=None if banner is None else banner.release,
        architecture=architecture_of(None, note, _types(blob), blob.header.endian),
        vmcoreinfo=note,
        doubts=doubts,
    )


def near_banner(offset: int, banners: Iterable[Banner]) -> Banner | None:
    """The whole banner nearest to a place in the kernel image."""
    near = [
        banner for banner in banners if banner.kind == "banner" and abs(banner.offset - offset) < IMAGE_SPAN
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
