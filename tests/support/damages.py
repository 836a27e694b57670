# SPDX-License-Identifier: Apache-2.0
"""The ways in which tests/robustness.py damages an image."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from support.overlay import PAGE, Overlay
from volatility3_btf.kernel import Kernel
from volatility3_btf.memory.memory import Memory

Range = tuple[int, int]
NOTE = 4096


@dataclass(frozen=True)
class Target:
    """A sound image, and where in it lies what may be damaged.

    Attributes:
        image: the image.
        kernel: its kernel, as found before any damage.
        notes: the ranges of all VMCOREINFO texts.
        banners: those of all banners.
        earlier: a raw image of the same guest, taken earlier; None where there is none.
    """

    image: Overlay
    kernel: Kernel
    notes: Sequence[Range]
    banners: Sequence[Range]
    earlier: Path | None = None

    @property
    def btf(self) -> Range:
        """The kernel's BTF."""
        offset = self.kernel.blob.offset
        return offset, offset + self.kernel.blob.size

    @property
    def types(self) -> Range:
        """Its type section."""
        header = self.kernel.blob.header
        start = self.kernel.blob.offset + header.type_start
        return start, start + header.type_len

    @property
    def strings(self) -> Range:
        """Its string section."""
        header = self.kernel.blob.header
        start = self.kernel.blob.offset + header.str_start
        return start, start + header.str_len

    def table(self, name: str) -> Range:
        """A kallsyms table of 4-byte entries, or one that ends at NULs or where the next one starts."""
        places = self._places
        start = places[f"kallsyms_{name}"]
        count = self.kernel.symbols.lost + len(self.kernel.symbols) if self.kernel.symbols else 0
        sizes = {"num_syms": 4, "markers": 4 * -(-count // 256), "offsets": 4 * count, "token_index": 512}
        behind = min((place for place in places.values() if place > start), default=start + (1 << 22))
        return start, start + sizes.get(name, behind - start)

    @property
    def kallsyms(self) -> Range:
        """From the first table to the end of the last."""
        places = self._places
        return min(places.values()), max(self.table("offsets")[1], max(places.values()) + (1 << 20))

    @property
    def _places(self) -> dict[str, int]:
        symbols, shift = self.kernel.symbols, self.kernel.physical_shift
        assert symbols is not None and shift is not None
        names = ("num_syms", "names", "markers", "token_table", "token_index", "offsets", "relative_base")
        found = {
            name: symbols.get(name) or symbols.tables.get(name) for name in map("kallsyms_{}".format, names)
        }
        return {name: address - shift for name, address in found.items() if address is not None}


Damage = Callable[[Target, random.Random], None]


@dataclass(frozen=True)
class Cell:
    """One way of damage.

    Attributes:
        group: what kind it is of.
        name: how much.
        damage: does it.
        seeds: how often it is tried with other places; 1 where chance has no part in it.
        complete: whether everything must be recovered.
    """

    group: str
    name: str
    damage: Damage = field(repr=False)
    seeds: int = 1
    complete: bool = False


def pages_in(span: Range) -> range:
    """The pages that lie wholly in a range."""
    return range(-(-span[0] // PAGE), span[1] // PAGE)


def touched(span: Range) -> range:
    """The pages that a range touches."""
    return range(span[0] // PAGE, -(-span[1] // PAGE))


def some(pages: Sequence[int], share: float, chance: random.Random) -> list[int]:
    """A share of pages, or, from 1 on, a number of them."""
    return chance.sample(pages, int(share) if share >= 1 else max(1, int(share * len(pages))))


def everywhere(share: float, gaps: bool = False) -> Damage:
    """Pages of the whole image are zeroed, or missing."""

    def damage(target: Target, chance: random.Random) -> None:
        _lose(target, some(range(target.image.pages), share, chance), gaps)

    return damage


def elsewhere(share: float, gaps: bool = False) -> Damage:
    """Pages outside BTF and kallsyms are zeroed, or missing."""

    def damage(target: Target, chance: random.Random) -> None:
        spared = {*touched(target.btf), *touched(target.kallsyms)}
        _lose(target, [p for p in some(range(target.image.pages), share, chance) if p not in spared], gaps)

    return damage


def inside(part: str, share: float, gaps: bool = False) -> Damage:
    """Pages of a part of the kernel's data are zeroed, or missing."""

    def damage(target: Target, chance: random.Random) -> None:
        span = target.table(part) if part in ("names", "offsets") else getattr(target, part)
        _lose(target, some(pages_in(span), share, chance), gaps)

    return damage


def _lose(target: Target, pages: Iterable[int], gaps: bool) -> None:
    (target.image.remove if gaps else target.image.blank)(pages)


def flips(count: int, part: str = "") -> Damage:
    """Single bits are turned over, in the whole image or a part."""

    def damage(target: Target, chance: random.Random) -> None:
        start, end = getattr(target, part) if part else (0, target.image.pages * PAGE)
        for _ in range(count):
            place = chance.randrange(start, end)
            byte = target.image.read(place, 1)[0]
            target.image.write(place, bytes([byte ^ 1 << chance.randrange(8)]))

    return damage


def wipe(*parts: str, length: int = 0) -> Damage:
    """Tables, notes, banners or the first bytes of BTF are zeroed."""

    def damage(target: Target, chance: random.Random) -> None:
        del chance
        for part in parts:
            spans = {"notes": target.notes, "banners": target.banners, "btf": [target.btf]}.get(part)
            for start, end in spans if spans is not None else [target.table(part)]:
                target.image.write(start, bytes(length or end - start))

    return damage


def two_copies(share: float) -> Damage:
    """A second copy of the blob lies in the image, and both lack pages, never the same."""

    def damage(target: Target, chance: random.Random) -> None:
        start, end = target.btf
        place = 0x1000000 + start % PAGE
        target.image.write(place, target.image.read(start, end - start))
        pages = some(pages_in(target.btf), share, chance)
        half = len(pages) // 2
        target.image.blank(pages[:half])
        target.image.blank(page + (place - start) // PAGE for page in pages[half:])

    return damage


def torn(share: float) -> Damage:
    """Pages are those of an earlier moment."""

    def damage(target: Target, chance: random.Random) -> None:
        assert target.earlier is not None
        first = chance.random() < 0.5
        middle = int(target.image.pages * share)
        pages = range(middle) if first else range(target.image.pages - middle, target.image.pages)
        with target.earlier.open("rb") as file:
            file.seek(pages.start * PAGE)
            for page in pages:
                data = file.read(PAGE)
                if data != target.image.read(page * PAGE, PAGE):
                    target.image.write(page * PAGE, data)

    return damage


RATES = ((1, "1 page"), (16, "16 pages"), (0.01, "1 % of all pages"), (0.1, "10 %"), (0.3, "30 %"))
PARTS = ((1, "1 page"), (0.1, "10 % of its pages"), (0.3, "30 %"))
TABLES = ("names", "token_table", "token_index", "markers", "offsets", "num_syms")

CELLS: tuple[Cell, ...] = (
    Cell("undamaged", "", lambda target, chance: None, complete=True),
    *(Cell("pages zeroed", name, everywhere(rate), 5) for rate, name in RATES),
    *(Cell("pages missing", name, everywhere(rate, gaps=True), 5) for rate, name in RATES),
    Cell("pages zeroed outside BTF and kallsyms", "10 %", elsewhere(0.1), 10, complete=True),
    Cell("pages zeroed outside BTF and kallsyms", "30 %", elsewhere(0.3), 5),
    Cell("pages missing outside BTF and kallsyms", "10 %", elsewhere(0.1, gaps=True), 5, complete=True),
    *(Cell("bits flipped", f"{count:,} in the image", flips(count), 5) for count in (1, 1000, 100_000)),
    Cell("bits flipped", "1 in BTF's types", flips(1, "types"), 20),
    Cell("bits flipped", "1 in BTF's strings", flips(1, "strings"), 20),
    Cell("bits flipped", "1 in kallsyms", flips(1, "kallsyms"), 20),
    Cell("torn", "half of an earlier moment", torn(0.5), 4),
    Cell("wiped", "VMCOREINFO", wipe("notes"), complete=True),
    Cell("wiped", "banners", wipe("banners"), complete=True),
    Cell("wiped", "VMCOREINFO and banners", wipe("notes", "banners"), complete=True),
    Cell("wiped", "BTF header, 8 bytes", wipe("btf", length=8), complete=True),
    Cell("wiped", "BTF header, 24 bytes", wipe("btf", length=24), complete=True),
    *(Cell("BTF types zeroed", name, inside("types", rate), 5) for rate, name in PARTS),
    *(Cell("BTF types missing", name, inside("types", rate, gaps=True), 5) for rate, name in PARTS),
    *(Cell("BTF strings zeroed", name, inside("strings", rate), 5) for rate, name in PARTS),
    *(Cell("BTF strings missing", name, inside("strings", rate, gaps=True), 5) for rate, name in PARTS),
    Cell("two copies of BTF, each lacking others", "10 % of its pages", two_copies(0.1), 5),
    *(Cell("kallsyms wiped", name, wipe(name)) for name in TABLES),
    *(Cell("kallsyms wiped", f"{name}, VMCOREINFO too", wipe(name, "notes")) for name in TABLES),
    Cell("kallsyms, pages zeroed", "1 page of names", inside("names", 1), 5),
    Cell("kallsyms, pages zeroed", "1 page of offsets", inside("offsets", 1), 5),
    Cell("kallsyms, pages zeroed", "10 % of names", inside("names", 0.1), 5),
)


def ranges_of(memory: Memory, needle: bytes, length: int) -> list[Range]:
    """Where texts that begin with a needle lie, each up to its NUL."""
    found = []
    for offset in memory.find(needle):
        text = memory.read_available(offset, length)
        end = text.find(b"\0")
        found.append((offset, offset + (length if end < 0 else end)))
    return found
