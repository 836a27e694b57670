# SPDX-License-Identifier: Apache-2.0
"""One kallsyms: its tables, its names, and the possible readings of its addresses."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import islice, pairwise

import numpy as np
import numpy.typing as npt

from ...arrays import Int64s, Uint64s
from ...byte_search import find
from ...memory.memory import Memory
from ..errors import KallsymsError
from .addresses import Addresses, readings
from .locate import locate
from .names import NOWHERE, Decoder, Names
from .tables import MAX_SYMBOLS, Tables
from .tokens import Tokens

MOST_EQUAL = 256
"""Places of a name that are looked at; what is asked for by name stands once, or a few times."""

_SEARCHES = 64
"""Names that are searched for one by one; a pass over all names costs about as much."""

_EACH = 60
"""Bytes that a symbol takes besides its name: its number, place and letter, and four readings' addresses."""

_AT_ONCE = 1 << 16
"""Names that are split at once."""


@dataclass(frozen=True, eq=False)
class Kallsyms:
    """Decoded tables, before it is known where the kernel lies.

    Attributes:
        tables: where they are; the bytes of the names, once decoded, are not kept.
        names: every name that could be decoded.
        readings: the ways to read the addresses, the best ordered first; not empty.
    """

    tables: Tables
    names: Names
    readings: list[Addresses]
    _found: dict[str, tuple[int, ...]] = field(default_factory=dict, repr=False)

    @property
    def token_table(self) -> int:
        """The address of the token table in the layer: what identifies these tables."""
        return self.tables.tokens.table

    @property
    def is_sound(self) -> bool:
        """Whether nothing had to be derived, and a good part of the names is there."""
        return not self.tables.problems and 4 * len(self.names.starts) >= self.tables.count

    @property
    def size(self) -> int:
        """Bytes that all of it takes in memory, about."""
        return len(self.names.text) + _EACH * len(self.names.starts)

    def positions(self, name: str) -> tuple[int, ...]:
        """The positions of a name among the decoded ones, the first `MOST_EQUAL` of them."""
        found = self._found.get(name)
        if found is None:
            places = self._search(b"\0" + name.encode() + b"\0")
            found = self._found[name] = tuple(islice(places, MOST_EQUAL))
        return found

    def values(self, reading: Addresses, name: str) -> list[int]:
        """What a reading gives for a name, absolute values left out."""
        numbers = [self.names.numbers[position] for position in self.positions(name)]
        return [
            int(reading.values[number])
            for number in numbers
            if reading.sound[number] and not reading.fixed[number]
        ]

    def value(self, reading: Addresses, name: str) -> int | None:
        """The same for a name that stands once."""
        found = self.values(reading, name)
        return found[0] if len(found) == 1 else None

    def occurrences(self, names: Mapping[str, int]) -> tuple[Int64s, Int64s]:
        """Where some names stand; many are looked for in one pass over all.

        Args:
            names: their numbers, by name.

        Returns:
            For each place that one of them has among the decoded names its number, and the position there.
        """
        if len(names) <= _SEARCHES:
            found = [
                (number, position) for name, number in names.items() for position in self.positions(name)
            ]
        else:
            wanted = {name.encode(): number for name, number in names.items()}
            found = [
                (wanted[name], position) for position, name in enumerate(self._pieces()) if name in wanted
            ]
        table = np.array(found, np.int64).reshape(-1, 2)
        return table[:, 0], table[:, 1]

    def _pieces(self) -> Iterator[bytes]:
        """The names one by one."""
        text, starts = self.names.text, self.names.starts
        for low in range(0, len(starts), _AT_ONCE):
            end = int(starts[low + _AT_ONCE]) if low + _AT_ONCE < len(starts) else len(text)
            yield from text[int(starts[low]) : end - 1].split(b"\0")

    def _search(self, needle: bytes) -> Iterator[int]:
        text, starts = self.names.text, self.names.starts
        place = find(text, needle)
        while place >= 0:
            yield int(np.searchsorted(starts, place + 1))
            place = find(text, needle, place + 1)


def read_kallsyms(
    memory: Memory,
    tokens: Tokens,
    places: Mapping[str, int] | None = None,
    thorough: bool = True,
    decoder: Decoder | None = None,
    most: int = MAX_SYMBOLS,
) -> Kallsyms:
    """Read the tables that a token table belongs to.

    Args:
        memory: the image.
        tokens: the token table.
        places: addresses in the layer of other tables, where VMCOREINFO told them.
        thorough: whether to go on where num_syms or the markers are damaged.
        decoder: what decodes the names of this and others; one is made if None.
        most: how many symbols are read at most.

    Raises:
        KallsymsError: no names or no addresses belong to it.
        TooManySymbolsError: more than are wanted do.
    """
    tables = locate(memory, tokens, places, thorough, most)
    names = (decoder or Decoder()).decode(tables.data, tables.walk, tokens)
    found = readings(memory, tables)
    if not found:
        raise KallsymsError(f"no addresses belong to the token table at {tokens.table:#x}")
    return Kallsyms(replace(tables, data=b"", walk=NOWHERE), names, found)


def in_order(values: Uint64s) -> npt.NDArray[np.bool_]:
    """Which addresses belong to the longest ascending row: all of them, unless the table is damaged.

    From where on a stretch that ascends goes beyond all rows so far, all of it continues the longest.
    """
    kept = np.ones(len(values), np.bool_)
    if len(values) < 2 or bool((values[1:] >= values[:-1]).all()):
        return kept
    tails: list[int] = []
    last: list[int] = []
    before = np.arange(-1, len(values) - 1, dtype=np.int64)
    starts = [0, *(np.flatnonzero(values[1:] < values[:-1]) + 1).tolist(), len(values)]
    for start, end in pairwise(starts):
        stretch = values[start:end].tolist()
        for index, value in enumerate(stretch, start):
            if not tails or value >= tails[-1]:
                before[index] = last[-1] if last else -1
                tails += stretch[index - start :]
                last += range(index, end)
                break
            length = bisect_right(tails, value)
            tails[length], last[length] = value, index
            before[index] = last[length - 1] if length else -1
    kept[:] = False
    index = last[-1]
    while index >= 0:
        kept[index] = True
        index = int(before[index])
    return kept
