# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The framework's scanners for byte strings find the same with a search that runs at the speed of memory.

The framework makes one regular expression of several byte strings. No part of it is in every match, so
Python's `re` looks at each byte of memory by itself, at 40 MB/s. Here one string after the other is looked
for, in a piece that stays in the processor's cache. Which pieces are read, and which of their matches count,
is as ever for the framework to say.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from volatility3.framework import interfaces
from volatility3.framework.layers import scanners

from ....byte_search import find

STRIDE: Final = 1 << 20
"""Bytes in which one string after the other is looked for."""

MOST_STRINGS: Final = 64
"""Strings above which one regular expression is no slower than a search for each."""


class QuickScans(interfaces.layers.DataLayerInterface):
    """The part of our layers that scans; stands before a framework class among the bases."""

    def _scan_chunk(self, scanner: Any, *rest: Any) -> Any:
        """Read a piece and search it; see the framework's layer."""
        return super()._scan_chunk(quickened(scanner), *rest)


class QuickBytes:
    """In the place of a `BytesScanner`: every match, those that overlap too."""

    def __init__(self, scanner: scanners.BytesScanner) -> None:
        self.chunk_size, self.overlap = scanner.chunk_size, scanner.overlap
        self._needle = scanner.needle

    def __call__(self, data: bytes, data_offset: int) -> Iterator[int]:
        """The addresses of the matches that start in the chunk, not in its overlap."""
        for index, _ in found_in(data, [self._needle], self.chunk_size, overlapping=True):
            yield index + data_offset


class QuickStrings:
    """In the place of a `MultiStringScanner`: at each place the longest string, and none inside of another.

    Args:
        scanner: the framework's.
        needles: what it looks for.
    """

    def __init__(self, scanner: scanners.MultiStringScanner, needles: Sequence[bytes]) -> None:
        self.chunk_size, self.overlap = scanner.chunk_size, scanner.overlap
        self._needles = needles

    def __call__(self, data: bytes, data_offset: int) -> Iterator[tuple[int, bytes]]:
        """Address and string of the matches that start in the chunk, not in its overlap."""
        for index, needle in found_in(data, self._needles, self.chunk_size):
            yield index + data_offset, needle


def quickened(scanner: Any) -> Any:
    """What finds the same as a scanner of the framework's, sooner; the scanner itself where nothing does."""
    if type(scanner) is scanners.BytesScanner and scanner.needle:
        return QuickBytes(scanner)
    if type(scanner) is scanners.MultiStringScanner:
        needles = sorted(_strings(getattr(scanner, "_pattern_trie", None) or {}))
        if b"" not in needles and 0 < len(needles) <= MOST_STRINGS:
            return QuickStrings(scanner, needles)
    return scanner


def found_in(
    data: bytes, needles: Sequence[bytes], end: int, overlapping: bool = False
) -> Iterator[tuple[int, bytes]]:
    """Look for byte strings.

    Args:
        data: where.
        needles: none of them empty.
        end: matches start before this index.
        overlapping: whether the next match may start inside of the one before.

    Yields:
        Index and string of each match, in order; of strings that start at the same place the longest.
    """
    reach = max(map(len, needles)) - 1
    end = min(end, len(data))
    resume = 0
    with memoryview(data) as whole:
        for low in range(0, end, STRIDE):
            high = min(low + STRIDE, end)
            with whole[low : high + reach] as part:
                following = {needle: find(part, needle, max(0, resume - low)) for needle in needles}
                while (index := _first(following, high - low)) >= 0:
                    needle = max((each for each, at in following.items() if at == index), key=len)
                    yield low + index, needle
                    behind = index + (1 if overlapping else len(needle))
                    resume = low + behind
                    for each, at in following.items():
                        if 0 <= at < behind:
                            following[each] = find(part, each, behind)


def _first(following: Mapping[bytes, int], end: int) -> int:
    """The first index of a match before `end`, or -1."""
    index = min((at for at in following.values() if at >= 0), default=end)
    return index if index < end else -1


def _strings(trie: Mapping[int, Any], head: bytes = b"") -> Iterator[bytes]:
    """The strings in the framework's tree of them: a key is a byte, or -1 where one ends."""
    for key, below in trie.items():
        if key < 0:
            yield head
        else:
            yield from _strings(below, head + bytes((key,)))
