# SPDX-License-Identifier: Apache-2.0
"""Chains of records, followed for all words at once: the same as record by record."""

from __future__ import annotations

import numpy as np
import pytest

from volatility3_btf.btf import BtfError, Kind
from volatility3_btf.btf.format.records import record_lengths
from volatility3_btf.btf.recover.lost_header import recover
from volatility3_btf.btf.recover.record_chains import follow, following
from volatility3_btf.btf.recover.work import Work


def one_by_one(words: np.ndarray, ends: list[int], start: int) -> tuple[int, int]:  # type: ignore[type-arg]
    """The end that records from a word on lead to, and how many they are; -1 and 0 if they lead to none."""
    lengths, steps = [*record_lengths(words).tolist(), 0], 0
    while start not in ends:
        if start >= len(words) or not lengths[start]:
            return -1, 0
        start, steps = start + lengths[start], steps + 1
    return ends.index(start), steps


@pytest.mark.parametrize("size", [1, 2, 30, 5000, pytest.param(40_000, marks=pytest.mark.slow)])
def test_as_record_by_record(size: int) -> None:
    chance = np.random.default_rng(size)
    kinds = chance.choice([Kind.PTR, Kind.INT, Kind.STRUCT, Kind.ENUM, Kind.FUNC, 0, 0x60], size)
    words = (kinds.astype(np.uint32) << 24) | chance.choice([0, 1, 2, 40], size).astype(np.uint32)
    ends = sorted({size, *chance.integers(size * 3 // 4, size, 3).tolist()})
    chains = follow(following(words), ends)
    expected = [one_by_one(words, ends, start) for start in range(size)]
    assert chains.end.tolist() == [end for end, _ in expected]
    for number in range(len(ends)):
        steps = [count if end == number else 0 for end, count in expected]
        assert chains.left(number).tolist() == steps
        assert chains.longest[number] == max(steps)


def test_no_more_is_looked_at_than_is_allowed() -> None:
    data = b"\x0c" * 100_000 + b"\0a_name" * 100 + b"\0\0"
    with pytest.raises(BtfError, match="no type records"):
        recover(data, 100_001)
    work = Work(1000)
    with pytest.raises(BtfError, match="too much"):
        recover(data, 100_001, work)
    assert work.is_used_up
