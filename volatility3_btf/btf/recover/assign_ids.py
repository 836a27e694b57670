# SPDX-License-Identifier: Apache-2.0
"""Which type ids the records behind a hole have.

How many records a hole swallowed is not known, but every reference in the rest of the section says what it
expects at an id: a FUNC refers to a FUNC_PROTO, an array is indexed by an integer, a member's type fits
between its offset and the next member's. Of all numbers that the hole has room for, one agrees with nearly
all.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..format.kinds import COMMON_WORDS, MODIFIERS, Kind
from ..format.records import Columns, Positions, Words, columns_at
from .fragments import Piece
from .record_rules import Rules

_ANY: Final = np.uint32(0xFFFFFFFF)

_WORK: Final = 1 << 28
"""Comparisons that are made for all pieces together."""
_MOST_LOST: Final = 1 << 15
"""Records that one hole may have swallowed; what is behind a larger one stays without ids."""
_FIRST_LOOK, _SECOND_LOOK = 256, 1 << 13
"""Records of a piece that are compared at every possible place, and at the likely ones."""
_LIKELY: Final = 256
"""Places that are likely, at most."""
_AT_ONCE: Final = 1 << 12
"""Places that are compared at once."""
_FEWEST: Final = 12
"""References into the piece that must speak for its place."""
_TOLERATED: Final = 0.005
"""Share of them that may speak against it."""
_LEAD: Final = 6
"""By how many more references the second-best place must be contradicted."""


def _mask(*kinds: Kind) -> int:
    return sum(1 << kind for kind in kinds)


_SIZED: Final = _mask(
    *(Kind.INT, Kind.PTR, Kind.ARRAY, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT, *MODIFIERS)
)
_EXPECTED: Final[dict[Kind, int]] = {
    Kind.PTR: _SIZED | _mask(Kind.FWD, Kind.FUNC_PROTO),
    Kind.TYPEDEF: _SIZED | _mask(Kind.FWD, Kind.FUNC_PROTO),
    Kind.CONST: _SIZED | _mask(Kind.FWD, Kind.FUNC_PROTO),
    Kind.VOLATILE: _SIZED | _mask(Kind.FWD, Kind.FUNC_PROTO),
    Kind.RESTRICT: _mask(Kind.PTR, Kind.TYPEDEF, Kind.TYPE_TAG, Kind.CONST, Kind.VOLATILE),
    Kind.TYPE_TAG: _SIZED | _mask(Kind.FWD, Kind.FUNC_PROTO),
    Kind.FUNC: _mask(Kind.FUNC_PROTO),
    Kind.FUNC_PROTO: _SIZED,
    Kind.VAR: _SIZED,
    Kind.DECL_TAG: _mask(Kind.FUNC, Kind.STRUCT, Kind.UNION, Kind.TYPEDEF, Kind.VAR),
}
"""What the third word of each kind of record may refer to, void aside."""


@dataclass
class Expectations:
    """What the references of all pieces say of each type id.

    Attributes:
        kinds: a bit for each kind that may be there.
        sizes: the most bytes that a type there may take.
    """

    kinds: NDArray[np.uint32]
    sizes: NDArray[np.uint32]


def expectations(rules: Rules, pieces: Sequence[Piece]) -> Expectations:
    """Collect what the intact records of all pieces refer to.

    Args:
        rules: the section.
        pieces: what is left of it.
    """
    starts = np.concatenate([_intact(piece) for piece in pieces])
    columns = columns_at(rules.words, starts)
    kinds, sizes = (np.full(len(rules.words) // 3 + 2, _ANY, np.uint32) for _ in range(2))
    found = Expectations(kinds, sizes)
    for kind, mask in _EXPECTED.items():
        _expect(found, columns.size_or_type[columns.rows_of(kind)], mask)
    arrays = columns.record[columns.rows_of(Kind.ARRAY)].astype(np.int64) // 4 + COMMON_WORDS
    _expect(found, rules.words[arrays], _SIZED)
    _expect(found, rules.words[arrays + 1], _mask(Kind.INT))
    _, parameters = columns.elements(columns.rows_of(Kind.FUNC_PROTO), 2)
    _expect(found, rules.words[parameters + 1], _SIZED & ~_mask(Kind.ARRAY))
    _, entries = columns.elements(columns.rows_of(Kind.DATASEC), 3)
    _expect(found, rules.words[entries], _mask(Kind.VAR, Kind.FUNC))
    _expect_members(found, columns)
    return found


def _intact(piece: Piece) -> Positions:
    return np.delete(np.array(piece.starts, np.int64), [*piece.cut, *piece.dropped])


def _expect(found: Expectations, ids: Words, mask: int) -> None:
    np.bitwise_and.at(found.kinds, ids[ids > 0], np.uint32(mask))


def _expect_members(found: Expectations, columns: Columns) -> None:
    """Members have sized types, which fit before the next member or the end."""
    rows, at = columns.elements(columns.rows_of(Kind.STRUCT, Kind.UNION), 3)
    ids, offsets = columns.words[at + 1], columns.words[at + 2].astype(np.int64)
    _expect(found, ids, _SIZED)
    flagged = columns.kind_flag[rows]
    is_bitfield = flagged & (offsets >> 24 > 0)
    offsets = np.where(flagged, offsets & 0xFFFFFF, offsets)
    end = columns.size_or_type[rows].astype(np.int64) * 8
    following = end.copy()
    same = (rows[1:] == rows[:-1]) & (columns.kind[rows[1:]] == Kind.STRUCT)
    following[:-1][same] = offsets[1:][same]
    room = (following - offsets + 7) // 8
    usable = ~is_bitfield & (room >= 0)
    np.minimum.at(found.sizes, ids[usable], room[usable].astype(np.uint32))


def first_ids(rules: Rules, pieces: Sequence[Piece], pointer_size: int) -> list[int]:
    """Find the first id of each piece.

    Args:
        rules: the section.
        pieces: what is left of it, in order.
        pointer_size: bytes of the kernel's pointers.

    Returns:
        For each piece the id of its first record; 0 where it cannot be told.
    """
    placer = _Placer(rules, expectations(rules, pieces), pointer_size)
    firsts: list[int] = []
    end_id, end_word, between = 1, 0, 0
    for piece in pieces:
        room = (piece.begin - end_word) // COMMON_WORDS
        at_start = not firsts and not piece.begin
        first = 1 if at_start else placer.first_id(piece, end_id + between, room - between)
        firsts.append(first)
        if first:
            end_id, end_word, between = first + len(piece), piece.end, 0
        else:
            between += len(piece)
    return firsts


class _Placer:
    """Compares pieces with what is expected at their possible places."""

    def __init__(self, rules: Rules, expected: Expectations, pointer_size: int) -> None:
        self._rules, self._expected, self._pointer_size = rules, expected, pointer_size
        self._work = _WORK

    def first_id(self, piece: Piece, lowest: int, room: int) -> int:
        """The one id from `lowest` to `lowest + room` at which the records are what is expected; or 0."""
        room = min(room, len(self._expected.kinds) - len(piece) - lowest)
        if not 0 <= room <= _MOST_LOST or (room + 1) * _FIRST_LOOK > self._work:
            return 0
        places = lowest + np.arange(room + 1, dtype=np.int64)
        against, speaking = self._compare(piece, places, _FIRST_LOOK)
        if len(piece) > _FIRST_LOOK:
            places = places[np.argsort(against, kind="stable")[:_LIKELY]]
            against, speaking = self._compare(piece, places, _SECOND_LOOK)
        order = np.argsort(against, kind="stable")
        best = int(order[0])
        second = int(against[order[1]]) if len(order) > 1 else 1 << 30
        if speaking[best] < _FEWEST or against[best] > _TOLERATED * speaking[best]:
            return 0
        return int(places[best]) if second >= against[best] + _LEAD else 0

    def _compare(self, piece: Piece, places: Positions, most: int) -> tuple[Positions, Positions]:
        """For each place, how many records are not what is expected there, and of how many something is."""
        rows = np.unique(np.linspace(0, len(piece) - 1, most).astype(np.int64))
        starts = np.array(piece.starts, np.int64)[rows]
        bits = np.left_shift(np.uint32(1), self._rules.kinds(starts).astype(np.uint32))
        bits[np.isin(rows, [*piece.dropped])] = _ANY
        sizes = _sizes(self._rules, starts, self._pointer_size)
        expected = self._expected
        against, speaking = np.zeros(len(places), np.int64), np.zeros(len(places), np.int64)
        step = max(1, _AT_ONCE * _FIRST_LOOK // len(rows))
        for low in range(0, len(places), step):
            ids = rows + places[low : low + step, None]
            kinds = expected.kinds[ids]
            wrong = (kinds & bits == 0) | (sizes > expected.sizes[ids])
            against[low : low + step] = np.count_nonzero(wrong, axis=1)
            speaking[low : low + step] = np.count_nonzero(kinds != _ANY, axis=1)
        self._work -= len(places) * len(rows)
        return against, speaking


def _sizes(rules: Rules, starts: Positions, pointer_size: int) -> NDArray[np.uint32]:
    """Bytes of the types that these records are, 0 where the record alone does not tell."""
    kinds = rules.kinds(starts)
    sizes = rules.words[starts + 2].copy()
    sizes[~np.isin(kinds, [Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT])] = 0
    sizes[kinds == Kind.PTR] = pointer_size
    return sizes
