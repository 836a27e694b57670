# SPDX-License-Identifier: Apache-2.0
"""The symbols of a running kernel, in columns."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np
import numpy.typing as npt

from ..arrays import Bools, Uint64s
from ..bits import ALL_BITS
from ..byte_search import find
from ..memory.addresses import Virtual

log = logging.getLogger(__name__)


_SEARCHES = 80
"""Different names that are searched for one by one; an index costs as much as some hundred."""

_AT_ONCE = 1 << 16
"""Names that are decoded at once where they are not kept."""

_PROMOTED: Final = re.compile(r"(.+)\.llvm\.[0-9A-Fa-f]+")
"""What clang's ThinLTO makes of the name of a static function or variable that other files came to use; the
number is a hash of its file (llvm::ModuleSummaryIndex::getGlobalNameForLocal)."""


@dataclass(eq=False)
class Symbols:
    """What kallsyms lists, in its order, with the addresses that `/proc/kallsyms` prints.

    Attributes:
        addresses: run-time addresses; per-CPU variables of older x86-64 kernels have small absolute ones.
        letters: type letters as nm(1) prints them, ASCII codes.
        fixed: which addresses KASLR does not move (per-CPU offsets and other absolute values).
        text: all names, each between NUL bytes.
        starts: where each name starts in `text`.
        tables: run-time addresses of the kallsyms tables themselves, by symbol name, as far as known.
        word: size of `kallsyms_num_syms` and of a marker, in bytes.
        lost: how many symbols kallsyms counts whose name or address could not be recovered.
        told: run-time addresses, by name, of variables that kallsyms does not list but something else in the
            image gives (see `exported`).
    """

    addresses: Uint64s
    letters: npt.NDArray[np.uint8]
    fixed: Bools
    text: bytes = field(repr=False)
    starts: npt.NDArray[np.int64] = field(repr=False)
    tables: Mapping[str, Virtual] = field(default_factory=dict)
    lost: int = 0
    word: int = 4
    told: Mapping[str, Virtual] = field(default_factory=dict)
    _searched: dict[str, list[int]] = field(default_factory=dict, init=False, repr=False)
    _warned: set[str] = field(default_factory=set, init=False, repr=False)

    @classmethod
    def empty(cls) -> Symbols:
        """No symbols at all."""
        nothing = np.zeros(0, np.int64)
        return cls(
            nothing.astype(np.uint64), nothing.astype(np.uint8), nothing.astype(np.bool_), b"\0", nothing
        )

    def __len__(self) -> int:
        return len(self.addresses)

    @cached_property
    def image(self) -> range | None:
        """From the lowest to the highest run-time address in the kernel image; None if there is none."""
        moving = self.addresses[~self.fixed]
        return range(int(moving.min()), int(moving.max()) + 1) if len(moving) else None

    def __iter__(self) -> Iterator[tuple[int, str, str]]:
        """(address, type letter, name) of every symbol, in kallsyms' order, duplicates included."""
        letters = self.letters.tobytes().decode("latin-1")
        return zip(self.addresses.tolist(), letters, self.names, strict=True)

    def __contains__(self, name: str) -> bool:
        return bool(self.indexes(name))

    @cached_property
    def names(self) -> list[str]:
        r"""Every name, in kallsyms' order; bytes that are not UTF-8 are shown as `\xNN`."""
        if len(self) and self.text.count(b"\0") == len(self) + 1:
            return self.text[1:-1].decode("utf-8", "backslashreplace").split("\0")
        return [self.name(index) for index in range(len(self))]

    def pieces(self) -> Iterator[list[str]]:
        """Every name, as in `names`, but a few at a time, and without keeping them."""
        for low in range(0, len(self), _AT_ONCE):
            high = min(low + _AT_ONCE, len(self))
            end = self.text.index(b"\0", int(self.starts[high - 1]))
            text = self.text[int(self.starts[low]) : end]
            if text.count(b"\0") == high - low - 1:
                yield text.decode("utf-8", "backslashreplace").split("\0")
            else:
                yield [self.name(index) for index in range(low, high)]

    def name(self, index: int) -> str:
        """The name of one symbol, without decoding the others."""
        start = int(self.starts[index])
        return self.text[start : self.text.index(b"\0", start)].decode("utf-8", "backslashreplace")

    def get(self, name: str) -> Virtual | None:
        """The lowest address of a name, or None; also without clang's suffix, see `promoted`."""
        found = self.indexes(name)
        return Virtual(int(self.addresses[found].min())) if found else self.told.get(name)

    def all(self, name: str) -> list[Virtual]:
        """Every address of a name, in kallsyms' order."""
        listed = [Virtual(int(self.addresses[index])) for index in self.indexes(name)]
        return listed or ([self.told[name]] if name in self.told else [])

    def indexes(self, name: str) -> list[int]:
        """The rows of a name in the columns. The first few names are searched for; then an index is made."""
        if name not in self._searched and len(self._searched) < _SEARCHES:
            self._searched[name] = self._search(name)
        found = self._searched.get(name)
        if found is None:
            found = self._index.get(name, [])
        return found or self._without_suffix(name)

    @cached_property
    def promoted(self) -> dict[str, int]:
        """The row of `name.llvm.NUMBER`, by the plain name.

        Left out are plain names that are listed themselves, and those with several numbers: they belong to
        static variables of several files, and it is not known which one is meant.
        """
        return {name: places[0] for name, places in self._promoted.items() if len(places) == 1}

    def _without_suffix(self, name: str) -> list[int]:
        """Where a name stands that is listed with clang's suffix only; one line where it could be several."""
        places = self._promoted.get(name, [])
        if len(places) < 2:
            return places
        if name not in self._warned:
            self._warned.add(name)
            shown = ", ".join(f"{self.name(place)} at {self.addresses[place]:#x}" for place in places[:4])
            log.warning("several symbols could be %s (%s): none of them is taken for it", name, shown)
        return []

    @cached_property
    def _promoted(self) -> dict[str, list[int]]:
        """Where names with clang's suffix stand, by the plain names that are not listed themselves."""
        if find(self.text, b".llvm.") < 0:
            return {}
        found: dict[str, list[int]] = {}
        for number, name in enumerate(self._every_name()):
            if ".llvm." in name and (promoted := _PROMOTED.fullmatch(name)):
                found.setdefault(promoted[1], []).append(number)
        for piece in self.pieces():
            for name in found.keys() & piece:
                del found[name]
        return found

    def _every_name(self) -> Iterator[str]:
        return (name for piece in self.pieces() for name in piece)

    def link_addresses(self, kaslr_shift: int) -> Uint64s:
        """The addresses that the linker gave, as in `System.map`.

        Args:
            kaslr_shift: run-time address minus link-time address of the kernel image.

        Returns:
            `addresses` minus the shift, modulo 2**64; those in `fixed` unchanged.
        """
        return np.where(self.fixed, self.addresses, self.addresses - np.uint64(kaslr_shift & ALL_BITS))

    def _search(self, name: str) -> list[int]:
        needle = b"\0" + name.encode("utf-8", "surrogateescape") + b"\0"
        if not name or b"\0" in needle[1:-1]:
            return []
        places = []
        place = find(self.text, needle)
        while place >= 0:
            places.append(place + 1)
            place = find(self.text, needle, place + 1)
        indexes = np.searchsorted(self.starts, places)
        inside = indexes < len(self)
        indexes = indexes[inside]
        found: list[int] = indexes[self.starts[indexes] == np.array(places, np.int64)[inside]].tolist()
        return found

    @cached_property
    def _index(self) -> dict[str, list[int]]:
        index: dict[str, list[int]] = {}
        for number, name in enumerate(self.names):
            index.setdefault(name, []).append(number)
        return index
