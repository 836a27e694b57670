# SPDX-License-Identifier: Apache-2.0
"""Image files: where memory lies in each format, what damage does, and what a search maps."""

from __future__ import annotations

import mmap
import os
import struct
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.cores import FORMS, PN_XNUM, Elf, Piece, lime
from support.memories import occurrences
from volatility3_btf.files import images, segments
from volatility3_btf.files.formats import FormatError
from volatility3_btf.files.images import open_memory
from volatility3_btf.files.segments import Segment, tidy_segments
from volatility3_btf.memory import search_worker as finder
from volatility3_btf.memory.memory import PAGE, Memory, Run, UnreadableError
from volatility3_btf.sources.errors import SourceError
from volatility3_btf.sources.types_in_file import read_types

LOW, HIGH = b"low memory" * 3, b"high memory" * 4
PIECES: list[Piece] = [(0x1000, LOW), (0x80000000, HIGH)]

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes the bytes of an image to a file."""

    def write_image(data: bytes) -> Path:
        path = tmp_path / "image"
        path.write_bytes(data)
        return path

    return write_image


def content(memory: Memory) -> list[Piece]:
    """Everything an image holds, run by run."""
    return [(run.start, memory.read(run.start, run.length)) for run in memory.runs]


# --- formats ---


def test_raw_addresses_are_file_offsets(write: Write) -> None:
    with open_memory(write(b"\0" * 100 + LOW)) as memory:
        assert memory.runs == (Run(0, 130),)
        assert memory.read(100, 30) == LOW
        assert memory.file_offset(129) == 129


def test_an_empty_file_is_an_image_of_nothing(write: Write) -> None:
    with open_memory(write(b"")) as memory:
        assert memory.runs == ()
        assert list(memory.find(b"x")) == []


@pytest.mark.parametrize("elf", FORMS.values(), ids=FORMS)
@pytest.mark.parametrize("extended", [False, True], ids=["", "PN_XNUM"])
def test_elf_core(write: Write, elf: Elf, extended: bool) -> None:
    with open_memory(write(elf.core(PIECES, extended))) as memory:
        assert content(memory) == PIECES
        assert list(memory.find(b"memory")) == list(occurrences(PIECES, b"memory"))
        start = elf.header_size + 3 * elf.entry_size + 32
        assert memory.file_offset(0x1003) == start + 3
        with pytest.raises(UnreadableError):
            memory.file_offset(0x1000 + len(LOW))


@pytest.mark.parametrize("elf", FORMS.values(), ids=FORMS)
def test_elf_segments_may_come_in_any_order(write: Write, elf: Elf) -> None:
    with open_memory(write(elf.core(PIECES[::-1]))) as memory:
        assert content(memory) == PIECES


def test_lime_ranges_may_come_in_any_order(write: Write) -> None:
    for pieces in (PIECES, PIECES[::-1]):
        with open_memory(write(lime(pieces))) as memory:
            assert content(memory) == PIECES


def test_ranges_that_touch_are_read_as_one(write: Write) -> None:
    with open_memory(write(Elf().core([(14, HIGH), (4, b"just below")]))) as memory:
        assert memory.read(4, 20) == b"just below" + HIGH[:10]
        assert list(memory.find(b"belowhigh")) == [9]


def test_where_segments_overlap_the_earlier_start_wins(write: Write) -> None:
    pieces = [(100, b"a" * 50), (120, b"b" * 10), (140, b"c" * 20), (100, b"d" * 20)]
    with open_memory(write(Elf().core(pieces))) as memory:
        # Of two that start together, the first in the file wins.
        assert content(memory) == [(100, b"a" * 50), (150, b"c" * 10)]


@given(st.lists(st.tuples(st.integers(0, 60), st.integers(0, 999), st.integers(0, 30))))
def test_tidied_segments_hold_the_same_addresses_each_once(ranges: list[tuple[int, int, int]]) -> None:
    segments = [Segment(*numbers) for numbers in ranges]
    tidy = tidy_segments(segments)
    held = [address for start, _, length in tidy for address in range(start, start + length)]
    assert held == sorted({a for start, _, length in segments for a in range(start, start + length)})
    for start, offset, _ in tidy:
        assert any(offset - start == s.file_offset - s.address for s in segments)


def test_what_only_volatility_reads_is_named(write: Write) -> None:
    with pytest.raises(FormatError, match=r"AVML.*layer_memory"):
        open_memory(write(b"AVML" + bytes(100)))


def test_what_is_no_file_is_refused_without_waiting(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, name in (
        (tmp_path / "pipe", "a pipe"),
        (tmp_path, "a folder"),
        (Path("/dev/null"), "a device"),
    ):
        with pytest.raises(FormatError, match=name):
            open_memory(path)
        with pytest.raises(SourceError, match=name):
            read_types(path)


def test_a_missing_file_is_the_systems_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        open_memory(tmp_path / "none")


# --- damage ---


def opened(path: Path, data: bytes) -> list[Piece] | None:
    """What is left of an image; None where it was refused. Nothing else may happen."""
    path.write_bytes(data)
    try:
        with open_memory(path) as memory:
            assert memory.size <= len(data)
            for window in memory.windows(overlap=3):
                assert len(window.data)
            return content(memory)
    except FormatError:
        return None


SMALL = {name: elf.core([(8, b"abcd"), (64, b"efgh")]) for name, elf in FORMS.items()}
SMALL["PN_XNUM"] = Elf().core([(8, b"abcd")], extended=True)
SMALL["LiME"] = lime([(8, b"abcd"), (64, b"efgh")])


@pytest.mark.parametrize("data", SMALL.values(), ids=SMALL)
def test_every_truncation_gives_a_part_or_a_format_error(tmp_path: Path, data: bytes) -> None:
    whole = opened(tmp_path / "image", data)
    assert whole
    for length in range(len(data)):
        part = opened(tmp_path / "image", data[:length])
        if part is not None and data[:length].startswith((b"\x7fELF", b"EMiL\1\0\0\0")):
            for (address, held), (start, full) in zip(part, whole, strict=False):
                assert (address, held) == (start, full[: len(held)])


@pytest.mark.parametrize("data", SMALL.values(), ids=SMALL)
def test_every_single_byte_corruption_gives_a_result_or_a_format_error(tmp_path: Path, data: bytes) -> None:
    for index in range(len(data)):
        for flip in (0x01, 0xFF):
            opened(tmp_path / "image", data[:index] + bytes([data[index] ^ flip]) + data[index + 1 :])


@given(st.binary(max_size=200), st.sampled_from(sorted(SMALL)))
def test_any_bytes_behind_a_magic(tmp_path_factory: pytest.TempPathFactory, tail: bytes, name: str) -> None:
    opened(tmp_path_factory.getbasetemp() / "any-image", SMALL[name][:8] + tail)


@pytest.mark.parametrize("elf", FORMS.values(), ids=FORMS)
def test_hostile_elf_headers_give_nothing(tmp_path: Path, elf: Elf) -> None:
    entries = elf.entry(1, 0, 0, 1 << 31) * 3
    huge = 2**63 if elf.wide else 2**31
    headers = [
        elf.header(PN_XNUM, sections=200) + entries + bytes(100) + b"\xff" * 200,  # 2^32 program headers
        elf.header(0) + entries,
        elf.header(3, place=huge) + entries,
        elf.header(1) + elf.entry(1, huge - 1, huge - 1, huge - 1),
        elf.header(1) + elf.entry(4, 0, 0, 10),
    ]
    for data in headers:
        assert not opened(tmp_path / "image", data)


def test_entry_size_is_bounded(write: Write) -> None:
    header = bytearray(Elf().header(0xFFFE))
    struct.pack_into("<H", header, 54, 0xFFFF)  # e_phentsize; times e_phnum 4 GiB
    with pytest.raises(FormatError):
        open_memory(write(bytes(header) + Elf().entry(1, 0, 0, 64)))


def test_what_the_file_lacks_is_said(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    with open_memory(write(lime(PIECES)[:-7])) as memory:
        assert content(memory) == [PIECES[0], (0x80000000, HIGH[:-7])]
    assert "0x80000000: 7 bytes are missing" in caplog.text


def test_a_damaged_later_lime_header_ends_the_list(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    data = lime(PIECES).replace(b"EMiL", b"EMiX").replace(b"EMiX", b"EMiL", 1)
    with open_memory(write(data)) as memory:
        assert content(memory) == PIECES[:1]
    assert f"no LiME header at {32 + len(LOW):#x}" in caplog.text


def test_the_most_ranges_are_read_and_one_more_is_refused(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(segments, "MAX_SEGMENTS", 100)
    pieces: list[Piece] = [(address, b"x") for address in range(0, 202, 2)]
    for form, most in ((lime, 100), (Elf().core, 99)):  # a core has a note, too
        assert len(content(open_memory(write(form(pieces[:most]))))) == most
        with pytest.raises(FormatError, match=r"100 ranges|101 program headers"):
            open_memory(write(form(pieces[: most + 1])))


@pytest.mark.parametrize("apart", [0, 1], ids=["touching", "apart"])
def test_a_core_may_have_very_many_segments(write: Write, apart: int) -> None:
    """As QEMU writes one with paging, and VMMs of memory in pages."""
    elf, count, size = Elf(), 66_201, 16
    place = elf.header_size + count * elf.entry_size
    entries = (elf.entry(1, place + n * size, n * (size + apart), size) for n in range(count))
    body = b"".join(b"%16d" % n for n in range(count))
    image = elf.header(PN_XNUM, place + len(body)) + b"".join(entries) + body
    with open_memory(write(image + elf.section_with_count(count))) as memory:
        assert len(memory.runs) == (count if apart else 1)
        assert memory.read(66_000 * (size + apart), size) == b"%16d" % 66_000
        assert list(memory.find(b" 65999")) == [65_999 * (size + apart) + 10]


def test_segments_that_share_bytes_for_the_same_addresses_are_one(write: Write) -> None:
    """A core with paging names memory once for each mapping of it."""
    elf = Elf()
    entries = b"".join(elf.entry(1, 4096, 0x1000, 64) for _ in range(20))
    data = (elf.header(20) + entries).ljust(4096, b"\0") + bytes(range(64))
    assert content(open_memory(write(data))) == [(0x1000, bytes(range(64)))]


# --- the file around us ---


def test_the_image_is_opened_read_only_and_once(write: Write) -> None:
    path = write(LOW)
    path.chmod(0o400)
    before = len(os.listdir("/proc/self/fd"))
    with open_memory(path) as memory:
        assert list(memory.find(b"memory"))
        flags = [
            int(line.split()[1], 8)
            for fd in os.listdir("/proc/self/fd")
            if os.path.realpath(f"/proc/self/fd/{fd}") == str(path)
            for line in Path(f"/proc/self/fdinfo/{fd}").read_text().splitlines()
            if line.startswith("flags:")
        ]
        assert [flag & os.O_ACCMODE for flag in flags] == [os.O_RDONLY]
    assert len(os.listdir("/proc/self/fd")) == before


def test_refused_files_are_closed(write: Write) -> None:
    path = write(b"\x7fELF")
    before = len(os.listdir("/proc/self/fd"))
    with pytest.raises(FormatError):
        open_memory(path)
    assert len(os.listdir("/proc/self/fd")) == before


def test_a_closed_image_says_so(write: Write) -> None:
    memory = open_memory(write(LOW))
    memory.close()
    memory.close()
    with pytest.raises(UnreadableError):
        memory.read(0, 1)
    with pytest.raises(UnreadableError):
        list(memory.find(b"memory"))


@pytest.mark.parametrize("keep", [0, PAGE, 9 * PAGE])
def test_a_file_that_shrinks_while_searched_gives_an_error(
    write: Write, monkeypatch: pytest.MonkeyPatch, keep: int
) -> None:
    monkeypatch.setattr(images, "PIECE", 8 * PAGE)
    monkeypatch.setattr(finder, "STRIDE", 2 * PAGE)
    path = write((b"match" + bytes([1]) * (PAGE - 5)) * 32)
    with open_memory(path) as memory:
        search = memory.find(b"match")
        found = [next(search)]
        os.truncate(path, keep)
        with pytest.raises(UnreadableError, match="shorter"):
            found += search
        assert found == list(range(0, max(keep, 2 * PAGE), PAGE))  # the first stride was read before
        with pytest.raises(UnreadableError, match="shorter"):
            memory.read(0, 32 * PAGE)


def test_a_file_that_grows_is_searched_as_it_was(write: Write) -> None:
    path = write(b"match" * 10)
    with open_memory(path) as memory:
        os.truncate(path, 1 << 20)
        assert list(memory.find(b"match")) == list(range(0, 50, 5))


# --- windows ---


@given(
    data=st.text("ab", min_size=1, max_size=60),
    needle=st.text("ab", min_size=1, max_size=9),
    stride=st.integers(1, 16),
)
def test_matches_are_found_across_strides_and_mappings(
    tmp_path_factory: pytest.TempPathFactory, data: str, needle: str, stride: int
) -> None:
    pad = "x" * (mmap.ALLOCATIONGRANULARITY - 30)
    path = tmp_path_factory.getbasetemp() / "strides"
    path.write_text(pad + data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(images, "PIECE", mmap.ALLOCATIONGRANULARITY)
        patch.setattr(finder, "STRIDE", stride)
        with open_memory(path) as memory:
            found = list(memory.find(needle.encode(), len(pad) - 5))
    assert found == list(occurrences([(len(pad), data.encode())], needle.encode()))


@pytest.fixture
def sparse(tmp_path: Path) -> Path:
    """A file of 8 GiB of which 3 MiB exist, with matches at their borders, some running into holes."""
    path = tmp_path / "sparse"
    with path.open("wb") as out:
        out.truncate(8 << 30)
        for start in (0, 4 << 20, 6 << 30):
            out.seek(start)
            out.write(b"\1match\0" + b"\2" * ((1 << 20) - 13) + b"match\3")
    return path


def test_holes_are_not_searched(sparse: Path) -> None:
    with open_memory(sparse) as memory:
        looked_at = sum(window.fresh for window in memory.windows(overlap=6))
        starts = [start + at for start in (0, 4 << 20, 6 << 30) for at in (1, (1 << 20) - 6)]
        assert list(memory.find(b"match")) == starts
        # The zero byte at either end of these is in a hole.
        assert list(memory.find(b"\0\1match")) == [(4 << 20) - 1, (6 << 30) - 1]
        assert list(memory.find(b"match\3\0")) == [start + (1 << 20) - 6 for start in (0, 4 << 20, 6 << 30)]
    assert 3 << 20 <= looked_at < 5 << 20


def test_small_holes_are_not_worth_a_mapping(tmp_path: Path) -> None:
    path = tmp_path / "sparse"
    with path.open("wb") as out:
        for start in range(0, 64 << 16, 2 << 16):
            out.seek(start)
            out.write(b"x" * (1 << 16))
    with open_memory(path) as memory:
        assert sum(window.fresh for window in memory.windows()) == memory.size
        assert len(list(memory.windows())) <= 5
