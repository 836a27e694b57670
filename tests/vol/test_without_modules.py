# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Where stringzilla and orjson cannot be had, the same comes out, later."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.memories import occurrences
from support.volrunner import Vol
from volatility3_btf import byte_search

NAME = "amd64-6.1-stream"


@dataclass(frozen=True)
class Without(Vol):
    """`vol` where neither of the two is installed."""

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of every run."""
        kept = super().environment
        taken = str(CHECKOUT / "tests" / "support" / "without")
        return {**kept, "PYTHONPATH": os.pathsep.join([taken, kept["PYTHONPATH"]])}


def test_the_same_rows_and_the_same_file(dump: Callable[[str], Dump], tmp_path: Path, vol: Vol) -> None:
    image, without = dump(NAME).raw, Without(tmp_path / "without")
    scans = [each("linux.btfscan", "--all", image=image) for each in (vol, without)]
    assert scans[0].rows
    assert scans[1].stdout == scans[0].stdout
    tables = [each("linux.btfisf", image=image) for each in (vol, without)]
    assert tables[1].stdout == tables[0].stdout
    written = [result.output / result.rows[0]["File output"] for result in tables]
    assert written[1].read_bytes() == written[0].read_bytes()
    assert "Traceback" not in scans[1].stderr + tables[1].stderr


@given(st.lists(st.sampled_from([b"a", b".", b"a.", b"\0", b"\n"]), max_size=30), st.integers(0, 20))
def test_pythons_search_finds_what_is_there(pieces: list[bytes], start: int) -> None:
    data = b"".join(pieces)
    for needle in (b"a", b"a.", b".", b"\n\0"):
        found = [at for at in occurrences([(0, data)], needle) if at >= start]
        for buffer in (data, memoryview(data)):
            assert byte_search._find(buffer, needle, start) == (found[0] if found else -1)
            assert byte_search._count(buffer, needle) == data.count(needle)
            assert byte_search.count(buffer, needle) == data.count(needle)
