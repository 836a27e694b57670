# SPDX-License-Identifier: Apache-2.0
"""What a memory holds, how it is read, and that a search loses and invents nothing at any border."""

from __future__ import annotations

import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.memories import Holey, islands, occurrences
from volatility3_btf.memory import memory as memory_module
from volatility3_btf.memory.memory import (
    PAGE,
    BytesMemory,
    Run,
    SegmentedMemory,
    UnreadableError,
    tidy_runs,
)

CHUNK = 8


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "CHUNK", CHUNK)


@st.composite
def segments(draw: st.DrawFn) -> list[tuple[int, bytes]]:
    """Up to six pieces of few different bytes, that touch or leave gaps."""
    found, position = [], draw(st.integers(0, 20))
    for _ in range(draw(st.integers(1, 6))):
        data = draw(st.text("abc", min_size=1, max_size=25)).encode()
        found.append((position, data))
        position += len(data) + draw(st.sampled_from([0, 0, 1, 7]))
    return found


# --- runs ---


def test_runs_are_sorted_and_do_not_overlap() -> None:
    assert tidy_runs([Run(50, 10), Run(0, 20), Run(10, 20), Run(12, 3), Run(60, 1)]) == (
        Run(0, 20),
        Run(20, 10),
        Run(50, 10),
        Run(60, 1),
    )


def test_size_and_end() -> None:
    memory = SegmentedMemory([(100, b"abc"), (10, b"xy")])
    assert memory.runs == (Run(10, 2), Run(100, 3))
    assert (memory.size, memory.end) == (5, 103)
    assert (SegmentedMemory([]).size, SegmentedMemory([]).end) == (0, 0)


def test_segments_that_overlap_are_refused() -> None:
    with pytest.raises(ValueError, match="overlap"):
        SegmentedMemory([(0, b"abc"), (2, b"de")])


# --- reading ---


@given(segments(), st.integers(-2, 200), st.integers(-2, 60))
def test_read_gives_all_or_names_the_first_missing_byte(
    pieces: list[tuple[int, bytes]], offset: int, length: int
) -> None:
    memory = SegmentedMemory(pieces)
    plain = {start + i: byte for start, data in pieces for i, byte in enumerate(data)}
    missing = next((a for a in range(offset, offset + length) if a not in plain), None)
    if missing is None and min(offset, length) >= 0:
        assert memory.read(offset, length) == bytes(plain[a] for a in range(offset, offset + length))
    else:
        with pytest.raises(UnreadableError) as caught:
            memory.read(offset, length)
        assert caught.value.offset == (missing if min(offset, length) >= 0 else offset)


@given(segments(), st.integers(0, 200), st.integers(0, 60))
def test_read_available_stops_at_the_first_gap(
    pieces: list[tuple[int, bytes]], offset: int, length: int
) -> None:
    memory = SegmentedMemory(pieces)
    expected = b""
    for start, data in islands(pieces):
        if start <= offset < start + len(data):
            expected = data[offset - start : offset - start + length]
    assert memory.read_available(offset, length) == expected
    assert memory.available(offset, length) == len(expected)


@pytest.mark.parametrize("exact", [True, False])
def test_read_available_stops_at_the_first_page_that_fails(exact: bool) -> None:
    data = bytes(range(1, 252)) * 100
    memory = Holey([(0, data)], bad=[(2 * PAGE, 2 * PAGE + 1)], exact=exact)
    for offset in (0, 5, PAGE, 2 * PAGE - 1, 2 * PAGE, 3 * PAGE):
        end = 2 * PAGE if offset <= 2 * PAGE else offset + 100
        length = 4 * PAGE if offset <= 2 * PAGE else 100
        assert memory.read_available(offset, length) == data[offset:end]
    with pytest.raises(UnreadableError):
        memory.read(5, 3 * PAGE)


# --- searching ---


@given(segments(), st.text("abc", min_size=1, max_size=12).map(str.encode))
def test_find_is_exact_across_every_border(pieces: list[tuple[int, bytes]], needle: bytes) -> None:
    assert list(SegmentedMemory(pieces).find(needle)) == list(occurrences(pieces, needle))


@given(
    segments(),
    st.lists(st.text("abc", min_size=1, max_size=12).map(str.encode), min_size=1, max_size=3, unique=True),
)
def test_search_tells_of_each_match_of_each_needle_once(
    pieces: list[tuple[int, bytes]], needles: list[bytes]
) -> None:
    found = list(SegmentedMemory(pieces).search(needles))
    expected = [(a, number) for number, needle in enumerate(needles) for a in occurrences(pieces, needle)]
    assert sorted(found) == sorted(expected)
    if len({len(needle) for needle in needles}) == 1:
        assert found == sorted(found)


@given(
    segments(), st.text("ab", min_size=1, max_size=4).map(str.encode), st.integers(0, 80), st.integers(0, 80)
)
def test_find_keeps_within_its_bounds(
    pieces: list[tuple[int, bytes]], needle: bytes, start: int, stop: int
) -> None:
    expected = [a for a in occurrences(pieces, needle) if start <= a and a + len(needle) <= stop]
    assert list(SegmentedMemory(pieces).find(needle, start, stop)) == expected


@given(segments(), st.integers(0, 10))
def test_windows_cover_every_byte_once(pieces: list[tuple[int, bytes]], overlap: int) -> None:
    memory = SegmentedMemory(pieces)
    seen: dict[int, int] = {}
    for window in memory.windows(overlap=overlap):
        assert bytes(window.data) == memory.read(window.offset, len(window.data))
        if not window.first:
            seen.update({window.offset + i: window.data[i] for i in range(window.fresh)})
    assert seen == {start + i: byte for start, data in pieces for i, byte in enumerate(data)}


def test_what_cannot_be_read_is_skipped_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(memory_module, "CHUNK", 16 * PAGE)
    needle, size = b"needle!", 64 * PAGE
    data = bytearray(size)
    # Behind and before each page border, and across it: whole chunks are halved where one page fails.
    places = sorted({p * PAGE + d for p in range(1, 64) for d in (-100, -3, 100)})
    for place in places:
        data[place : place + len(needle)] = needle
    bad = [(5 * PAGE, 6 * PAGE), (20 * PAGE + 9, 20 * PAGE + 10), (48 * PAGE, 64 * PAGE)]
    pages = {5, 20, *range(48, 64)}
    memory = Holey([(0, bytes(data))], bad, exact=False)
    with caplog.at_level(logging.INFO):
        found = list(memory.find(needle))
    assert found == [p for p in places if not {p // PAGE, (p + len(needle) - 1) // PAGE} & pages]
    lost = [int(record.args[0]) for record in caplog.records if "skipped" in record.msg]
    # The overlap of a chunk belongs to two reads; the whole pages are what counts.
    assert PAGE * len(pages) <= sum(lost) < PAGE * (len(pages) + 1)
    assert [record.levelno for record in caplog.records if "skipped" in record.msg].count(
        logging.WARNING
    ) == 1


def test_a_border_beside_a_bad_page_is_still_searched() -> None:
    memory = Holey([(0, b"..ab"), (4, b"cd...")], bad=[(7, 9)])
    assert list(memory.find(b"abcd")) == [2]


def test_search_is_lazy() -> None:
    memory = Holey([(0, b"x" * (100 * CHUNK))], bad=[])
    found = memory.find(b"x")
    assert memory.reads == 0
    assert next(found) == 0
    assert memory.reads == 1
    found.close()
    assert memory.reads == 1


def test_progress_rises_to_the_end() -> None:
    told: list[tuple[float, str]] = []
    memory = SegmentedMemory([(1000, b"x" * 3000), (9000, b"y" * 1000)])
    list(memory.search([b"z"], progress=lambda done, what: told.append((done, what)), what="Looking"))
    percentages = [done for done, _ in told]
    assert percentages == sorted(percentages)
    assert percentages[-1] == 100
    assert 10 <= len(told) <= 110
    assert {what for _, what in told} == {"Looking"}


def test_bytes_memory_starts_at_its_base() -> None:
    memory = BytesMemory(b"hello", base=0x1000)
    assert memory.read(0x1001, 3) == b"ell"
    with pytest.raises(UnreadableError) as caught:
        memory.read(0xFFF, 2)
    assert caught.value.offset == 0xFFF
    assert "0xfff" in str(caught.value)
