# SPDX-License-Identifier: Apache-2.0
"""Names followed from every byte at once: the same as name by name."""

from __future__ import annotations

import random

import numpy as np
import pytest

from volatility3_btf.kernel.kallsyms.name_stream import Stream, lengths


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


def test_names_from_some_starts_as_name_by_name() -> None:
    chance = random.Random(5)
    data = bytes(chance.choices([*[1, 7, 20, 3, 9] * 40, 0, 0x81], k=20_000))
    starts = np.arange(len(data))
    found = lengths(data, starts, np.full(len(data), 700), np.ones(256, np.bool_), 64)
    expected = [one_by_one(data, start, 64, True) for start in starts.tolist()]
    kept = [end - start if end < min(len(data), start + 701) else 0 for start, end in enumerate(expected)]
    assert found.tolist() == kept
    assert 100 < np.count_nonzero(found) < len(data)


def test_names_must_begin_with_type_letters() -> None:
    letters = np.zeros(256, np.bool_)
    letters[7] = True
    named, wrong = b"\x02\x07\xff", b"\x02\xff\x07"
    data = named * 70 + wrong * 70 + bytes(8)
    starts, most = np.array([0, len(named) * 70]), np.full(2, 400)
    assert lengths(data, starts, most, letters, 64).tolist() == [192, 0]
