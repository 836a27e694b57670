# SPDX-License-Identifier: Apache-2.0
"""What the kernel demands of single records and names (kernel/bpf/btf.c), checked at every word at once.

Where nothing tells records from other bytes, as behind a hole, these rules do: few words that are no record
pass them, and hardly any that lead to sixteen more that pass.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Bools
from ..format.kinds import COMMON_WORDS, ELEMENT_WORDS, REFERRING, Kind
from ..format.records import KIND_MASK, KIND_SHIFT, VLEN_MASK, Columns, Positions, Words, record_lengths

Ranges = Sequence[tuple[int, int]]
"""Pairs of the first index and the first one behind."""

NAMELESS: Final = (Kind.PTR, Kind.ARRAY, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.FUNC_PROTO)
NAMED: Final = (
    *(Kind.FWD, Kind.TYPEDEF, Kind.FUNC, Kind.VAR, Kind.DATASEC),
    *(Kind.DECL_TAG, Kind.TYPE_TAG),
)
"""The kernel asks no name of numbers, and pahole up to 1.16 gave none to the type of arrays' indexes."""

_FLAGGED: Final = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FWD, Kind.DECL_TAG, Kind.TYPE_TAG)
_LARGEST_STRUCT: Final = 1 << 28
_IDENTIFIER: Final = b"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$"
_BESIDES: Final = b" ()[],:;<>&*-+='\"/"
"""What stands in names of integer types (`unsigned int`) and in tags (`address_space(1)`)."""


def kinds_table(*kinds: Kind) -> Bools:
    """For each number that a kind could have, whether it is one of these."""
    table = np.zeros(KIND_MASK + 1, np.bool_)
    table[list(kinds)] = True
    return table


_IS_KIND: Final = kinds_table(*(kind for kind in Kind if kind))
_MUST_NOT_NAME: Final = kinds_table(*NAMELESS)
_MUST_NAME: Final = kinds_table(*NAMED)
_MAY_FLAG: Final = kinds_table(*_FLAGGED)
_HAS_ELEMENTS: Final = kinds_table(*ELEMENT_WORDS)
_REFERS: Final = kinds_table(*REFERRING)
_MUST_REFER: Final = kinds_table(Kind.FUNC)
_NO_THIRD: Final = kinds_table(Kind.ARRAY, Kind.FWD)
_SMALL: Final = kinds_table(Kind.INT, Kind.ENUM, Kind.FLOAT)
_COMPOSITE: Final = kinds_table(Kind.STRUCT, Kind.UNION)


def _bytes_table(text: bytes) -> Bools:
    table = np.zeros(256, np.bool_)
    table[list(text)] = True
    return table


_IN_IDENTIFIERS: Final = _bytes_table(_IDENTIFIER)
_IN_NAMES: Final = _bytes_table(_IDENTIFIER + _BESIDES)


def covered(ranges: Ranges, length: int) -> Bools:
    """Which of `length` indices lie in one of the ranges."""
    mask = np.zeros(length, np.bool_)
    for start, end in ranges:
        mask[max(0, start) : max(0, end)] = True
    return mask


@dataclass(frozen=True)
class NameMap:
    """Which offsets of a string section hold what; all arrays are as long as the section.

    Attributes:
        start: a string starts here, whatever it consists of.
        whole: a name starts here, nothing of it is missing, and it consists of what names consist of.
        plain: likewise, and it is an identifier.
        lost: the offset lies in a part that is missing.
    """

    start: Bools
    whole: Bools
    plain: Bools
    lost: Bools

    def holds(self, offsets: Words, of: str = "start") -> Bools:
        """Whether each offset, which may be any number, is set in one of the arrays."""
        table: Bools = getattr(self, of)
        found = np.zeros(len(offsets), np.bool_)
        inside = offsets < len(table)
        found[inside] = table[offsets[inside]]
        return found


def map_names(section: bytes, missing: Ranges = ()) -> NameMap:
    """Find the names in a string section.

    Args:
        section: its bytes.
        missing: ranges of it that could not be read, or that were overwritten. A name that touches one may
            have been longer.
    """
    table = np.frombuffer(section, np.uint8)
    size = len(table)
    gone = covered(missing, size)
    ends = np.flatnonzero(table == 0)
    starts = np.concatenate((np.zeros(1, np.int64), ends[:-1] + 1)) if len(ends) else ends
    filled = ends > starts
    starts, ends = starts[filled], ends[filled]
    start, whole, plain = (np.zeros(size, np.bool_) for _ in range(3))
    start[starts] = True
    for target, allowed in ((whole, _IN_NAMES), (plain, _IN_IDENTIFIERS)):
        wrong = np.concatenate((np.zeros(1, np.int64), np.cumsum(gone | ~(allowed[table] | (table == 0)))))
        target[starts[wrong[ends + 1] == wrong[np.maximum(starts - 1, 0)]]] = True
    return NameMap(start, whole, plain, gone)


def sound_records(columns: Columns, end: int) -> Bools:
    """Which of the records obey the rules for their kind, their elements aside.

    Args:
        columns: the records, of which every name is known to be one.
        end: one past the last offset of a name.
    """
    words, starts = columns.words, columns.record.astype(np.int64) // 4
    known = columns.name_off < end
    return _sound(columns.kind, words[starts + 1], columns.name_off, columns.size_or_type, known)


def _sound(
    kind: NDArray[Any], info: Words, name: Words, third: Words, known: Bools, most: int = 1 << 30
) -> Bools:
    """Which records' first three words obey the rules.

    Args:
        kind: their kinds.
        info: their second words.
        name: the offsets of their names.
        third: their third words.
        known: whether the offsets lead to names.
        most: the highest id that a third word may be.
    """
    vlen = info & VLEN_MASK
    good: Bools = _IS_KIND[kind]
    good &= (vlen == 0) | _HAS_ELEMENTS[kind] | ((kind == Kind.FUNC) & (vlen <= 2))
    good &= (info >> 31 == 0) | _MAY_FLAG[kind]
    good &= np.where(name == 0, ~_MUST_NAME[kind], known & ~_MUST_NOT_NAME[kind])
    good &= ~_REFERS[kind] | (third <= most)
    good &= ~_MUST_REFER[kind] | (third > 0)
    good &= ~_NO_THIRD[kind] | (third == 0)
    power = (third > 0) & (third <= 16) & (third & (third - 1) == 0)
    good &= ~_SMALL[kind] | power | (kind == Kind.FLOAT) & (third == 12)
    good &= ~_COMPOSITE[kind] | (third < _LARGEST_STRUCT)
    return good


class Rules:
    """The rules, tried at every word of a type section.

    Attributes:
        words: the section.
        gone: words that are missing.
        length: words of the record that each word would start; 0 where it cannot start one.
        intact: whether the whole record, its elements too, is there and obeys the rules.
    """

    def __init__(self, words: Words, gone: Bools, names: NameMap) -> None:
        """Try them.

        Args:
            words: the type section.
            gone: which of them are missing.
            names: the strings.
        """
        self.words, self.gone = words, gone
        self._names = names
        self._wrong: dict[Kind, Bools] = {}
        self._most = len(words) // 3
        size = max(0, len(words) - 2)
        here = np.arange(size, dtype=np.int64)
        there = ~gone[:size] & ~gone[1 : size + 1] & ~gone[2 : size + 2]
        candidates = here[there]
        candidates = candidates[self._heads(candidates)]
        lengths = record_lengths(words)
        candidates = candidates[candidates + lengths[candidates] <= len(words)]
        self.length = np.zeros(len(words) + 1, np.int64)
        self.length[candidates] = lengths[candidates]
        self.intact = np.zeros(len(words) + 1, np.bool_)
        self.intact[candidates[self._complete(candidates)]] = True

    def _heads(self, starts: Positions) -> Bools:
        """Which words start a record as far as its first three tell."""
        words, names = self.words, self._names
        name, info, third = words[starts], words[starts + 1], words[starts + 2]
        known = names.holds(name) | names.holds(name, "lost")
        kind = info >> KIND_SHIFT & KIND_MASK
        return _sound(kind, info, name, third, known, self._most)

    def kinds(self, starts: Positions) -> NDArray[np.uint8]:
        """The kinds of the records that start at these words."""
        return (self.words[starts + 1] >> KIND_SHIFT & KIND_MASK).astype(np.uint8)

    def good_elements(self, start: int) -> list[int]:
        """Which elements of one record are there and obey the rules."""
        info = int(self.words[start + 1])
        kind = Kind(info >> KIND_SHIFT & KIND_MASK)
        first, stride = start + COMMON_WORDS, ELEMENT_WORDS[kind]
        wrong = self._wrong_elements(kind)[first : first + (info & VLEN_MASK) * stride : stride]
        return np.flatnonzero(~wrong).tolist()

    def _complete(self, starts: Positions) -> Bools:
        """Whether nothing of each record is missing, and all of its elements obey the rules."""
        gone = np.concatenate((np.zeros(1, np.int64), np.cumsum(self.gone)))
        good: Bools = gone[starts + self.length[starts]] == gone[starts]
        kinds = self.kinds(starts)
        for kind in ELEMENT_WORDS:
            chosen = np.flatnonzero(kinds == kind)
            good[chosen] &= self._elements_good(kind, starts[chosen])
        for kind, extra in ((Kind.ARRAY, (3, 4)), (Kind.INT, (3,))):
            chosen = np.flatnonzero(kinds == kind)
            for at in extra:
                value = self.words[starts[chosen] + at]
                fits = (value > 0) & (value <= self._most) if kind is Kind.ARRAY else _is_encoding(value)
                good[chosen] &= fits
        return good

    def _elements_good(self, kind: Kind, starts: Positions) -> Bools:
        stride = ELEMENT_WORDS[kind]
        sums = _strided_sums(self._wrong_elements(kind), stride)
        vlen = (self.words[starts + 1] & VLEN_MASK).astype(np.int64)
        first = starts + COMMON_WORDS
        good: Bools = sums[first + vlen * stride] == sums[first]
        return good

    def _wrong_elements(self, kind: Kind) -> Bools:
        """For each word, whether no element of this kind's records can start there; tried once a kind."""
        if kind not in self._wrong:
            self._wrong[kind] = self._try_elements(kind)
        return self._wrong[kind]

    def _try_elements(self, kind: Kind) -> Bools:
        words, size, stride = self.words, len(self.words), ELEMENT_WORDS[kind]
        wrong = np.ones(size, np.bool_)
        usable = size - stride + 1
        if usable <= 0:
            return wrong
        first, second = words[:usable], words[1 : usable + 1]
        if kind is Kind.DATASEC:
            fits = (first > 0) & (first <= self._most)
        else:
            named = self._names.holds(first) | self._names.holds(first, "lost")
            fits = named & (first > 0) if kind in (Kind.ENUM, Kind.ENUM64) else named | (first == 0)
        if kind in (Kind.STRUCT, Kind.UNION):
            fits &= (second > 0) & (second <= self._most)
        elif kind is Kind.FUNC_PROTO:
            fits &= second <= self._most
        for at in range(stride):
            fits &= ~self.gone[at : usable + at]
        wrong[:usable] = ~fits
        return wrong


def _is_encoding(word: Words) -> Bools:
    """Whether a word is what follows an INT: encoding (signed, char, bool), offset and bits."""
    bits, shift, encoding = word & 0xFF, word >> 16 & 0xFF, word >> 24
    fits: Bools = (encoding <= 7) & (bits > 0) & (bits <= 128) & (shift < 128) & (word & 0xFF00 == 0)
    return fits


def _strided_sums(values: Bools, stride: int) -> NDArray[np.int32]:
    """For each index the sum of all values whole strides before it."""
    rows = len(values) // stride + 2
    padded = np.zeros(rows * stride, np.int32)
    padded[stride : stride + len(values)] = values
    return padded.reshape(rows, stride).cumsum(axis=0, dtype=np.int32).ravel()
