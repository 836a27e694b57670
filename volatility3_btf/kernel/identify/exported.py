# SPDX-License-Identifier: Apache-2.0
"""Variables of a kernel whose kallsyms lists functions only (CONFIG_KALLSYMS_ALL is off).

`__ksymtab` (include/linux/export-internal.h) has the address of each symbol that is exported to modules,
`init_task` among them. No symbol tells where it lies then: it is found by its shape, an entry that leads to
the name `init_task`, and the entries beside it. VMCOREINFO has a few more. The list of loaded modules is told
by its contents: it is the ring whose elements are modules.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice
from typing import Final

import numpy as np

from ...arrays import Int64s
from ...btf import BtfError
from ...memory.addresses import Place, Virtual
from ...memory.gaps import read_filled
from ...memory.memory import Memory
from ..address_space import AddressSpace
from ..evidence.vmcoreinfo import NOT_ADDRESSES
from ..kernel import Kernel
from ..rings import walk_ring
from ..structures import Record, member_at, struct_of
from ..symbols import Symbols

FIRST: Final = "init_task"
"""An exported variable that every kernel has, and no plugin can do without."""

_ROOTS: Final = ("init_top_pgt", "swapper_pg_dir")
"""Names of the kernel's top page table, on x86-64 and on others."""

WIDTHS: Final = (4, 8)
"""Bytes of each of the three words of an entry: address, name, namespace.

Words of 4 count from their own places (CONFIG_HAVE_ARCH_PREL32_RELOCATIONS: x86-64, arm64, riscv64), words of
8 are addresses (s390x, ppc64).
"""

_MOST_EXPORTS: Final = 1 << 16
"""Entries that are looked at on either side; kernels of 2026 have 20,000."""

_TEXT: Final = 4 << 20
"""Bytes of names on either side of the first one that are read; all have some 400,000."""

_BEHIND: Final = 64 << 20
"""Bytes behind the last function in which the kernel's variables lie; Debian's kernels have 20 MiB."""

_LARGEST: Final = 192 << 20
"""Bytes of a kernel image that are looked at."""

_MOST_NAMES: Final = 64
"""Places of the name that are looked at; the image has it once or twice."""

_LONGEST: Final = 512
"""Bytes of a name (KSYM_NAME_LEN)."""

_FEWEST: Final = 32
"""Exported functions that kallsyms must have at the same address."""

_MOST_RINGS: Final = 1 << 17
"""Pairs of pointers in the kernel's data that may be the head of a list; kernels of 2026 have 10,000."""

_MOST_WALKS, _MOST_MODULES = 16, 1 << 12
"""Rings that are followed, and modules in each."""

_MOST_ENTRIES: Final = 16
"""Entries beside which others are looked at; the kernel's own come before what lies behind its image."""

_NAME: Final = re.compile(rb"[A-Za-z_][\w.$]*", re.ASCII)
_LETTERS: Final = np.frombuffer(b"_abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", np.uint8)
"""What a name starts with."""

_LOWEST: Final = {"s390x": 1 << 40}
"""Modules lie above, by architecture; others' in the upper half of all addresses."""

_MODULES_AREA: Final = 1 << 31
"""Bytes of the area in which modules lie; some have less (MODULES_VSIZE)."""

_HEAD: Final = 1 << 20
"""Bytes between `_text` and `_stext`, at most."""

_PAGE: Final = 4096


@dataclass(frozen=True)
class Told:
    """Addresses that kallsyms does not have.

    Attributes:
        addresses: run-time addresses by name.
        sources: where they come from, a phrase each.
    """

    addresses: Mapping[str, Virtual] = field(default_factory=dict)
    sources: tuple[str, ...] = ()


def tell_variables(memory: Memory, kernel: Kernel, space: AddressSpace | None) -> Told:
    """Find addresses of variables of a kernel that lists none; nothing for a kernel that lists `init_task`.

    Args:
        memory: the image.
        kernel: the kernel, its symbols placed, with the VMCOREINFO that is its own.
        space: its address space; without it no list can be followed.
    """
    symbols = kernel.symbols
    if symbols is None or kernel.physical_shift is None or symbols.image is None or FIRST in symbols:
        return Told()
    exported = _exports(memory, kernel, symbols)
    note = {} if kernel.vmcoreinfo is None else kernel.vmcoreinfo.symbols
    noted = {name: at for name, at in note.items() if name not in NOT_ADDRESSES and name not in exported}
    found, sources = exported | noted, list[str]()
    if exported:
        sources.append(f"{len(exported)} by what the kernel exports to modules")
    if noted:
        sources.append(f"{len(noted)} by VMCOREINFO")
    is_known = any(name in found or name in symbols for name in _ROOTS)
    root = None if is_known else _page_tables(memory, kernel, symbols)
    if root is not None:
        found[_ROOTS[kernel.architecture != "x86-64"]] = root
        sources.append("the page tables by init_mm")
    modules = None if space is None else _modules(memory, kernel, space)
    if modules is not None:
        found["modules"] = modules
        sources.append("the list of modules by what it leads to")
    unlisted = {name: Virtual(at) for name, at in found.items() if name not in symbols}
    return Told(unlisted, tuple(sources))


def with_told(symbols: Symbols, told: Told) -> Symbols:
    """The symbols, with the addresses that others told."""
    return replace(symbols, told=dict(sorted(told.addresses.items())))


def _image(kernel: Kernel, symbols: Symbols) -> range:
    """Places of the kernel image, its variables included."""
    image, shift = symbols.image or range(0), kernel.physical_shift or 0
    start = max(0, image.start - shift)
    return range(start, start + min(image.stop - image.start + _BEHIND, _LARGEST))


def _exports(memory: Memory, kernel: Kernel, symbols: Symbols) -> dict[str, int]:
    """Run-time addresses of exported symbols that kallsyms lacks; none where it has others at the same."""
    image = _image(kernel, symbols)
    names = memory.find(b"\0" + FIRST.encode() + b"\0", image.start, image.stop, most=_MOST_NAMES)
    places = [name + 1 for name in islice(names, _MOST_NAMES)]
    for name, width, entry in islice(_entries(memory, kernel, image, places), _MOST_ENTRIES):
        found = _table(memory, kernel, entry, name, width)
        compared = [(at, symbols.all(called)) for called, at in found.items() if called in symbols]
        agreed = sum(at in listed for at, listed in compared)
        if agreed >= _FEWEST and 10 * agreed >= 9 * len(compared):
            return {called: at for called, at in found.items() if called not in symbols}
    return {}


def _entries(
    memory: Memory, kernel: Kernel, image: range, names: list[int]
) -> Iterator[tuple[int, int, int]]:
    """Places of names, and width and place of the entries that lead to them."""
    if not names:
        return
    for window in memory.windows(image.start, image.stop, overlap=7):
        for width in WIDTHS:
            skipped = -window.offset % width
            length = max(0, len(window.data) - skipped) // width * width
            led = _led(kernel, window.data[skipped : skipped + length], window.offset + skipped, width)
            hits = [(name, int(at)) for name in names for at in np.flatnonzero(led == name)]
            yield from ((name, width, window.offset + skipped + width * (at - 1)) for name, at in hits)


def _led(kernel: Kernel, data: bytes | memoryview, place: int, width: int) -> Int64s:
    """Places to which the words lead that lie at a place."""
    order = ">" if kernel.blob.endian == "big" else "<"
    words = np.frombuffer(data, f"{order}i{width}").astype(np.int64)
    if width == 4:
        return words + np.arange(place, place + 4 * len(words), 4)
    return words - np.array(kernel.physical_shift or 0, np.uint64).astype(np.int64)


def _table(memory: Memory, kernel: Kernel, entry: int, name: int, width: int) -> dict[str, int]:
    """Run-time addresses by name of an entry and all beside it that lead to names."""
    size = 3 * width
    first = max(entry % size, entry - _MOST_EXPORTS * size)
    data, _ = read_filled(memory, first, entry + _MOST_EXPORTS * size - first)
    low = max(0, name - _TEXT)
    text, _ = read_filled(memory, low, name + _TEXT - low)
    led = _led(kernel, data, first, width).reshape(-1, 3)
    starts = led[:, 1] - low
    letters = np.frombuffer(text, np.uint8)
    inside = (starts >= 0) & (starts < len(letters))
    at = np.where(inside, starts, 0)
    # Not always a NUL lies before: the linker puts a name that another one ends in inside of it.
    is_name = inside & np.isin(letters[at], _LETTERS)
    middle = (entry - first) // size
    before = np.flatnonzero(~is_name[:middle])
    behind = np.flatnonzero(~is_name[middle:])
    begin = int(before[-1]) + 1 if len(before) else 0
    end = middle + int(behind[0]) if len(behind) else len(is_name)
    found: dict[str, int] = {}
    for place, start in zip(led[begin:end, 0].tolist(), starts[begin:end].tolist(), strict=True):
        virtual = place + (kernel.physical_shift or 0)
        called = text[start : start + _LONGEST].split(b"\0", 1)[0]
        if kernel.physical(virtual) is not None and _NAME.fullmatch(called):
            found.setdefault(called.decode("ascii"), virtual)
    return found


def _page_tables(memory: Memory, kernel: Kernel, symbols: Symbols) -> int | None:
    """The run-time address of `swapper_pg_dir`, by `init_mm`, which says where the kernel's code lies.

    setup_initial_init_mm (mm/init-mm.c) writes it down at boot, from `_text` or `_stext` to `_etext`; of
    these kallsyms lists the last two.
    """
    struct = struct_of(kernel.blob.types, "mm_struct")
    code = None if struct is None else member_at(struct, "end_code")
    start, end = symbols.get("_stext"), symbols.get("_etext")
    if code is None or start is None or end is None:
        return None
    image = _image(kernel, symbols)
    needle = end.to_bytes(8, "big" if kernel.blob.endian == "big" else "little")
    for at in memory.find(needle, image.start, image.stop, most=_MOST_NAMES):
        init_mm = Record.read(memory, kernel.blob.types, "mm_struct", Place(max(0, at - code[0])))
        told = None if init_mm is None else init_mm.number("start_code")
        pgd = None if init_mm is None else init_mm.number("pgd")
        if pgd is None or told is None or not 0 <= start - told < _HEAD:
            continue
        if not pgd % _PAGE and kernel.physical(Virtual(pgd)) is not None:
            return Virtual(pgd)
    return None


def _modules(memory: Memory, kernel: Kernel, space: AddressSpace) -> int | None:
    """The run-time address of `modules`, a ring of structures of which each names itself in `mkobj.mod`."""
    try:
        struct = struct_of(kernel.blob.types, "module")
        link = None if struct is None else member_at(struct, "list")
        own = None if struct is None else member_at(struct, "mkobj.mod")
    except BtfError:
        return None
    if link is None or own is None or kernel.symbols is None:
        return None
    endian = kernel.blob.endian
    walks = 0
    for head, first in islice(_heads(memory, kernel), _MOST_RINGS):
        if space.pointer(Virtual(first + 8), endian) != head:
            continue
        module = first - link[0]
        if space.pointer(Virtual(module + own[0]), endian) != module:
            continue
        walks += 1
        if walk_ring(space, head, endian, _MOST_MODULES).is_closed:
            return head
        if walks == _MOST_WALKS:
            break
    return None


def _heads(memory: Memory, kernel: Kernel) -> Iterator[tuple[Virtual, int]]:
    """Run-time address and first pointer of what may be heads of lists in the kernel image."""
    symbols, shift = kernel.symbols, kernel.physical_shift or 0
    image = _image(kernel, symbols or Symbols.empty())
    order = "<u8" if kernel.blob.endian == "little" else ">u8"
    lowest = _LOWEST.get(kernel.architecture or "", 1 << 63)
    for window in memory.windows(image.start, image.stop, overlap=15):
        skipped = -window.offset % 8
        count = (len(window.data) - skipped) // 8
        if count < 2:
            continue
        words = np.frombuffer(window.data, order, count, skipped)
        is_pointer = (words >= lowest) & (words & np.uint64(7) == 0)
        is_pointer &= (words < image.start + shift) | (words >= image.stop + shift)
        first, last = words[:-1], words[1:]
        is_near = np.maximum(first, last) - np.minimum(first, last) < _MODULES_AREA
        pairs = np.flatnonzero(is_pointer[:-1] & is_pointer[1:] & is_near)
        found = [
            (Virtual(window.offset + skipped + 8 * int(at) + shift), int(words[at]))
            for at in pairs[:_MOST_RINGS]
        ]
        yield from found
