# SPDX-License-Identifier: Apache-2.0
"""BTF whose header is gone, recognised by its body.

Encoders write the types, then the strings right behind them. The string section has a shape that nothing else
has: names between single NUL bytes, from one NUL byte on. The records before it end exactly where it starts;
followed backwards, every record that leads there is a possible first one. How many records there are follows
from what they say of each other: a FUNC refers to a FUNC_PROTO, an array is indexed by an integer.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from ..format.errors import BtfError
from ..format.header import SHORTEST, Endian, Header
from ..format.records import LONGEST, Positions, Words, walk
from ..format.strings import MOST as LONGEST_STRINGS
from ..types import Types
from .count_types import count_types
from .record_chains import Chains, follow, following
from .work import Work

_FEWEST: Final = 1000
"""Records that must lead to the strings; what has fewer is no kernel's."""

MOST_WORK: Final = 1 << 28
"""Words: eight readings of 10 MiB at each of eight places (`body.py`), and half as much for what follows."""

_BEFORE: Final = 64
"""Bytes behind the last sure non-name in which the string section may start."""

_PIECE: Final = 1 << 18
"""Bytes in which the ends of the names are looked for at once."""

_MOST_FIRST: Final = 17
"""One more than the first records that are tried with one number of types."""

_FOLLOWING, _DECODING = 3, 2
"""How often words are gone over to follow records, and to decode them."""


@dataclass(frozen=True)
class Headless:
    """A blob made whole again.

    Attributes:
        start: index in the searched bytes at which its header was.
        blob: the blob, with a header made anew.
        types: its types.
    """

    start: int
    blob: bytes
    types: Types


def recover(data: bytes, hit: int, work: Work | None = None) -> Headless:
    """Find the blob around a name in its string section.

    Args:
        data: bytes around it, from before its header to behind its end.
        hit: index in `data` of a byte of the string section.
        work: what may still be done in the image they come from.

    Raises:
        BtfError: nothing there is BTF, or too much would have to be looked at.
    """
    work = work or Work(MOST_WORK)
    low, high = _names_around(data, hit)
    starts = list(_starts(data, low, hit))
    finders: dict[tuple[int, Endian], _Finder] = {}
    for strings in starts:
        for endian in _orders(data, strings):
            key = strings % 4, endian
            if key not in finders:
                alike = [start for start in starts if start % 4 == strings % 4]
                finders[key] = _Finder(data, alike, endian, work)
            found = finders[key].find(strings, high)
            if found is not None:
                return found
    raise BtfError("no type records lead to these names")


def _names_around(data: bytes, hit: int) -> tuple[int, int]:
    """The range of NUL-separated printable text around an index, up to the first NUL that follows another."""
    first, last = max(0, hit - LONGEST_STRINGS), min(len(data), hit + LONGEST_STRINGS)
    low, high = first, last
    for stop in range(hit, first, -_PIECE):
        start = max(first, stop - _PIECE)
        if len(odd := _no_names(data, start, stop)):
            low = start + int(odd[-1])
            break
    for start in range(hit, last, _PIECE):
        if len(odd := _no_names(data, start, min(last, start + _PIECE))):
            high = start + int(odd[0])
            break
    end = data.rfind(b"\0", hit, high) + 1
    return low, end or high


def _no_names(data: bytes, start: int, stop: int) -> Positions:
    """The bytes from `start` to `stop`, counted from there, that are not of names."""
    table = np.frombuffer(data, np.uint8, stop - start, start)
    is_nul = table == 0
    odd = ~is_nul & ((table < 0x20) | (table > 0x7E))
    odd[1:] |= is_nul[1:] & is_nul[:-1]
    odd[:1] |= is_nul[:1] & (data[start - 1 : start] == b"\0")
    return np.flatnonzero(odd).astype(np.int64, copy=False)


def _starts(data: bytes, low: int, hit: int) -> Iterator[int]:
    """Where the string section may start: NUL bytes at the lower end of the names."""
    at = data.find(b"\0", max(0, low - 1), hit)
    while 0 <= at < low + _BEFORE:
        yield at
        at = data.find(b"\0", at + 1, hit)


def _orders(data: bytes, strings: int) -> tuple[Endian, ...]:
    """Byte orders to try, the likelier one first: small numbers have their zeros at one end."""
    length = min(strings, 4096) // 4 * 4
    words = np.frombuffer(data, np.uint8, length, strings - length).reshape(-1, 4)
    little = np.count_nonzero(words[:, 3] == 0) >= np.count_nonzero(words[:, 0] == 0)
    return ("little", "big") if little else ("big", "little")


class _Finder:
    """Finds the records that lead to any of some places, all of which are read by words of one kind.

    They are looked for together: behind each of these places are names, and no record that starts there leads
    on to the next.
    """

    def __init__(self, data: bytes, places: Sequence[int], endian: Endian, work: Work) -> None:
        self._data, self._places, self._endian, self._work = data, places, endian, work
        self._low = max(places[0] % 4, places[0] - LONGEST)
        self._chains = self._follow()

    def _words(self, end: int) -> Words:
        """What lies before one of the places."""
        order = "<u4" if self._endian == "little" else ">u4"
        return np.frombuffer(self._data, order, (end - self._low) // 4, self._low).astype(
            np.uint32, copy=False
        )

    def _follow(self) -> Chains | None:
        """The chains; None if no record leads to any of the places."""
        words = self._words(self._places[-1])
        ends = [(place - self._low) // 4 for place in self._places]
        self._work.take(len(words))
        after = following(words)
        is_end = np.zeros(len(after) + 2, np.bool_)
        is_end[ends] = True
        if not is_end[after].any():
            return None
        self._work.take(_FOLLOWING * len(words))
        return follow(after, ends)

    def find(self, strings: int, end: int) -> Headless | None:
        """The blob whose strings lie from one of the places up to `end`, if records lead there."""
        if self._chains is None:
            return None
        which = self._places.index(strings)
        if self._chains.longest[which] < _FEWEST:
            return None
        words = self._words(strings)
        self._work.take(len(words))
        left = self._chains.left(which)[: len(words)]
        first = int(np.argmax(left))
        count = count_types(words, walk(words[first:]).starts + first, self._work)
        for place in np.flatnonzero(left == count)[:-_MOST_FIRST:-1].tolist() if count else ():
            start = self._low + 4 * place
            self._work.take(_DECODING * (end - start) // 4)
            found = self._decoded(start, strings, end)
            if found is not None:
                return found
        return None

    def _decoded(self, start: int, strings: int, end: int) -> Headless | None:
        """The blob of these types and strings, if it decodes."""
        types_size = strings - start
        header = Header(self._endian, 1, 0, SHORTEST, 0, types_size, types_size, end - strings)
        blob = header.pack() + self._data[start:end]
        try:
            types = Types(blob)
        except BtfError:
            return None
        if types.strings.count_inner(types.columns.name_off):
            return None
        return Headless(start - SHORTEST, blob, types)
