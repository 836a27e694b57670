# SPDX-License-Identifier: Apache-2.0
"""The one pass over an image: what it keeps, for whom, and what it costs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.files.images import FileMemory
from volatility3_btf.kernel.loaded.origin import find_sightings
from volatility3_btf.memory import search_processes as children
from volatility3_btf.memory.memory import BytesMemory, Run, UnreadableError
from volatility3_btf.survey import BANNER, BTF, DIGITS, EVERYTHING, MOST_IN_MIB, NOTE, SHARES, Survey

MIB = 1 << 20
LITTLE, BIG = BTF["little"], BTF["big"]


class Counted(BytesMemory):
    """Counts the bytes that are read."""

    count = 0

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        self.count += length
        return super()._read(run, offset, length)


def image() -> bytearray:
    data = bytearray(64 * MIB)
    for at, needle in (
        (5, BANNER),
        (MIB, BIG),
        (9 * MIB, LITTLE),
        (40 * MIB, NOTE),
        (50 * MIB, DIGITS),
        (63 * MIB, BIG),
    ):
        data[at : at + len(needle)] = needle
    return data


def test_everything_is_found_in_one_pass_whoever_asks_first() -> None:
    memory = Counted(image())
    survey = Survey(memory)
    assert list(survey.places(NOTE)) == [(40 * MIB, NOTE)]
    assert list(survey.places(BANNER)) == [(5, BANNER)]
    assert list(survey.places(LITTLE, BIG)) == [(MIB, BIG), (9 * MIB, LITTLE), (63 * MIB, BIG)]
    assert list(survey.places(LITTLE, BIG, start=MIB + 1)) == [(9 * MIB, LITTLE), (63 * MIB, BIG)]
    assert list(survey.places(DIGITS)) == [(50 * MIB, DIGITS)]
    assert memory.size <= memory.count < memory.size + MIB


def test_it_goes_no_further_than_it_is_asked_to() -> None:
    memory = Counted(image())
    survey = Survey(memory)
    assert next(survey.places(BANNER)) == (5, BANNER)
    assert memory.count < 10 * MIB


def test_two_who_ask_in_turn_see_the_same() -> None:
    survey = Survey(BytesMemory(image()))
    pairs = zip(survey.places(LITTLE, BIG), survey.places(LITTLE, BIG), strict=True)
    assert [one == other for one, other in pairs] == [True] * 3


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError])
def test_a_search_that_was_broken_off_is_never_taken_for_a_whole_one(error: type[BaseException]) -> None:
    def stop(percentage: float, what: str) -> None:
        if percentage > 50:
            raise error

    survey = Survey(BytesMemory(image()), progress=stop)
    with pytest.raises(error):
        list(survey.places(LITTLE, BIG))
    with pytest.raises(UnreadableError, match="broken off"):
        list(survey.places(LITTLE, BIG))
    with pytest.raises(UnreadableError, match="broken off"):
        list(survey.places(DIGITS))


def test_a_mib_full_of_them_takes_no_other_ones_place() -> None:
    survey = Survey(BytesMemory(LITTLE * (MIB // 4) + bytes(MIB) + LITTLE + bytes(MIB)))
    found = [offset for offset, _ in survey.places(LITTLE)]
    assert found == [*range(0, 4 * MOST_IN_MIB, 4), 2 * MIB]
    assert survey.is_crowded(LITTLE) and not survey.is_crowded(BANNER)


def test_what_is_kept_of_a_large_image_is_bounded() -> None:
    full = SHARES[0][0] // MOST_IN_MIB
    survey = Survey(BytesMemory((LITTLE * MOST_IN_MIB).ljust(MIB, b"\0") * (full + 8)))
    behind = [offset for offset, _ in survey.places(LITTLE, start=full * MIB)]
    assert len(behind) == 8 * SHARES[0][1]
    assert {offset // MIB for offset in behind} == set(range(full, full + 8))


@pytest.mark.parametrize("needle", EVERYTHING)
def test_one_that_lies_across_two_pieces_is_found(needle: bytes) -> None:
    data = bytearray(16 * MIB)
    places = [border - 1 for border in range(MIB, 16 * MIB, MIB)]
    for at in places:
        data[at : at + len(needle)] = needle
    assert [offset for offset, _ in Survey(BytesMemory(data)).places(needle)] == places


@pytest.mark.parametrize("search", [identify_kernel, lambda memory: list(find_sightings(memory))])
def test_a_real_image_is_gone_over_once(
    search: Callable[[FileMemory], object], dump: Callable[[str], Dump], monkeypatch: pytest.MonkeyPatch
) -> None:
    """All that is read, kernel and modules decoded, is little more than the image."""
    read, counted = FileMemory._read, [0]

    def count(self: FileMemory, run: Run, offset: int, length: int) -> bytes:
        counted[0] += length
        return read(self, run, offset, length)

    monkeypatch.setattr(children, "can_be_had", lambda: False)
    monkeypatch.setattr(FileMemory, "_read", count)
    path: Path = dump("amd64-6.1").raw
    with open_memory(path) as memory:
        search(memory)
    assert counted[0] < 1.2 * path.stat().st_size
