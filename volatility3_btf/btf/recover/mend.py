# SPDX-License-Identifier: Apache-2.0
"""A kernel's BTF with damage inside: what is left of it as a blob of its own, and what is lost.

Type ids stay what they were: a lost type has a record without content in the mended blob (a type tag on
void, `LOST_TYPE`), so that what refers to it has no type, but its right place. Names that are lost, or may be
cut short, become placeholders. Records behind a hole whose ids cannot be told come last, under new ids: they
are found by name, and nothing refers to them.
"""

from dataclasses import dataclass
from typing import Final

import numpy as np

from ...arrays import Bools
from ..format.errors import BtfError
from ..format.header import SHORTEST, Endian, Header
from ..format.kinds import COMMON_WORDS, ELEMENT_WORDS, REFERRING, Kind
from ..format.records import (
    KIND_SHIFT,
    LONGEST,
    VLEN_MASK,
    Positions,
    Words,
    columns_at,
    section_words,
    walk,
)
from ..format.references import ELEMENTS_WITH_TYPES, referenced_ids
from ..spelling import counted
from ..types import Types
from .assign_ids import first_ids
from .fragments import Piece, pieces_of
from .record_rules import NameMap, Ranges, Rules, covered, map_names

LOST_TYPE: Final = "lost_type"
"""The name of what stands for a lost type."""
LOST_NAME: Final = "lost_name_"
"""How the name begins of what has lost its own; its offset in the strings follows, in hex."""

_WITH_SPACES: Final = (Kind.INT, Kind.FLOAT, Kind.DECL_TAG, Kind.TYPE_TAG)
_ELEMENTS_WITH_NAMES: Final = (
    ((Kind.STRUCT, Kind.UNION, Kind.ENUM64), 3),
    ((Kind.ENUM, Kind.FUNC_PROTO), 2),
)
"""Kinds whose elements begin with a name, and the words an element takes."""

_FEWEST: Final = 1000
"""Records that must be left; what has fewer is no kernel's."""
_FEWEST_STRINGS: Final = 1 << 12
_POINTER_SIZE: Final = 8
"""Kernels with 4-byte pointers are not mended as well: less agrees."""


@dataclass(frozen=True)
class Mended:
    """What is left of a blob.

    Attributes:
        types: its types.
        lost: the ids of types of which nothing is known.
        cut: the ids of types that miss members, enumerators or variables.
        moved: how many types have new ids.
        names: how many names are lost.
        astray: how many references led to no type; they lead to void now.
    """

    types: Types
    lost: tuple[range, ...]
    cut: tuple[int, ...]
    moved: int
    names: int
    astray: int

    def describe(self) -> str:
        """What is lost, in a line."""
        parts = []
        if self.lost:
            count = sum(map(len, self.lost))
            parts.append(f"{counted(count, 'type')} lost, with ids {_spell(self.lost)}")
        if self.cut:
            shown = ", ".join(str(self.types.name_of(type_id) or type_id) for type_id in self.cut[:8])
            more = f" and {len(self.cut) - 8} more" * (len(self.cut) > 8)
            parts.append(f"members or values lost of {counted(len(self.cut), 'type')}: {shown}{more}")
        if self.moved:
            parts.append(f"{counted(self.moved, 'type')} behind what is missing, found by name only")
        if self.names:
            parts.append(f"{counted(self.names, 'name')} lost")
        if self.astray:
            parts.append(f"{counted(self.astray, 'reference')} to types that are gone")
        return "; ".join(parts) or "no type and no name is lost"


def _spell(ranges: tuple[range, ...]) -> str:
    shown = ", ".join(f"{one[0]}-{one[-1]}" if len(one) > 1 else str(one[0]) for one in ranges[:8])
    return shown + f" and {len(ranges) - 8} more ranges" * (len(ranges) > 8)


def mend(data: bytes, missing: Ranges) -> Mended:
    """Decode what is left of a blob that stands by itself.

    Args:
        data: the blob, from its header on; what could not be read is zeros.
        missing: the ranges of `data` that could not be read, or are known to be overwritten.

    Raises:
        BtfError: the header is unsound, or too little is left.
    """
    header = Header.parse(data)
    header.check(len(data))
    if header.type_len > LONGEST or header.type_len % 4 or header.str_len < _FEWEST_STRINGS:
        raise BtfError("the sections are no kernel's")
    section = data[header.str_start : header.str_start + header.str_len]
    names = map_names(section, _within(missing, header.str_start, header.str_len))
    words = section_words(data, header)
    gone = covered(
        [(start // 4, -(-end // 4)) for start, end in _within(missing, header.type_start, header.type_len)],
        len(words),
    )
    rules = Rules(words, gone, names)
    pieces = pieces_of(rules)
    if sum(map(len, pieces)) < _FEWEST:
        raise BtfError("too few of the types are left")
    return _Builder(rules, pieces, names).build(header.endian, section)


def _within(ranges: Ranges, start: int, length: int) -> list[tuple[int, int]]:
    """The ranges that lie in a section, counted from its start."""
    cut = [(max(low, start) - start, min(high, start + length) - start) for low, high in ranges]
    return [(low, high) for low, high in cut if low < high]


class _Builder:
    """Puts pieces together."""

    def __init__(self, rules: Rules, pieces: list[Piece], names: NameMap) -> None:
        self._rules, self._pieces, self._names = rules, pieces, names
        self._out: list[Words] = []
        self._next_id = 1
        self._lost: list[range] = []
        self._cut: list[int] = []
        self._end = 0

    def build(self, endian: Endian, section: bytes) -> Mended:
        """The mended blob of pieces that are placed, fillers between them, and pieces without a place."""
        self._filler = np.array([len(section), Kind.TYPE_TAG << KIND_SHIFT, 0], np.uint32)
        firsts = first_ids(self._rules, self._pieces, _POINTER_SIZE)
        for piece, first in zip(self._pieces, firsts, strict=True):
            if first:
                self._lose(first - self._next_id)
                self._add(piece)
                self._end = piece.end
        homeless = [piece for piece, first in zip(self._pieces, firsts, strict=True) if not first]
        self._lose(self._highest_id() + 1 - self._next_id)
        for piece in homeless:
            self._add(piece)
        words = np.concatenate(self._out)
        strings, names = self._replace_names(words, section)
        astray = _close_references(words)
        types = Types(_blob(words, strings, endian))
        return Mended(types, tuple(self._lost), tuple(self._cut), sum(map(len, homeless)), names, astray)

    def _lose(self, count: int) -> None:
        if count > 0:
            first = self._next_id
            if self._lost and self._lost[-1].stop == first:
                first = self._lost.pop().start
            self._lost.append(range(first, self._next_id + count))
            self._out.append(np.tile(self._filler, count))
            self._next_id += count

    def _add(self, piece: Piece) -> None:
        """Take over the records of a piece, changed ones one by one."""
        starts = np.array([*piece.starts, piece.end], np.int64)
        done = 0
        for index in sorted((*piece.cut, *piece.dropped)):
            self._copy(int(starts[done]), int(starts[index]), index - done)
            if index in piece.cut:
                self._cut.append(self._next_id)
                self._out.append(self._shortened(int(starts[index]), piece.cut[index]))
                self._next_id += 1
            else:
                self._lose(1)
            done = index + 1
        if done < len(piece):
            self._copy(int(starts[done]), piece.end, len(piece) - done)

    def _copy(self, begin: int, end: int, count: int) -> None:
        self._out.append(self._rules.words[begin:end])
        self._next_id += count

    def _shortened(self, start: int, kept: list[int]) -> Words:
        """A record with only some of its elements."""
        words = self._rules.words
        kind = Kind(int(words[start + 1]) >> KIND_SHIFT & 0x7F)
        stride = ELEMENT_WORDS[kind]
        first = start + COMMON_WORDS + np.array(kept, np.int64)[:, None] * stride
        elements = words[first + np.arange(stride)].ravel()
        info = np.uint32((int(words[start + 1]) & ~VLEN_MASK) | len(kept))
        head = np.array([words[start], info, words[start + 2]], np.uint32)
        return np.concatenate((head, elements))

    def _highest_id(self) -> int:
        """The highest id that any record refers to: ids up to there existed, if there was room for them."""
        starts = [np.delete(piece.starts, [*piece.dropped, *piece.cut]) for piece in self._pieces]
        columns = columns_at(self._rules.words, np.concatenate(starts).astype(np.int64))
        highest = max(int(ids.max(initial=0)) for _, ids in referenced_ids(columns))
        return min(highest, self._next_id - 1 + (len(self._rules.words) - self._end) // COMMON_WORDS)

    def _replace_names(self, words: Words, section: bytes) -> tuple[bytes, int]:
        """Give placeholders to names that are lost; the new string section, and how many there are."""
        columns = columns_at(words, walk(words).starts)
        speaks = columns.rows_of(*_WITH_SPACES)
        lost = _lost_names(columns.name_off, self._names.whole, self._names.plain, speaks)
        rows = [columns.record.astype(np.int64)[lost] // 4]
        for kinds, stride in _ELEMENTS_WITH_NAMES:
            _, at = columns.elements(columns.rows_of(*kinds), stride)
            rows.append(at[_lost_names(words[at], self._names.plain, self._names.plain)])
        places = np.concatenate(rows)
        old, index = np.unique(words[places], return_inverse=True)
        texts = [f"{LOST_NAME}{offset:x}".encode() + b"\0" for offset in old.tolist()]
        added = LOST_TYPE.encode() + b"\0"
        ends = np.cumsum([0, *map(len, texts)])[:-1] + len(section) + len(added)
        words[places] = ends[index].astype(np.uint32)
        return b"\0" + section[1:-1] + b"\0" + added + b"".join(texts), len(old)


def _lost_names(offsets: Words, whole: Bools, plain: Bools, spoken: Positions | None = None) -> Bools:
    """Which offsets of names do not lead to a whole one; those of `spoken` rows may have spaces in it."""
    real = (offsets > 0) & (offsets < len(whole))
    lost = np.zeros(len(offsets), np.bool_)
    lost[real] = ~plain[offsets[real]]
    if spoken is not None:
        kept = spoken[real[spoken]]
        lost[kept] = ~whole[offsets[kept]]
    return lost


def _close_references(words: Words) -> int:
    """Let references to types that do not exist lead to void; how many there were."""
    columns = columns_at(words, walk(words).starts)
    records = columns.record.astype(np.int64) // 4
    arrays = records[columns.rows_of(Kind.ARRAY)]
    places = [records[columns.rows_of(*sorted(REFERRING))] + 2, arrays + 3, arrays + 4]
    for kinds, stride, at in ELEMENTS_WITH_TYPES:
        places.append(columns.elements(columns.rows_of(*kinds), stride)[1] + at)
    everywhere = np.concatenate(places)
    astray = everywhere[words[everywhere] > len(columns)]
    words[astray] = 0
    return len(astray)


def _blob(words: Words, section: bytes, endian: Endian) -> bytes:
    """A blob of a type section and strings."""
    size = 4 * len(words)
    header = Header(endian, 1, 0, SHORTEST, 0, size, size, len(section))
    return header.pack() + words.astype("<u4" if endian == "little" else ">u4").tobytes() + section
