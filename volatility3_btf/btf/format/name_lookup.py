# SPDX-License-Identifier: Apache-2.0
"""From a name to the records that have it."""

from typing import Final

import numpy as np

from .records import Columns, Positions, Words
from .strings import LONGEST, Strings

_SEARCHES: Final = 64
"""Questions that are answered by searching the strings; about as costly as building the index."""
_HITS: Final = 1024
"""Places of a name in the strings above which the index is the shorter way."""


class NameLookup:
    """Names of a blob's own records.

    The first few questions search the string section; who asks more often gets an index.
    """

    def __init__(self, columns: Columns, strings: Strings) -> None:
        self._name_off = columns.name_off
        self._strings = strings
        self._questions = 0
        self._offsets: dict[str, int] | None = None
        self._others: dict[str, list[int]] = {}

    def rows(self, name: str) -> Positions:
        """Rows of the records with this name, ascending; empty when there is none."""
        self._questions += 1
        found = self._find(name)
        if not found:
            return np.zeros(0, dtype=np.int64)
        if len(found) == 1:
            return np.flatnonzero(self._name_off == found[0]).astype(np.int64, copy=False)
        is_asked = np.zeros(self._strings.end, dtype=np.bool_)
        is_asked[found] = True
        return np.flatnonzero(is_asked[self._name_off]).astype(np.int64, copy=False)

    def _find(self, name: str) -> list[int]:
        if self._offsets is None and self._questions <= _SEARCHES and _is_exact(name):
            found = self._strings.offsets_of(name.encode(), _HITS)
            if len(found) <= _HITS:
                return found
        if self._offsets is None:
            self._offsets = self._build()
        offset = self._offsets.get(name)
        return [] if offset is None else [offset, *self._others.get(name, ())]

    def _build(self) -> dict[str, int]:
        is_used = np.zeros(self._strings.end, dtype=np.bool_)
        is_used[self._name_off] = True
        used: Words = np.flatnonzero(is_used).astype(np.uint32)
        names = self._strings.many(used)
        index = dict(zip(names, used.tolist(), strict=True))
        if len(index) < len(names):
            self._collect_others(index, names, used.tolist())
        return index

    def _collect_others(self, index: dict[str, int], names: list[str], offsets: list[int]) -> None:
        """Places of names that stand more than once in the strings."""
        for name, offset in zip(names, offsets, strict=True):
            if index[name] != offset:
                self._others.setdefault(name, []).append(offset)


def _is_exact(name: str) -> bool:
    """Whether the name's bytes are certain: not those of a decoded name with replacements or cut."""
    return name.isascii() and len(name) < LONGEST
