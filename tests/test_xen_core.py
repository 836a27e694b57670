# SPDX-License-Identifier: Apache-2.0
"""Xen's core dumps: pages in a section, their numbers in another."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.cores import xen
from volatility3_btf import open_memory
from volatility3_btf.files.formats import FormatError

PAGE = 4096
FRAMES = [0, 1, 2, 7, 6, 0x100000, 0x100001]
CONTENT = {frame: bytes((number + 1,)) * PAGE for number, frame in enumerate(FRAMES)}


@pytest.mark.parametrize("p2m", [False, True], ids=["HVM", "PV"])
def test_pages_lie_where_their_numbers_say(tmp_path: Path, p2m: bool) -> None:
    (tmp_path / "core").write_bytes(xen(list(CONTENT.items()), p2m))
    with open_memory(tmp_path / "core") as memory:
        assert [(run.start, run.length) for run in memory.runs] == [
            (0, 3 * PAGE),
            (6 * PAGE, PAGE),
            (7 * PAGE, PAGE),
            (0x100000 * PAGE, 2 * PAGE),
        ]
        for frame, data in CONTENT.items():
            assert memory.read(frame * PAGE, PAGE) == data


def test_numbers_that_stand_for_no_page_are_left_out(tmp_path: Path) -> None:
    pages = [(0, b"a" * PAGE), (2**64 - 1, b"b" * PAGE), (1, b"c" * PAGE)]
    (tmp_path / "core").write_bytes(xen(pages))
    with open_memory(tmp_path / "core") as memory:
        assert memory.size == 2 * PAGE
        assert memory.read(0, 2 * PAGE) == b"a" * PAGE + b"c" * PAGE


@pytest.mark.parametrize("lost", ["table of sections", "names", "numbers"])
def test_a_core_whose_end_is_missing_is_named(tmp_path: Path, lost: str) -> None:
    """Xen's own writes pages, then their numbers, then names; where its table of sections lies is free."""
    data = xen(list(CONTENT.items()))
    names = data.index(b"\0.shstrtab")
    table, numbers = len(data) - 4 * 64, len(data) - 4 * 64 - 8 * len(FRAMES)
    moved = bytearray(data[:64].ljust(512, b"\0") + bytes(data[512:]))
    moved[40:48] = (64).to_bytes(8, "little")
    moved[64 : 64 + 4 * 64] = data[table:]
    cuts = {"table of sections": data[:table], "names": moved[:names], "numbers": moved[:numbers]}
    (tmp_path / "core").write_bytes(cuts[lost])
    with pytest.raises(FormatError, match="a Xen core that is cut short"):
        open_memory(tmp_path / "core")


def test_pages_without_a_number_are_counted(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    data = xen(list(CONTENT.items()))
    table = len(data) - 4 * 64
    moved = bytearray(data)
    moved[40:48] = (64).to_bytes(8, "little")
    moved[64 : 64 + 4 * 64] = data[table:]
    (tmp_path / "core").write_bytes(moved[: table - 2 * 8])
    with open_memory(tmp_path / "core") as memory:
        assert memory.size == 5 * PAGE
    assert "the Xen core is cut short: 2 of its pages have no number" in caplog.text


def test_every_change_of_a_byte_gives_a_part_or_a_format_error(tmp_path: Path) -> None:
    data = xen([(0, b"a" * PAGE), (5, b"b" * PAGE)])
    tail = len(data) - 5 * 64 - 100
    for at in [*range(16, 64), *range(tail, len(data))]:
        changed = bytearray(data)
        changed[at] ^= 0xFF
        (tmp_path / "core").write_bytes(changed)
        try:
            with open_memory(tmp_path / "core") as memory:
                assert memory.size <= 2 * len(data)
        except FormatError:
            continue
