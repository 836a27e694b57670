# SPDX-License-Identifier: Apache-2.0
"""A few of the mixtures of decoys that `make decoys` tries; and that each decoy writes something."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from decoys import Row, ground_of, run, table
from dumpmaker.cache import Dump
from support.decoys import DECOYS, Ground

GetDump = Callable[[str], Dump]


@pytest.fixture(scope="module")
def ground(dump: GetDump) -> Ground:
    return ground_of("amd64-6.1", dump)


@pytest.mark.parametrize("name", sorted(DECOYS))
def test_every_decoy_writes_into_free_memory(ground: Ground, name: str) -> None:
    DECOYS[name](ground, random.Random(3))
    written = sorted(ground.image._changed)
    before = dict(ground.image._changed)
    ground.restore()
    assert written
    assert not any(any(before[page]) for page in written)


@pytest.mark.parametrize(
    ("name", "first"),
    [
        *(("amd64-5.10", 24), ("amd64-6.12", 124)),
        *(("amd64-6.1", 100_000), ("amd64-7", 100_000), ("arm64-6.12", 100_000)),
    ],
)
def test_the_answer_is_the_honest_one(dump: GetDump, name: str, first: int) -> None:
    """Numbers 24 and 25 on 5.10 once tied the kernel's symbols to a copy of its read-only data.

    Number 124 on 6.12 has two copies of one kernel, of which one seemed to run.
    """
    row = run(name, ground_of(name, dump), first, 3)
    assert row.words == {"honest": 3}


def test_the_table_counts() -> None:
    rows = [Row("a"), Row("b")]
    rows[0].words["honest"] += 2
    rows[1].words["hidden"] += 1
    assert table(rows).splitlines()[-1] == "| **all** | 3 | 2 |  |  | 1 |  |"
