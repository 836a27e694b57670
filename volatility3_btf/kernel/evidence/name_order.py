# SPDX-License-Identifier: Apache-2.0
"""Names of symbols held against a second table of them: two that were exchanged in kallsyms are found.

`__ksymtab` (include/linux/export-internal.h) has the exported symbols' addresses and names once more, from
5.4 on relative to each entry's own place. `kallsyms_seqs_of_names` (from 6.2 on, scripts/kallsyms.c) has the
numbers of all symbols in order of their names.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from ...arrays import Bytes, Int64s
from ...btf.spelling import printable
from ...memory.memory import Memory, UnreadableError
from ..kernel import Kernel, Said
from ..symbols import Symbols

_ENTRY: Final = 12
"""Bytes of an entry of `__ksymtab`: address, name and namespace, 32 bits each."""

_SECTIONS: Final = ("__ksymtab", "__ksymtab_gpl")

_MOST_EXPORTS: Final = 1 << 17
"""Entries that are looked at; kernels of 2026 have 20,000."""

_MOST_TEXT: Final = 8 << 20
"""Bytes of names that are read; they have some 400,000."""

_MOST_ALIASES: Final = 8
"""Symbols at one address that are compared with an export."""

_MOST_LOOKED_UP: Final = 64
"""Names at another address that are looked up without clang's suffix (`Symbols.promoted`)."""

_MOST_EXCHANGED: Final = 64
"""Names out of order that somebody can have exchanged; where there are more, the order is another one."""

_LOW: Final = np.uint64(0x0101010101010101)

_COMPARED: Final = 512
"""Bytes of a name that are compared (KSYM_NAME_LEN)."""


def misplaced(memory: Memory, kernel: Kernel) -> Said:
    """What the second tables say in favour and against.

    Nothing where symbols were lost: then tables are damaged, which is told elsewhere.
    """
    symbols = kernel.symbols
    if symbols is None or symbols.lost or not len(symbols):
        return Said()
    agreed, against = [], []
    in_order = _compare_order(memory, kernel, symbols)
    if in_order:
        against.append(in_order)
    elif in_order is not None:
        agreed.append("the names of symbols are in the order that kallsyms_seqs_of_names has")
    for section in _SECTIONS:
        exports = _exports(memory, kernel, section)
        if exports is None:
            continue
        seen, wrong = _compare_exports(symbols, *exports)
        if wrong and 2 * len(wrong) < seen:
            against.append(f"{len(wrong)} of {seen} names in {section} have another address, as {wrong[0]}")
        elif seen and not wrong:
            agreed.append(f"{seen} names in {section} have the same address")
    return Said(tuple(agreed), (), tuple(against))


def _exports(memory: Memory, kernel: Kernel, section: str) -> tuple[Int64s, bytes, Int64s] | None:
    """Run-time addresses of exported symbols, a text, and where in it their names start."""
    symbols = kernel.symbols
    start = None if symbols is None else symbols.get(f"__start_{section}")
    stop = None if symbols is None else symbols.get(f"__stop_{section}")
    place = None if start is None else kernel.physical(start)
    if start is None or stop is None or place is None:
        return None
    length = stop - start
    if length <= 0 or length % _ENTRY or length > _MOST_EXPORTS * _ENTRY:
        return None
    try:
        words = np.frombuffer(memory.read(place, length), "<i4" if kernel.blob.endian == "little" else ">i4")
        at = np.arange(0, length, 4, dtype=np.int64)[: len(words)]
        led = (at + words.astype(np.int64)).reshape(-1, 3)
        low, high = int(led[:, 1].min()), int(led[:, 1].max()) + _COMPARED
        if high - low > _MOST_TEXT or place + low < 0:
            return None
        text = memory.read_available(place + low, high - low)
    except UnreadableError:
        return None
    return led[:, 0] + (start - (start >> 63 << 64)), text, led[:, 1] - low


def _compare_exports(
    symbols: Symbols, addresses: Int64s, text: bytes, starts: Int64s
) -> tuple[int, list[str]]:
    """How many exports could be compared, and the names of those that kallsyms has at no such address.

    Rust's names are left out: many of its functions are one, and kallsyms does not have all their names. So
    are names that do not end in what can be read of the text.
    """
    other = np.frombuffer(text, np.uint8)
    inside = starts < text.rfind(b"\0")
    addresses, starts = addresses[inside], starts[inside]
    mangled = (other[starts] == ord("_")) & (other[np.minimum(starts + 1, len(other) - 1)] == ord("R"))
    addresses, starts = addresses[~mangled], starts[~mangled]
    listed = symbols.addresses.view(np.int64)
    order = np.argsort(listed, kind="stable")
    first = np.searchsorted(listed[order], addresses)
    known = np.frombuffer(symbols.text, np.uint8)
    found = np.zeros(len(addresses), np.bool_)
    for step in range(_MOST_ALIASES):
        left = np.flatnonzero(~found & (first + step < len(order)))
        index = order[first[left] + step]
        there = listed[index] == addresses[left]
        left, index = left[there], index[there]
        if not len(left):
            break
        found[left] = _are_equal(known, symbols.starts[index], other, starts[left])
    wrong = np.flatnonzero(~found)
    names = [
        text[start : start + _COMPARED].split(b"\0", 1)[0].decode("latin-1")
        for start in starts[wrong].tolist()
    ]
    if len(wrong) <= _MOST_LOOKED_UP:
        places = addresses[wrong].view(np.uint64).tolist()
        names = [name for name, place in zip(names, places, strict=True) if symbols.get(name) != place]
    return len(addresses), [printable(name[:64]) for name in names]


def _compare_order(memory: Memory, kernel: Kernel, symbols: Symbols) -> str | None:
    """Whether the names are in the order of `kallsyms_seqs_of_names`; None if it cannot be told.

    Empty if they are, a sentence if not.
    """
    count, place = len(symbols), kernel.find("kallsyms_seqs_of_names")
    data = b"" if place is None else memory.read_available(place, 3 * count)
    if len(data) < 3 * count:
        return None
    triples = np.frombuffer(data, np.uint8).reshape(-1, 3).astype(np.int64)
    sequence = triples[:, 0] << 16 | triples[:, 1] << 8 | triples[:, 2]
    if int(sequence.max()) >= count or not (np.bincount(sequence, minlength=count) == 1).all():
        return None
    odd = _falling(symbols, sequence)
    if not odd or len(odd) > _MOST_EXCHANGED:
        return None if odd else ""
    names = [printable(symbols.name(int(sequence[index]))[:64]) for index in odd[:2]]
    return f"the names of symbols are not in the order that the kernel has them in: {' and '.join(names)}"


def _falling(symbols: Symbols, sequence: Int64s) -> list[int]:
    """Where a name is less than the one before it, eight bytes of all at a time.

    A byte of `ends` is 0x80 where a name ends; names that differ behind their end only are equal.
    """
    text = symbols.text + bytes(8)
    words = np.ndarray((len(text) - 7,), ">u8", text, strides=(1,))
    at = symbols.starts[sequence]
    keys = words[at].astype(np.uint64)
    mine, before = keys[1:], keys[:-1]
    left = np.arange(1, len(at))
    odd: list[int] = []
    for step in range(8, _COMPARED, 8):
        ends = (mine - _LOW) & ~mine & (_LOW << np.uint64(7))
        lower = (mine < before) & (ends >> np.uint64(7) <= mine ^ before)
        odd += left[lower].tolist()
        left = left[(mine == before) & (ends == 0)]
        left = left[np.maximum(at[left], at[left - 1]) + step < len(words)]
        if not len(left) or len(odd) > _MOST_EXCHANGED:
            break
        mine, before = words[at[left] + step].astype(np.uint64), words[at[left - 1] + step].astype(np.uint64)
    return odd


def _are_equal(one: Bytes, ones: Int64s, other: Bytes, others: Int64s) -> npt.NDArray[np.bool_]:
    """Which texts that end in NUL are the same, a byte of all at a time."""
    equal = np.ones(len(ones), np.bool_)
    left = np.arange(len(ones))
    for step in range(_COMPARED):
        inside = (ones[left] + step < len(one)) & (others[left] + step < len(other))
        equal[left[~inside]] = False
        left = left[inside]
        mine, its = one[ones[left] + step], other[others[left] + step]
        equal[left[mine != its]] = False
        left = left[(mine == its) & (mine != 0)]
        if not len(left):
            break
    return equal
