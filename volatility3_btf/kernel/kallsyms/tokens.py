# SPDX-License-Identifier: Apache-2.0
"""`kallsyms_token_table` and `kallsyms_token_index`: the 256 texts that names are made of.

The table has a shape that nothing else in memory has: a byte that names use stands for itself, so "0" to "9"
follow each other as texts of one character, 48 texts after the start (scripts/kallsyms.c,
`insert_real_symbols_in_table`). Table and index tell the same twice: either can be made good from the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...memory.gaps import read_filled
from ...memory.memory import Memory
from ...survey import DIGITS

Endian = Literal["little", "big"]

COUNT = 256
MAX_TOKEN = 512
"""Bytes; no token is longer than the longest name (KSYM_NAME_LEN)."""

REACH = 8 << 10
"""Bytes looked at before and behind the digits; a whole table has about 1,000."""

_LETTERS = frozenset(bytes([letter]) for letter in b"ABCDGINPRSTUVWabcdginprstuvw?-")
"""Type letters, as nm(1) prints them."""

_ZERO, _NINE = ord("0"), ord("9")
_MOST_LOST = COUNT // 2
_FEWEST_TEXTS = 100
"""Different texts behind the digits, of 208: unused ones are empty, all others differ."""


@dataclass(frozen=True)
class Tokens:
    """The token texts and where they came from.

    Attributes:
        texts: 256 texts, by token number; empty where they are lost.
        lost: numbers of the tokens that the table does not hold any more.
        table: address of `kallsyms_token_table` in the layer.
        index: address of `kallsyms_token_index`: where it was found, or would be if it were whole.
        endian: the index's byte order; None if the index is damaged.
    """

    texts: tuple[bytes, ...]
    lost: frozenset[int]
    table: int
    index: int
    endian: Endian | None

    @cached_property
    def letters(self) -> npt.NDArray[np.bool_]:
        """Whether each token's text may begin a name: with a type letter of nm(1), or it is lost."""
        numbered = enumerate(self.texts)
        return np.array([text[:1] in _LETTERS or token in self.lost for token, text in numbered], np.bool_)

    @cached_property
    def numbers(self) -> dict[bytes, int]:
        """The token numbers by their texts; of equal texts, which a kernel does not have, the highest."""
        return {text: number for number, text in enumerate(self.texts) if text}


def tokens_at_digits(memory: Memory, digits: int) -> Tokens | None:
    """Read the token table around an occurrence of `DIGITS`, or None if there is none."""
    low = max(0, digits - REACH)
    data, _ = read_filled(memory, low, digits - low + REACH)
    return _by_texts(data, digits - low, low) or _by_index(data, digits - low, low)


def tokens_at(memory: Memory, table: int, index: int) -> Tokens | None:
    """Read the token table whose place, and whose index's, VMCOREINFO tells; None if there is none.

    Args:
        memory: the image.
        table: address of `kallsyms_token_table` in the layer.
        index: address of `kallsyms_token_index` in the layer.
    """
    if table < 0 or not 0 < index - table <= REACH:
        return None
    data, _ = read_filled(memory, table, index - table + 2 * COUNT)
    digits = data.find(DIGITS)
    if digits >= 0 and (tokens := _by_texts(data, digits, table)) is not None and tokens.table == table:
        return tokens
    for endian, order in _ORDERS:
        starts = np.frombuffer(data, order, COUNT, index - table).astype(np.int64)
        if starts[0] == 0 and (starts[1:] > starts[:-1]).all() and starts[-1] < index - table:
            return _indexed(data, starts, 0, index - table, table, endian)
    return None


_ORDERS: tuple[tuple[Endian, str], ...] = (("little", "<u2"), ("big", ">u2"))


def _by_texts(data: bytes, digits: int, base: int) -> Tokens | None:
    """Split the texts before and behind the digits; where token 0 starts, the index decides."""
    later = data[digits:].split(b"\0", COUNT - _ZERO)[:-1]
    if len(later) < COUNT - _ZERO or len(set(later)) < _FEWEST_TEXTS or not all(map(_printable, later)):
        return None
    end = digits
    earlier: list[bytes] = []
    while len(earlier) < _ZERO - 1:
        start = data.rfind(b"\0", max(0, end - 1 - MAX_TOKEN), max(0, end - 1)) + 1
        if start == 0 or data[end - 1] or not _printable(data[start : end - 1]):
            return None
        earlier.append(data[start : end - 1])
        end = start
    if data[end - 1]:
        return None
    return _with_first(data, end, [*earlier[::-1], *later], base)


def _with_first(data: bytes, end: int, others: list[bytes], base: int) -> Tokens | None:
    """Find where token 0 starts; what lies before it need not be a NUL byte.

    Without an index it is the earliest place: the table is aligned, and a marker, which has a zero byte, lies
    before it or zeros to fill up.
    """
    starts = _first_starts(data, end, base)
    if not starts:
        return None
    stop = end + sum(map(len, others)) + len(others)
    start, index, endian = _find_index(others, data, end, stop, base, starts) or (
        starts[-1],
        stop + -(base + stop) % 8,
        None,
    )
    texts = (data[start : end - 1], *others)
    return Tokens(texts, frozenset(), base + start, base + index, endian)


def _first_starts(data: bytes, end: int, base: int) -> range:
    """Where token 0 can start, the nearest place to its end first: all that follows is printable."""
    low = end - 1
    while low > max(0, end - 1 - MAX_TOKEN) and _printable(data[low - 1 : low]):
        low -= 1
    return range(end - 2 - (base + end - 2) % 4, low - 1, -4)


def _find_index(
    others: list[bytes], data: bytes, end: int, stop: int, base: int, starts: range
) -> tuple[int, int, Endian] | None:
    """The index that fits these texts: it follows the table, aligned to 4 or 8 bytes.

    Args:
        others: all texts but the first.
        data: what they were cut from.
        end: where they start in it,
        stop: and end.
        base: its address in the layer.
        starts: where the first text can start, the likeliest place first.

    Returns:
        Where the first text starts, for which three quarters of the index agree, where the index lies, and
        its byte order.
    """
    inside = np.cumsum([0, *(len(text) + 1 for text in others[:-1])])
    found: list[tuple[int, int, Endian]] = []
    for place in range(stop + -(base + stop) % 4, stop + 16, 4):
        for endian, order in _ORDERS:
            if place + 2 * COUNT > len(data):
                continue
            told = np.frombuffer(data, order, COUNT, place).astype(np.int64)
            lengths, agreeing = np.unique((told[1:] - inside) & 0xFFFF, return_counts=True)
            best = int(np.argmax(agreeing))
            start = end - int(lengths[best])
            if agreeing[best] + (told[0] == 0) >= COUNT * 3 // 4 and start in starts:
                found.append((start, place, endian))
    return max(found, key=lambda one: one[0], default=None)


def _by_index(data: bytes, digits: int, base: int) -> Tokens | None:
    """Find an index behind a damaged table: the ten digits lie two bytes apart in it."""
    for endian, order in _ORDERS:
        skip = (digits + base) % 2
        values = np.frombuffer(data, order, (len(data) - digits - skip) // 2, digits + skip).astype(np.int64)
        steps = values[1:] - values[:-1] == 2
        rows = np.ones(max(0, len(steps) - _NINE + _ZERO), np.bool_)
        for step in range(_NINE - _ZERO):
            rows &= steps[step : step + len(rows)]
        for row in np.flatnonzero(rows)[:64]:
            first = int(row) - _ZERO
            starts = values[first : first + COUNT] if first >= 0 else values[:0]
            table = digits - int(starts[_ZERO]) if len(starts) == COUNT else -1
            place = digits + skip + 2 * first
            grows = len(starts) == COUNT and starts[0] == 0 and (starts[1:] > starts[:-1]).all()
            if grows and table >= 0 and table + starts[-1] < place:
                return _indexed(data, starts, table, place, base, endian)
    return None


def _indexed(
    data: bytes,
    starts: np.ndarray[tuple[int], np.dtype[np.int64]],
    table: int,
    index: int,
    base: int,
    endian: Endian,
) -> Tokens | None:
    """Cut the texts where the index says; those that do not fill their place are lost."""
    texts, lost = [], []
    for number, start in enumerate(starts.tolist()):
        low = table + start
        high = table + int(starts[number + 1]) - 1 if number + 1 < COUNT else data.find(b"\0", low, index)
        text = data[low:high]
        sound = high > low and _printable(text) and data[high] == 0
        texts.append(text if sound else b"")
        if not sound:
            lost.append(number)
    if len(lost) > _MOST_LOST:
        return None
    return Tokens(tuple(texts), frozenset(lost), base + table, base + index, endian)


def _printable(text: bytes) -> bool:
    """Whether a text can be a token: printable, of bounded length; tokens that are not used are empty."""
    return len(text) <= MAX_TOKEN and all(0x20 < byte != 0x7F for byte in text)
