# SPDX-License-Identifier: Apache-2.0
"""`kallsyms_token_table` and `kallsyms_token_index`: the 256 texts that names are made of.

The table has a shape that nothing else in memory has: a byte that names use stands for itself, so "0" to "9"
follow
each other as texts of one character, 48 texts after the start (scripts/kallsyms.c,
`insert_real_symbols_in_table`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from ..memory import Memory

Endian = Literal["little", "big"]

DIGITS = b"".join(b"%c\0" % digit for digit in b"0123456789")
"""What every token table holds, and what to search memory for."""

COUNT = 256
MAX_TOKEN = 512
"""Bytes; no token is longer than the longest name (KSYM_NAME_LEN)."""

REACH = 16 << 10
"""Bytes read before and behind the digits; a whole table has about 1,000."""


@dataclass(frozen=True)
class Tokens:
    """The token texts and where they came from.

    Attributes:
        texts: 256 texts, by token number.
        table: address of `kallsyms_token_table` in the layer.
        index: address of `kallsyms_token_index`: where it was found, or would be if it were whole.
        endian: the index's byte order; None if the index is damaged.
    """

    texts: tuple[bytes, ...]
    table: int
    index: int
    endian: Endian | None


def tokens_at_digits(memory: Memory, digits: int) -> Tokens | None:
    """Read the token table around an occurrence of `DIGITS`, or None if there is none."""
    low = max(0, digits - REACH)
    before = memory.read_available(low, digits - low)
    if len(before) < digits - low:
        before = _tail(memory, low, digits)
    behind = memory.read_available(digits, REACH)
    return _parse(before, behind, digits)


def tokens_at(memory: Memory, table: int) -> Tokens | None:
    """Read the token table that starts at an address of the layer, or None if there is none."""
    data = memory.read_available(table, 2 * REACH)
    texts = _texts(data, COUNT)
    if texts is None:
        return None
    return _with_index(texts, table, data[sum(map(len, texts)) + COUNT :])


def _tail(memory: Memory, low: int, high: int) -> bytes:
    """The readable bytes that end at `high`."""
    data = b""
    for window in memory.windows(low, high):
        data = data + bytes(window.data) if window.offset == high - len(data) else bytes(window.data)
    return data[-(high - low) :]


def _parse(before: bytes, behind: bytes, digits: int) -> Tokens | None:
    later = _texts(behind, COUNT - ord("0"))
    if later is None:
        return None
    earlier: list[bytes] = []
    end = len(before)
    while len(earlier) < ord("0") - 1:
        if end < 1 or before[end - 1]:
            return None
        start = before.rfind(b"\0", max(0, end - 1 - MAX_TOKEN), end - 1) + 1
        if start == 0 or not _printable(before[start : end - 1]):
            return None
        earlier.append(before[start : end - 1])
        end = start
    return _start(
        before[:end], earlier[::-1] + later, digits - len(before), behind[sum(map(len, later)) + len(later) :]
    )


def _start(before: bytes, texts: list[bytes], base: int, behind: bytes) -> Tokens | None:
    """Find where token 0 starts: what lies before it need not be a NUL byte, so the index decides."""
    end = len(before)
    if end < 1 or before[end - 1]:
        return None
    guess: Tokens | None = None
    start = (base + end - 2) // 4 * 4 - base
    while start >= 0 and end - 1 - start <= MAX_TOKEN and _printable(before[start : end - 1]):
        tokens = _with_index([before[start : end - 1], *texts], base + start, behind)
        if tokens.endian is not None:
            return tokens
        if guess is None or (start and before[start - 1] == 0):
            guess = tokens
        start -= 4
    return guess


def _with_index(texts: list[bytes], table: int, behind: bytes) -> Tokens:
    """Add the index: it follows the table, aligned to 4 or 8 bytes."""
    ends = np.cumsum([len(text) + 1 for text in texts])
    stop = table + int(ends[-1])
    expected = np.concatenate(([0], ends[:-1])) & 0xFFFF
    for gap in range(-stop % 4, 16, 4):
        data = behind[gap : gap + 2 * COUNT]
        if len(data) < 2 * COUNT:
            break
        for endian, order in (("little", "<u2"), ("big", ">u2")):
            if np.count_nonzero(np.frombuffer(data, order) == expected) >= COUNT * 3 // 4:
                return Tokens(tuple(texts), table, stop + gap, "little" if endian == "little" else "big")
    return Tokens(tuple(texts), table, stop + -stop % 8, None)


def _texts(data: bytes, count: int) -> list[bytes] | None:
    """Split `count` NUL-terminated printable texts off the front."""
    texts = data.split(b"\0", count)
    if len(texts) <= count:
        return None
    texts = texts[:count]
    return texts if all(map(_printable, texts)) else None


def _printable(text: bytes) -> bool:
    """Whether a text can be a token: printable, of bounded length; tokens that are not used are empty."""
    return len(text) <= MAX_TOKEN and all(0x20 < byte != 0x7F for byte in text)
