# SPDX-License-Identifier: Apache-2.0
"""Which token tables belong to kernels that their own page tables map to where they lie, and which to copies.

A copy of a kernel has the kernel's addresses, and its page tables lead to the kernel, not to the copy. To
tell them apart takes the address of something whose place is known, and that of the top page table. Either
VMCOREINFO has both, or kallsyms, of which a few symbols are looked up: of an image full of copies few are
decoded.

A process can build page tables that map what it has written, if it knows its physical addresses, or if it is
not known at which physical address the image starts. So what is found here is judged like everything else,
and all of it is read.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ...bits import ALL_BITS
from ...limits import Allowance
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


_MOST_READ: Final = 20_000
"""Looks at a page, of which the walk through page tables of one format takes one or two, before no more is
held against page tables; an honest image takes some twenty."""


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

_STARTS: Final = ("_stext", "_text")
_POINTERS: Final = tuple(dict.fromkeys(name for pair in pointers.PAIRS[:9] for name in pair))
"""Symbols by which addresses are found that a kernel stores as distances (7.0 and later)."""


@dataclass(frozen=True)
class Told:
    """What is known of token tables before any of the names is decoded.

    Attributes:
        mapped: those whose kernel's own page tables map it to where it lies.
        copies: the addresses of those that have the symbols of one of these at the same virtual addresses.
        is_complete: whether every table was held against everything that may tell. Those that are neither are
            untold.
    """

    mapped: list[Tokens]
    copies: set[int]
    is_complete: bool


def tell_tables(
    memory: Memory,
    tables: Iterable[Tokens],
    likely: Sequence[Tokens],
    banners: Sequence[Banner],
    notes: Sequence[Vmcoreinfo],
) -> Told:
    """Hold token tables against page tables.

    Args:
        memory: the image.
        tables: the token tables, which are held against VMCOREINFO.
        likely: those of which symbols are looked up too.
        banners: every `Linux version` text.
        notes: every VMCOREINFO.
    """
    test = _Test(memory)
    noted = _noted(notes)
    mapped = {
        tokens.table: tokens
        for tokens in (*likely, *tables)
        if any(test.maps_noted(tokens, note) for note in noted[tokens.index - tokens.table])
    }
    symbols = {tokens.table: found for tokens in likely if (found := _symbols_of(memory, tokens)) is not None}
    for table in [table for table in symbols if table not in mapped]:
        if test.maps_by_symbols(symbols[table], banners):
            mapped[table] = symbols[table].lookup.tables.tokens
    keys = {table: found.key for table, found in symbols.items()}
    own = {keys.get(table) for table in mapped} - {None}
    copies = {table for table, key in keys.items() if key in own and table not in mapped}
    return Told([*mapped.values()], copies, test.is_complete)


@dataclass(frozen=True)
class _Note:
    """What a VMCOREINFO tells since 6.0.

    Attributes:
        table: the address of the token table.
        root: the address of the top page table.
        own: the processor.
        physical: virtual minus physical address of the kernel image, if it is told.
    """

    table: Virtual
    root: Virtual
    own: _Processor
    physical: int | None


def _noted(notes: Iterable[Vmcoreinfo]) -> Mapping[int, list[_Note]]:
    """What notes tell, each once, by the distance from the token table to its index."""
    found = defaultdict[int, dict[_Note, None]](dict)
    for note in notes:
        table, index = note.symbol("kallsyms_token_table"), note.symbol("kallsyms_token_index")
        root = note.symbol("swapper_pg_dir")
        if table is not None and index is not None and root is not None:
            own = next((one for one in _PROCESSORS if note.number(one.line) is not None), _OTHERS)
            found[index - table][_Note(table, root, own, note.physical_shift)] = None
    return defaultdict(list, {distance: [*told] for distance, told in found.items()})


@dataclass(frozen=True)
class _Symbols:
    """A few symbols of one kallsyms.

    Attributes:
        lookup: where they are looked up.
        root: what the top page table is called; None if variables are not listed.
        own: the processor.
        readings: the ways to read the addresses, and what each gives.
    """

    lookup: Lookup
    root: str | None
    own: _Processor
    readings: Sequence[tuple[Addresses, Mapping[str, int]]]

    @property
    def key(self) -> tuple[object, ...] | None:
        """What kallsyms of the same boot of the same kernel have in common; None if nothing tells."""
        reading, values = self.readings[0] if self.readings else (None, {})
        if reading is None or reading.floating or not values:
            return None
        return self.lookup.tables.count, reading.start, *sorted(values.items())


def _symbols_of(memory: Memory, tokens: Tokens) -> _Symbols | None:
    lookup = lookup_at(memory, tokens)
    if lookup is None:
        return None
    root = next((name for name in _ROOTS if lookup.number(name) is not None), None)
    own, names = _OTHERS, list(_STARTS)
    if root is not None:
        own = next((one for one in _PROCESSORS if lookup.number(one.variable) is not None), own)
        names += [root, _BANNER, own.variable]
    return _Symbols(lookup, root, own, [*lookup.addresses(names)])


class _Test:
    """Holds token tables against page tables, so many of them.

    Args:
        memory: the image.

    Attributes:
        is_complete: whether all were that were asked for.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory, self._left = memory, Allowance(_MOST_READ)

    @property
    def is_complete(self) -> bool:
        return not self._left.is_used_up

    def maps_noted(self, tokens: Tokens, note: _Note) -> bool:
        """Whether page tables of a note's kernel map a token table."""
        shift = note.table - tokens.table
        bases = [0 if note.physical is None else shift - note.physical]
        return self._maps(note.own, bases, Place(note.root - shift), note.table, Place(tokens.table))

    def maps_by_symbols(self, symbols: _Symbols, banners: Sequence[Banner]) -> bool:
        """Whether page tables map a token table, by the addresses of the banner and of these tables."""
        lookup, own = symbols.lookup, symbols.own
        place = Place(lookup.tables.tokens.table)
        for reading, values in symbols.readings:
            if (
                symbols.root is None
                or reading.order < _LEAST_ORDER
                or not {_BANNER, symbols.root} <= values.keys()
            ):
                continue
            for shift, apart in _shifts(lookup, reading, values, banners):
                variable, top = values.get(own.variable), Place(values[symbols.root] - apart)
                bases = _bases(lookup, own, None if variable is None else variable - apart, shift)
                if self._maps(own, bases, top, Virtual(place + shift & ALL_BITS), place):
                    return True
        return False

    def _maps(
        self, own: _Processor, bases: Iterable[int], top: Place, address: Virtual, place: Place
    ) -> bool:
        """Whether page tables of some format lead from an address to its place."""
        memory = self._memory
        starts = {base for base in bases if 0 <= base < 1 << 52 and base % _ALIGNED == 0}
        if not starts or top % _PAGE or not 0 <= top < memory.end or not self._left.take():
            return False
        if is_blank(memory, top) or not self._left.take(len(starts) * len(own.formats)):
            return False
        walkers = (Walker(reader(memory), form, top, base=base) for base in starts for form in own.formats)
        return any(walker.translate(address) == place for walker in walkers)


def _shifts(
    lookup: Lookup, reading: Addresses, values: Mapping[str, int], banners: Sequence[Banner]
) -> Iterator[tuple[int, int]]:
    """Virtual addresses minus places that may be right, and a reading's values minus places."""
    if not reading.floating:
        for banner in _near(lookup, values, banners):
            apart = values[_BANNER] - banner.offset
            yield apart, apart
    elif reading.rule == "self-relative":
        places = next((found for one, found in lookup.addresses(_POINTERS) if one.rule == reading.rule), {})
        votes = pointers.shifts(lookup.memory, places.get, lookup.tables.endian).most_common(1)
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
