# SPDX-License-Identifier: Apache-2.0
"""A type section with holes, cut into pieces in which records follow each other."""

from dataclasses import dataclass, field
from typing import Final

import numpy as np

from ...arrays import Bools
from ..format.errors import BtfError
from ..format.kinds import ELEMENT_WORDS, Kind
from ..format.records import KIND_MASK, KIND_SHIFT
from .record_rules import Rules

MOST_PIECES: Final = 2048
"""Pieces that are put together; with every tenth page lost a kernel's BTF has about eighty."""

_SURE: Final = 4
"""Two to the power of this many records must follow each other behind a hole, or lead to the next one."""


@dataclass
class Piece:
    """Records that follow each other; which id the first one has may not be known.

    Attributes:
        begin: the first word.
        end: the first word behind the last record, which may lie in a hole.
        starts: the words at which records start.
        cut: records of which only these elements are left, by their index among `starts`.
        dropped: records, by that index, of which nothing is left but their length.
    """

    begin: int
    end: int
    starts: list[int] = field(default_factory=list)
    cut: dict[int, list[int]] = field(default_factory=dict)
    dropped: set[int] = field(default_factory=set)

    def __len__(self) -> int:
        return len(self.starts)


def pieces_of(rules: Rules) -> list[Piece]:
    """Follow the records from hole to hole.

    A record that reaches over a hole tells where the next one starts: both sides are one piece then.

    Raises:
        BtfError: there are too many holes.
    """
    walker = _Walker(rules)
    pieces: list[Piece] = []
    at = walker.start_behind(0)
    while at < walker.total:
        pieces.append(walker.walk(at))
        if len(pieces) > MOST_PIECES:
            raise BtfError(f"type section: damaged in more than {MOST_PIECES} places")
        at = walker.start_behind(max(pieces[-1].end, at + 1))
    return pieces


class _Walker:
    """Walks over the records that obey the rules."""

    def __init__(self, rules: Rules) -> None:
        self._rules = rules
        self.total = len(rules.words)
        self._hole = _in_or_before_holes(rules.gone)
        self._starts = self._find_starts()
        self._places = np.flatnonzero(self._starts)
        self._is_intact = rules.intact.data
        self._length = rules.length.data

    def start_behind(self, word: int) -> int:
        """The first word from here on at which records surely start; the section's end if there is none."""
        index = int(np.searchsorted(self._places, word))
        return int(self._places[index]) if index < len(self._places) else self.total

    def walk(self, at: int) -> Piece:
        """Follow the records as far as they can be followed."""
        piece = Piece(at, at)
        starts, is_intact, length = piece.starts, self._is_intact, self._length
        while at < self.total:
            if is_intact[at]:
                starts.append(at)
            elif not self._take_broken(piece, at):
                break
            at = piece.end = at + length[at]
        return piece

    def _take_broken(self, piece: Piece, at: int) -> bool:
        """Take a record that is not whole, if its length is to be believed; whether it is."""
        length = self._length[at]
        if not length or not self._goes_on(at + length):
            return False
        kind = Kind(int(self._rules.words[at + 1]) >> KIND_SHIFT & KIND_MASK)
        if kind in ELEMENT_WORDS and kind is not Kind.FUNC_PROTO:
            piece.cut[len(piece)] = self._rules.good_elements(at)
        else:
            piece.dropped.add(len(piece))
        piece.starts.append(at)
        return True

    def _goes_on(self, word: int) -> bool:
        """Whether a record may end here: where others start, in a hole, or at the section's end."""
        return word == self.total or bool(self._starts[word] or self._hole[word])

    def _find_starts(self) -> Bools:
        """Words from which enough records follow each other."""
        rules, total = self._rules, self.total
        dead = total + 1
        following = np.full(total + 2, dead, np.int64)
        intact = np.flatnonzero(rules.intact[:total])
        following[intact] = intact + rules.length[intact]
        broken = np.flatnonzero((rules.length[:total] > 0) & ~rules.intact[:total])
        gone = np.concatenate((np.zeros(1, np.int64), np.cumsum(rules.gone)))
        following[broken[gone[broken + rules.length[broken]] > gone[broken]]] = total
        following[:total][self._hole[:total]] = total
        following[total] = total
        for _ in range(_SURE):
            following = following[following]
        starts: Bools = rules.intact[:total] & (following[:total] != dead)
        return starts


def _in_or_before_holes(gone: Bools) -> Bools:
    """For each word, and the one behind the last, whether the first words of a record there are missing."""
    hole = np.append(gone, True)
    hole[:-1] |= hole[1:]
    hole[:-1] |= hole[1:]
    return hole
