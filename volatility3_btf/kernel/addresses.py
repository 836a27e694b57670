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
from dataclasses import dataclass, field
from typing import Literal

import numpy as np
import numpy.typing as npt

from ..memory import Memory
from .reading import read_filled, read_number
from .tables import Tables, address_tables

Rule = Literal["absolute", "relative", "per-CPU absolute", "self-relative"]
Uint64s = npt.NDArray[np.uint64]

_MASK = (1 << 64) - 1


@dataclass(frozen=True)
class Addresses:
    """The addresses of all symbols by one rule.

    Attributes:
        rule: how they are stored.
        values: the addresses; by the self-relative rule they are *places in the layer* until the distance
            between virtual and physical addresses is known.
        place: address of the table in the layer.
        base: address of `kallsyms_relative_base` in the layer, where the rule has one.
        order: the share of symbols that do not lie before their predecessor; 1.0 in an undamaged table.
        missing: bytes of the table that could not be read.
    """

    rule: Rule
    values: Uint64s = field(repr=False)
    place: int
    base: int | None
    order: float
    missing: int

    @property
    def placed(self) -> bool:
        """Whether `values` are places in the layer, not virtual addresses."""
        return self.rule == "self-relative"


def readings(memory: Memory, tables: Tables) -> list[Addresses]:
    """Every way to read the addresses of these tables, the best ordered first."""
    found = [reading for entry in address_tables(tables) for reading in _read(memory, tables, *entry)]
    return sorted(found, key=lambda reading: -reading.order)


def _read(memory: Memory, tables: Tables, kind: str, place: int, base: int | None) -> Iterator[Addresses]:
    order = "<" if tables.endian == "little" else ">"
    size = 8 if kind == "addresses" else 4
    data, missing = read_filled(memory, place, size * tables.count)
    if missing == len(data):
        return
    if kind == "addresses":
        values = np.frombuffer(data, order + "u8").astype(np.uint64)
        yield Addresses("absolute", values, place, None, _order(values), missing)
        return
    offsets = np.frombuffer(data, order + "u4")
    if base is None:
        places = _signed(offsets) + place + 4 * np.arange(tables.count, dtype=np.int64)
        yield Addresses("self-relative", places.astype(np.uint64), place, None, _order(places), missing)
        return
    start = read_number(memory, base, 8, tables.endian)
    if start is not None:
        for rule, values in _relative(offsets, start):
            yield Addresses(rule, values, place, base, _order(values), missing)


def _relative(offsets: npt.NDArray[np.uint32], base: int) -> Iterator[tuple[Rule, Uint64s]]:
    """The two rules that need `kallsyms_relative_base`; without negative offsets they would be the same."""
    yield "relative", offsets.astype(np.uint64) + np.uint64(base)
    signed = _signed(offsets)
    if (signed < 0).any():
        behind = (-1 - signed).astype(np.uint64) + np.uint64(base)
        yield "per-CPU absolute", np.where(signed >= 0, signed.astype(np.uint64), behind)


def _signed(offsets: npt.NDArray[np.uint32]) -> npt.NDArray[np.int64]:
    return offsets.astype(np.uint32).view(np.int32).astype(np.int64)


def _order(values: npt.NDArray[np.int64] | Uint64s) -> float:
    """The share of values that are not less than the one before; all equal is no order."""
    if len(values) < 2 or values[0] == values[-1]:
        return 0.0
    return float(np.count_nonzero(values[1:] >= values[:-1])) / (len(values) - 1)
