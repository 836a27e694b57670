# SPDX-License-Identifier: Apache-2.0
"""How kallsyms stores addresses, and which way a kernel uses.

| versions | address of symbol i (kernel/kallsyms.c, `kallsyms_sym_address`) |
|---|---|
| before 4.6, or by choice | addresses[i] |
| 4.6 and later | relative_base + (u32) offsets[i] |
| 4.6 to 6.14, x86-64 SMP (ABSOLUTE_PERCPU) | offsets[i] if ≥ 0, else relative_base − 1 − offsets[i] |
| 7.0 and later | address of offsets[i] + (s32) offsets[i] |
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np
import numpy.typing as npt

from ...arrays import Bools, Int64s, Uint64s
from ...memory.addresses import Place
from ...memory.gaps import read_filled, read_number
from ...memory.memory import Memory
from .tables import Tables, address_tables

Rule = Literal["absolute", "relative", "per-CPU absolute", "self-relative"]

MOST_READINGS = 4
"""Readings that are kept: each has ten bytes a symbol, and there may be twenty."""

_MOST_ZEROS = 8
"""Symbols whose number is 0, of which an honest table has two to four; more are a hole in it."""


@dataclass(frozen=True)
class Addresses:
    """The addresses of all symbols by one rule.

    Attributes:
        rule: how they are stored.
        values: addresses; by a floating reading, distances from a place that is still to be found.
        fixed: which of them are absolute, such as per-CPU offsets: neither KASLR nor a missing base touches
            them.
        sound: which of them the table really holds: not those in a hole.
        place: address of the table in the layer.
        base: address of `kallsyms_relative_base` in the layer, where the rule has one.
        start: its value.
        order: the share of symbols that do not lie before their predecessor; 1.0 in an undamaged table.
        floating: whether `values` are places in the layer (self-relative) or lack their base (relative).
    """

    rule: Rule
    values: Uint64s = field(repr=False)
    fixed: Bools = field(repr=False)
    sound: Bools = field(repr=False)
    place: int
    base: int | None
    start: int | None
    order: float
    floating: bool


def readings(memory: Memory, tables: Tables, numbers: Int64s | None = None) -> list[Addresses]:
    """The ways to read the addresses of these tables, the best ordered first, `MOST_READINGS` of them.

    Args:
        memory: the image.
        tables: the tables.
        numbers: the symbols, in ascending order, whose addresses are wanted; all if None.
    """
    found: list[Addresses] = []
    for entry in address_tables(tables):
        found += _read(memory, tables, numbers, *entry)
        found.sort(key=lambda reading: -reading.order)
        del found[MOST_READINGS:]
    return found


def without_base(reading: Addresses) -> Addresses:
    """The same reading as if `kallsyms_relative_base` were lost."""
    if reading.start is None:
        return reading
    values = np.where(reading.fixed, reading.values, reading.values - np.uint64(reading.start))
    return replace(reading, values=values, start=None, base=None, floating=True)


def _read(
    memory: Memory, tables: Tables, numbers: Int64s | None, kind: str, place: int, base: int | None
) -> Iterator[Addresses]:
    order = "<" if tables.endian == "little" else ">"
    size = 8 if kind == "addresses" else 4
    data, missing = read_filled(memory, place, size * tables.count)
    if missing == len(data):
        return
    if numbers is None:
        numbers = np.arange(tables.count, dtype=np.int64)
    raw = np.frombuffer(data, f"{order}u{size}")[numbers].astype(np.uint64)
    sound = raw != 0
    if np.count_nonzero(~sound) <= _MOST_ZEROS:
        sound = np.ones(len(raw), np.bool_)
    none = np.zeros(len(raw), np.bool_)
    if kind == "addresses":
        yield Addresses("absolute", raw, none, sound, place, None, None, _order(raw, sound), False)
        return
    signed = raw.astype(np.uint32).view(np.int32).astype(np.int64)
    if base is None:
        places = signed + place + 4 * numbers
        values = places.astype(np.uint64)
        yield Addresses("self-relative", values, none, sound, place, None, None, _order(places, sound), True)
        return
    start = read_number(memory, Place(base), 8, tables.endian) or 0
    yield Addresses(
        "relative", raw + np.uint64(start), none, sound, place, base, start, _order(raw, sound), False
    )
    fixed = signed >= 0
    if not fixed.all():
        # Without its base, for the order: addresses far behind all absolute values.
        level = np.where(fixed, signed, -1 - signed + (1 << 40))
        values = np.where(fixed, raw, (-1 - signed).astype(np.uint64) + np.uint64(start))
        yield Addresses(
            "per-CPU absolute", values, fixed, sound, place, base, start, _order(level, sound), False
        )


def _order(values: npt.NDArray[np.int64] | Uint64s, sound: Bools) -> float:
    """The share of values that are not less than the one before; all equal is no order."""
    values = values[sound]
    if len(values) < 2 or bool((values == values[0]).all()):
        return 0.0
    return float(np.count_nonzero(values[1:] >= values[:-1])) / (len(values) - 1) * len(values) / len(sound)
