# SPDX-License-Identifier: Apache-2.0
"""The names of kallsyms: a stream of length-prefixed token numbers, decoded all at once.

`kallsyms_markers` gives the place of every 256th name, so that all blocks of 256 are walked side by side: 256
steps whatever the number of symbols. The tokens are then replaced by their texts in one pass
(scripts/kallsyms.c writes, kernel/kallsyms.c `kallsyms_expand_symbol` reads this format).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...arrays import Int64s
from ...limits import Allowance
from ..errors import KallsymsError
from .tokens import Tokens

BLOCK = 256
"""Symbols between two markers."""

MAX_TEXT = 64 << 20
"""Bytes that the decoded names may take together (a kernel with 210,000 symbols has 7 MB)."""

_HOLE = bytes(8)
"""So many zeros in a row are no tokens but a hole."""

_SEPARATOR, _NOTHING, _FIRST = 256, 257, 258
_CHUNK = 1 << 15


@dataclass(frozen=True)
class Walk:
    """Where the names lie.

    Attributes:
        heads: the position of each name's first length byte, in the order of symbols; only whole blocks.
        tokens: the position of each name's first token.
        numbers: the number of each of these symbols in kallsyms.
        end: the position behind the last name.
        broken: the blocks that do not end where the next one starts.
    """

    heads: Int64s
    tokens: Int64s
    numbers: Int64s
    end: int
    broken: Int64s


_NONE = np.empty(0, np.int64)
NOWHERE = Walk(_NONE, _NONE, _NONE, 0, _NONE)
"""No names."""


@dataclass(frozen=True)
class Names:
    r"""Decoded names.

    Attributes:
        numbers: the number of each of these symbols in kallsyms.
        text: every name between NUL bytes: `\0name\0name\0`.
        starts: where each name starts in `text`.
        letters: each symbol's type letter, an ASCII code.
    """

    numbers: Int64s
    text: bytes
    starts: Int64s
    letters: npt.NDArray[np.uint8]


def walk(names: bytes, markers: Int64s, count: int, wide: bool, ends: range | None = None) -> Walk:
    """Find every name by walking from all markers at once.

    Args:
        names: `kallsyms_names`, from its start; may be longer than the table.
        markers: the position of every 256th name; positions outside of `names` break their block.
        count: number of symbols.
        wide: whether a length byte from 0x80 on is followed by a second one (6.1 and later).
        ends: where the last name can end; anywhere if None.
    """
    size = len(names)
    table = np.frombuffer(names + b"\0\0", np.uint8)
    count = min(count, len(markers) * BLOCK)
    if count <= 0:
        return NOWHERE
    blocks = -(-count // BLOCK)
    markers = markers[:blocks]
    heads = np.empty((blocks, BLOCK + 1), np.int64)
    second = np.zeros((blocks, BLOCK), np.int64)
    sound = (markers >= 0) & (markers < size)
    position = np.where(sound, markers, size)
    for step in range(BLOCK):
        heads[:, step] = position
        length = table[position].astype(np.int64)
        if wide and (high := length >> 7).any():
            length = np.where(high, length & 0x7F | table[position + 1].astype(np.int64) << 7, length)
            second[:, step] = high
            position = position + high
        sound &= (length > 0) | (np.arange(blocks) * BLOCK + step >= count)
        position = np.minimum(position + 1 + length, size)
    heads[:, BLOCK] = position
    last = count - (blocks - 1) * BLOCK
    sound[:-1] &= heads[:-1, BLOCK] == markers[1:]
    sound[-1] &= ends is None or int(heads[-1, last]) in ends
    numbers = np.arange(count, dtype=np.int64)
    kept = sound[numbers // BLOCK]
    return Walk(
        heads[:, :BLOCK].ravel()[:count][kept],
        (heads[:, :BLOCK] + 1 + second).ravel()[:count][kept],
        numbers[kept],
        int(heads[-1, last]),
        np.flatnonzero(~sound),
    )


def count_names(names: bytes, start: int, limit: int, wide: bool) -> tuple[int, int]:
    """Count names from `start` to the first length of 0.

    Returns:
        The number of names, at most `limit`, and the position behind them.
    """
    position, size = start, len(names)
    for number in range(limit):
        if position >= size or not names[position]:
            return number, position
        length = names[position]
        position += 1
        if wide and length & 0x80 and position < size:
            length = length & 0x7F | names[position] << 7
            position += 1
        position += length
    return limit, position


def decode(names: bytes, found: Walk, tokens: Tokens) -> Names:
    """Replace the tokens of all names by their texts; names with a lost token or a hole are left out.

    Raises:
        KallsymsError: there are none, or they would take more than `MAX_TEXT` bytes.
    """
    if not len(found.heads):
        raise KallsymsError("kallsyms_names is damaged everywhere: no block of names can be decoded")
    table = np.frombuffer(names, np.uint8, found.end)
    codes = _codes(table, found)
    if tokens.lost or _HOLE in names:
        found = _without_lost(codes, table, found, tokens)
        if not len(found.heads):
            raise KallsymsError("kallsyms_names is damaged everywhere: no name can be decoded")
        codes = _codes(table, found)
    texts = [*tokens.texts, b"\0", b"", *(text[1:] for text in tokens.texts)]
    lengths = np.array([len(text) for text in texts], np.int64)
    sizes = lengths[codes]
    ends = np.cumsum(sizes)
    if len(ends) and ends[-1] > MAX_TEXT:
        raise KallsymsError(f"kallsyms_names is damaged: its names would take {ends[-1]} bytes")
    places = np.cumsum(lengths) - lengths
    text = _expand(codes, sizes.astype(np.int32), places.astype(np.int32), b"".join(texts))
    first = np.array([text[0] if text else ord("?") for text in tokens.texts], np.uint8)
    return Names(found.numbers, text + b"\0", ends[found.heads], first[table[found.tokens]])


class Decoder:
    """Decodes the names of several kallsyms, those of equal tables once: memory may be full of copies.

    As many are kept for that as have `MAX_TEXT` bytes together.
    """

    def __init__(self) -> None:
        self._known: dict[bytes, Names] = {}
        self._room = Allowance(MAX_TEXT)

    def decode(self, names: bytes, found: Walk, tokens: Tokens) -> Names:
        """As the function `decode`.

        Raises:
            KallsymsError: as there.
        """
        key = hashlib.sha256(names)
        for part in (found.heads, found.tokens, found.numbers):
            key.update(part.tobytes())
        key.update(repr((found.end, tokens.texts, sorted(tokens.lost))).encode())
        known = self._known.get(key.digest())
        if known is None:
            known = decode(names, found, tokens)
            if self._room.take(len(known.text)):
                self._known[key.digest()] = known
        return known


def _without_lost(
    codes: npt.NDArray[np.uint16], table: npt.NDArray[np.uint8], found: Walk, tokens: Tokens
) -> Walk:
    """Leave out the names that a lost token or a hole is part of."""
    lost = np.zeros(_FIRST + len(tokens.texts), np.uint32)
    for token in tokens.lost:
        lost[token] = lost[_FIRST + token] = 1
    bad = lost[codes]
    zeros = np.append(np.cumsum(table == 0), 0)
    holes = np.flatnonzero(zeros[len(_HOLE) : -1] - zeros[: -len(_HOLE) - 1] == len(_HOLE))
    bad[holes + len(_HOLE)] = 1
    kept = np.add.reduceat(bad, found.heads) == 0
    broken = np.union1d(found.broken, found.numbers[~kept] // BLOCK)
    return Walk(found.heads[kept], found.tokens[kept], found.numbers[kept], found.end, broken)


def _codes(table: npt.NDArray[np.uint8], found: Walk) -> npt.NDArray[np.uint16]:
    """One code a byte: a token, a token without its first character (the letter), a separator or nothing."""
    codes = table.astype(np.uint16)
    if len(found.broken):
        ends = np.append(found.heads[1:], found.end)
        last = np.append(np.diff(found.numbers) != 1, True)
        ends[last] = _name_ends(table, found, last)
        begun, ended = (np.bincount(places, minlength=len(table) + 1) for places in (found.heads, ends))
        codes[np.cumsum((begun - ended)[:-1]) == 0] = _NOTHING
    codes[found.tokens] += _FIRST
    codes[found.heads + 1] = np.where(found.tokens == found.heads + 2, _NOTHING, codes[found.heads + 1])
    codes[found.heads] = _SEPARATOR
    return codes


def _name_ends(table: npt.NDArray[np.uint8], found: Walk, which: npt.NDArray[np.bool_]) -> Int64s:
    """The positions behind chosen names, from their own lengths."""
    heads, tokens = found.heads[which], found.tokens[which]
    length = table[heads].astype(np.int64)
    wide = tokens == heads + 2
    high = table[np.minimum(heads + 1, len(table) - 1)].astype(np.int64) << 7
    return np.minimum(tokens + np.where(wide, length & 0x7F | high, length), len(table))


def _expand(
    codes: npt.NDArray[np.uint16], sizes: npt.NDArray[np.int32], places: npt.NDArray[np.int32], texts: bytes
) -> bytes:
    """Join the texts of all codes, a piece at a time: the pieces stay in the processor's cache."""
    source = np.frombuffer(texts, np.uint8)
    pieces = []
    for low in range(0, len(codes), _CHUNK):
        size = sizes[low : low + _CHUNK]
        ends = np.cumsum(size, dtype=np.int32)
        shift = places[codes[low : low + _CHUNK]] - (ends - size)
        index = np.repeat(shift, size)
        index += np.arange(len(index), dtype=np.int32)
        pieces.append(source[index].tobytes())
    return b"".join(pieces)
