# SPDX-License-Identifier: Apache-2.0
"""Which token tables belong to kernels that their own page tables map to where they lie.

A copy of a kernel has the kernel's addresses, and its page tables lead to the kernel, not to the copy. To
tell them apart takes the address of something whose place is known, and that of the top page table. Either
VMCOREINFO has both, or kallsyms, of which a few symbols are looked up: of an image full of copies few are
decoded.

This is only about what is read first. A process that knows its physical addresses can build page tables that
map what it has written; what is found here is judged like everything else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...bits import ALL_BITS
from ...memory.addresses import Place, Virtual
from ...memory.gaps import is_blank, read_filled
from ...memory.memory import Memory
from ..arch import arm64, ppc64, riscv64, s390x, x86_64
from ..evidence import pointers
from ..evidence.banner import Banner
from ..evidence.vmcoreinfo import Vmcoreinfo
from ..kallsyms.addresses import Addresses
from ..kallsyms.lookup import Lookup, lookup_at
from ..kallsyms.tokens import Tokens
from ..paging.format import Format
from ..paging.walk import Walker, reader

_ROOTS: Final = ("init_top_pgt", "swapper_pg_dir")
"""What the top page table is called, on x86-64 and elsewhere."""

_BANNER: Final = "linux_banner"
_PAGE: Final = 4096
_IMAGE_SPAN: Final = 256 << 20
_MOST_BANNERS: Final = 64
"""Banners that may be a kernel's own, the nearest ones before its token table first: both lie in its
read-only data, where no process can put anything between them."""

_LEAST_ORDER: Final = 0.9
_ALIGNED: Final = 128 << 20
"""Bytes of which the physical address is a multiple at which memory starts, where it is not 0: 1 or 2 GiB as
a rule. A copy that is taken for a guest, whose physical addresses are its own, has any multiple of a page."""

_KERNEL_MAP: Final = 0xFFFFFFFF80000000
"""Where x86-64 maps the kernel image (__START_KERNEL_map)."""


_MOST_NOTES: Final = 64
"""Notes that may be a kernel's own; an honest image has one."""


@dataclass(frozen=True)
class _Processor:
    """What tells where physical memory starts in the image.

    Attributes:
        line: a line of VMCOREINFO that this processor's kernels write.
        variable: a variable that they have.
        words: 64-bit words of it, one of which is a virtual minus its physical address in the kernel image.
        formats: of page tables.
    """

    line: str
    variable: str
    words: int
    formats: Sequence[Format]


_X86_64: Final = _Processor("phys_base", "phys_base", 1, x86_64.FORMATS)
_PROCESSORS: Final = (
    _Processor("kimage_voffset", "kimage_voffset", 1, arm64.FORMATS),
    _X86_64,
    _Processor("va_kernel_pa_offset", "kernel_map", 12, riscv64.FORMATS),
)
_OTHERS: Final = _Processor("", "", 0, (*ppc64.FORMATS, *s390x.FORMATS))
"""Those on which address 0 of the image is physical address 0."""

_POINTERS: Final = tuple(dict.fromkeys(name for pair in pointers.PAIRS[:9] for name in pair))
"""Symbols by which addresses are found that a kernel stores as distances (7.0 and later)."""


def mapped_tables(
    memory: Memory,
    tables: Iterable[Tokens],
    likely: Sequence[Tokens],
    banners: Sequence[Banner],
    notes: Sequence[Vmcoreinfo],
) -> list[Tokens]:
    """Of some token tables those whose kernel's own page tables map it to where it lies, the likely first.

    Those of which nothing can be told, since something is damaged or missing, are not among them.

    Args:
        memory: the image.
        tables: the token tables, which are held against VMCOREINFO.
        likely: those of which symbols are looked up too.
        banners: every `Linux version` text.
        notes: every VMCOREINFO.
    """
    told = defaultdict[int, list[_Told]](list)
    for note in notes:
        table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
        root = note.symbol("swapper_pg_dir")
        if table is not None and index is not None and root is not None:
            told[index - table].append(_Told(note, table, root))
    found = {
        tokens.table: tokens
        for tokens in (*likely, *tables)
        if _by_notes(memory, tokens, told[tokens.index - tokens.table][:_MOST_NOTES])
    }
    left = (tokens for tokens in likely if tokens.table not in found)
    found |= {tokens.table: tokens for tokens in left if _by_symbols(memory, tokens, banners)}
    return [*found.values()]


@dataclass(frozen=True)
class _Told:
    """What a VMCOREINFO tells since 6.0: the addresses of the token table and the top page table."""

    note: Vmcoreinfo
    table: Virtual
    root: Virtual


def _by_notes(memory: Memory, tokens: Tokens, notes: Iterable[_Told]) -> bool:
    """Whether page tables of a note's kernel map the token table."""
    for told in notes:
        own = next((one for one in _PROCESSORS if told.note.number(one.line) is not None), _OTHERS)
        shift, physical = told.table - tokens.table, told.note.physical_shift
        bases = [0 if physical is None else shift - physical]
        if _maps(memory, own, bases, Place(told.root - shift), told.table, Place(tokens.table)):
            return True
    return False


def _by_symbols(memory: Memory, tokens: Tokens, banners: Sequence[Banner]) -> bool:
    """Whether page tables map the token table, by the symbols of kallsyms, if variables are among them."""
    lookup = lookup_at(memory, tokens)
    root = next((name for name in _ROOTS if lookup is not None and lookup.number(name) is not None), None)
    if lookup is None or root is None:
        return False
    own = next((one for one in _PROCESSORS if lookup.number(one.variable) is not None), _OTHERS)
    for reading, values in lookup.addresses((_BANNER, root, own.variable, *_POINTERS)):
        if reading.order < _LEAST_ORDER or not {_BANNER, root} <= values.keys():
            continue
        for shift, apart in _shifts(lookup, reading, values, banners):
            variable, top = values.get(own.variable), Place(values[root] - apart)
            bases = _bases(lookup, own, None if variable is None else variable - apart, shift)
            table = Virtual(tokens.table + shift & ALL_BITS)
            if _maps(memory, own, bases, top, table, Place(tokens.table)):
                return True
    return False


def _shifts(
    lookup: Lookup, reading: Addresses, values: Mapping[str, int], banners: Sequence[Banner]
) -> Iterator[tuple[int, int]]:
    """Virtual addresses minus places that may be right, and a reading's values minus places."""
    if not reading.floating:
        for banner in _near(lookup, values, banners):
            apart = values[_BANNER] - banner.offset
            yield apart, apart
    elif reading.rule == "self-relative":
        votes = pointers.shifts(lookup.memory, values.get, lookup.tables.endian).most_common(1)
        yield from ((shift, 0) for shift, agreed in votes if agreed > 1)


def _near(lookup: Lookup, values: Mapping[str, int], banners: Sequence[Banner]) -> list[Banner]:
    """The banners that may be a kernel's own, the likeliest first."""
    table, page = lookup.tables.tokens.table, values[_BANNER] % _PAGE
    fitting = [
        banner
        for banner in banners
        if banner.kind == "banner"
        and banner.offset % _PAGE == page
        and abs(banner.offset - table) < _IMAGE_SPAN
    ]
    fitting.sort(key=lambda banner: (banner.offset > table, abs(banner.offset - table)))
    return fitting[:_MOST_BANNERS]


def _bases(lookup: Lookup, own: _Processor, place: int | None, shift: int) -> list[int]:
    """The physical addresses that the image's address 0 may be, as a variable tells them."""
    if place is None or not 0 <= place < lookup.memory.end:
        return [0]
    data, _ = read_filled(lookup.memory, place, 8 * own.words)
    words = np.frombuffer(data, "<u8" if lookup.tables.endian == "little" else ">u8").tolist()
    if own is _X86_64:
        words = [_KERNEL_MAP - word & ALL_BITS for word in words]
    return [0, *(shift - word for word in words)]


def _maps(
    memory: Memory, own: _Processor, bases: Iterable[int], top: Place, address: Virtual, place: Place
) -> bool:
    """Whether page tables of some format lead from an address to its place, and memory starts as it does."""
    starts = {base for base in bases if 0 <= base < 1 << 52 and base % _ALIGNED == 0}
    if top % _PAGE or not 0 <= top < memory.end or is_blank(memory, top):
        return False
    walkers = (Walker(reader(memory), form, top, base=base) for base in starts for form in own.formats)
    return any(walker.translate(address) == place for walker in walkers)
