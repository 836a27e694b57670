# SPDX-License-Identifier: Apache-2.0
"""Names followed from every byte at once: the same as name by name."""

from __future__ import annotations

import random

import pytest

from volatility3_btf.kernel.streams import Stream


def one_by_one(data: bytes, start: int, names: int, wide: bool) -> int:
    """Where the names from a byte on end; the end of the data if one has no length, or reaches so far."""
    for _ in range(names):
        length = data[start]
        start += 1
        if wide and length & 0x80:
            length = length & 0x7F | (data[start] if start < len(data) else 0) << 7
            start += 1
        start += length
        if not length or start >= len(data):
            return len(data)
    return start


@pytest.mark.parametrize("wide", [True, False])
@pytest.mark.parametrize("lengths", [[1, 2, 3], [1, 7, 20, 0], [3, 0x80, 0x81, 1, 0], [*range(256)]])
def test_as_name_by_name(lengths: list[int], wide: bool) -> None:
    chance = random.Random(len(lengths))
    data = bytes(chance.choices(lengths, k=70_000))
    stream = Stream(data, wide)
    for names in (64, 1, 256):
        ends = stream.ends(names)
        starts = [*chance.sample(range(len(data)), 2000), *range(69_000, 70_000)]
        assert [int(ends[start]) for start in starts] == [
            one_by_one(data, start, names, wide) for start in starts
        ]
        assert ends[len(data)] == len(data)


def test_no_bytes() -> None:
    assert Stream(b"", True).ends(256).tolist() == [0]
