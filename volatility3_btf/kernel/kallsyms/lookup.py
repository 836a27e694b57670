# SPDX-License-Identifier: Apache-2.0
"""A few symbols of a kallsyms, looked up without decoding its names.

Names are compressed by rules that leave no choice (scripts/kallsyms.c, `optimize_result`): tokens are made
one after the other, from number 255 down, each of two neighbours that are replaced in all names at once. So a
name's codes follow from the token table, and are searched for as they stand. That takes milliseconds;
decoding takes longer the more symbols there are, and an image may be full of them.

Where anything is damaged there is no answer, and the whole kallsyms has to be read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from ...byte_search import find
from ...memory.gaps import read_filled
from ...memory.memory import Memory
from .addresses import Addresses, readings
from .attempt import Attempt
from .locate import find_names
from .markers import NEAR, Markers, find_markers
from .names import BLOCK, NOWHERE
from .tables import MAX_SYMBOLS, Tables, some_block_fits
from .tokens import Tokens

_LETTERS = b"TDBRtdbrAVWvw"
"""Type letters of what is looked up, the most frequent ones first."""

_LONGEST = 0x7F
"""Codes of a name that is looked up; a longer one has two bytes of length."""

_LARGEST = 8 << 20
"""Bytes of names that are searched (7.3 has 3.4 MB)."""

_MOST_PLACES = 64
"""Places that are looked at of the codes of one name, which may stand inside of others."""

_SAMPLE = 256
"""Symbols whose addresses tell in which way a kernel stores them."""


@dataclass(frozen=True, eq=False)
class Lookup:
    """The names of one kallsyms, still compressed.

    Attributes:
        memory: the image.
        tables: where the tables lie.
        markers: where every 256th name starts.
    """

    memory: Memory
    tables: Tables
    markers: Markers

    def number(self, name: str) -> int | None:
        """The number of the symbol of a name that stands once among those with one type letter; or None."""
        for letter in _LETTERS:
            codes = encoded(bytes([letter]) + name.encode(), self.tables.tokens)
            if codes is None or len(codes) > _LONGEST:
                continue
            found = list(self._numbers(bytes([len(codes)]) + codes))
            if found:
                return found[0] if len(found) == 1 else None
        return None

    def addresses(self, names: Sequence[str]) -> Iterator[tuple[Addresses, dict[str, int]]]:
        """The ways to read the addresses, the best ordered first, with what each gives for some names.

        Args:
            names: the names; those that are not there, or are absolute values, are left out.

        Yields:
            How all of them are stored, by a sample; and the addresses. Of a floating reading they are places
            in the layer.
        """
        known = {name: number for name in names if (number := self.number(name)) is not None}
        sample = np.linspace(0, self.tables.count - 1, _SAMPLE).astype(np.int64)
        numbers = np.union1d(sample, np.array([*known.values()], np.int64))
        places = {name: int(np.searchsorted(numbers, number)) for name, number in known.items()}
        for reading in readings(self.memory, self.tables, numbers):
            kept = {name: at for name, at in places.items() if reading.sound[at] and not reading.fixed[at]}
            yield reading, {name: int(reading.values[at]) for name, at in kept.items()}

    @cached_property
    def _data(self) -> bytes:
        return read_filled(self.memory, self.tables.names, self.markers.address - self.tables.names)[0]

    def _numbers(self, entry: bytes) -> Iterator[int]:
        """The numbers of the symbols whose length and codes these are."""
        place = find(self._data, entry)
        for _ in range(_MOST_PLACES):
            if place < 0:
                return
            number = self._number_at(place)
            if number is not None and number < self.tables.count:
                yield number
            place = find(self._data, entry, place + 1)

    def _number_at(self, place: int) -> int | None:
        """The number of the symbol that starts at a place in the names; None inside of a symbol."""
        block = int(np.searchsorted(self.markers.values, place, "right")) - 1
        at, data = int(self.markers.values[block]), self._data
        for number in range(block * BLOCK, (block + 1) * BLOCK):
            if at >= place:
                return number if at == place else None
            length = data[at]
            if length & 0x80 and self.tables.wide and at + 1 < len(data):
                length = (length & 0x7F | data[at + 1] << 7) + 1
            at += 1 + length
        return None


def lookup_at(memory: Memory, tokens: Tokens) -> Lookup | None:
    """What is needed to look up the symbols of a token table; None if it is damaged, or too large.

    Args:
        memory: the image.
        tokens: the token table.
    """
    if tokens.lost or tokens.endian is None:
        return None
    attempt = Attempt(memory, tokens, {}, MAX_SYMBOLS, thorough=False)
    for markers in find_markers(memory, tokens.table, tokens.endian, reaches=NEAR):
        for names, num_syms, count in find_names(attempt, markers, tokens.endian):
            if attempt.is_over:
                return None
            is_room = 0 < markers.address - names <= _LARGEST and count <= MAX_SYMBOLS
            if is_room and some_block_fits(attempt, names, markers):
                at, word = markers.address, markers.size
                tables = Tables(
                    tokens.endian, tokens, names, b"", NOWHERE, count, num_syms, at, True, (), word
                )
                return Lookup(memory, tables, markers)
    return None


def encoded(name: bytes, tokens: Tokens) -> bytes | None:
    """A symbol's codes as scripts/kallsyms.c writes them; None if one of its bytes is no token.

    Args:
        name: its type letter and its name.
        tokens: the token table, nothing of which is lost.
    """
    numbers = tokens.numbers
    parts = [name[at : at + 1] for at in range(len(name))]
    while True:
        first = max((numbers.get(one + other, -1) for one, other in pairwise(parts)), default=-1)
        if first < 0:
            codes = [numbers.get(part, -1) for part in parts]
            return None if min(codes, default=-1) < 0 else bytes(codes)
        parts = _joined(parts, tokens.texts[first])


def _joined(parts: Sequence[bytes], token: bytes) -> list[bytes]:
    """The parts, with neighbours that make up a token replaced by it, from the first on."""
    joined: list[bytes] = []
    at = 0
    while at < len(parts):
        is_pair = at + 1 < len(parts) and parts[at] + parts[at + 1] == token
        joined.append(token if is_pair else parts[at])
        at += 2 if is_pair else 1
    return joined
