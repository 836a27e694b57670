# SPDX-License-Identifier: Apache-2.0
"""Compressed kdump files: QEMU's and makedumpfile's of a real guest, and every odd one, made up."""

from __future__ import annotations

import random
import shutil
import struct
import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import kdumps
from support.kdumps import LZO, PAGE, SNAPPY, ZLIB, ZSTD, flattened, in_pieces, kdump
from support.vmcores import makedumpfile, write_vmcore
from volatility3_btf import open_memory
from volatility3_btf.files.formats import FormatError
from volatility3_btf.files.kdump.memory import KdumpMemory
from volatility3_btf.memory.memory import Run, UnreadableError
from volatility3_btf.survey import EVERYTHING

NAME = "amd64-6.1-kdump"
MIB = 1 << 20
NOISE = random.Random(3).randbytes(PAGE)
A, B, C, ZEROS = b"a" * PAGE, b"b" * 100 + bytes(PAGE - 100), NOISE, bytes(PAGE)
PAGES = {0: A, 1: ZEROS, 2: B, 5: C, 6: ZEROS, 7: A, 40: B}
RUNS = ((0, 3 * PAGE), (5 * PAGE, 3 * PAGE), (40 * PAGE, PAGE))

GetDump = Callable[[str], Dump]
Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file."""

    def write_file(data: bytes, name: str = "memory.kdump") -> Path:
        (tmp_path / name).write_bytes(data)
        return tmp_path / name

    return write_file


@pytest.fixture(scope="module")
def vmcore(tmp_path_factory: pytest.TempPathFactory, dump: GetDump) -> Path:
    """The guest's memory as makedumpfile finds it in /proc/vmcore."""
    return write_vmcore(dump(NAME), tmp_path_factory.mktemp("vmcore") / "vmcore")


def held(path: Path) -> list[tuple[int, bytes]]:
    with open_memory(path) as memory:
        return [(run.start, memory.read(run.start, run.length)) for run in memory.runs]


def expected(pages: dict[int, bytes], page: int = PAGE) -> list[tuple[int, bytes]]:
    """The same of pages."""
    found: list[tuple[int, bytearray]] = []
    for number, data in sorted(pages.items()):
        if found and found[-1][0] + len(found[-1][1]) == number * page:
            found[-1][1].extend(data)
        else:
            found.append((number * page, bytearray(data)))
    return [(start, bytes(data)) for start, data in found]


# --- a real guest ---


def size_if_same(path: Path, guest: Dump) -> int:
    """How many bytes of memory a dump holds; all are as in QEMU's ELF core, and so is what is found there."""
    with open_memory(path) as memory, open_memory(guest.elf) as core:
        for run in memory.runs:
            for at in range(run.start, run.end, MIB):
                size = min(MIB, run.end - at)
                assert memory.read(at, size) == core.read(at, size), hex(at)
        found = sorted(memory.search(EVERYTHING))
        inside = [hit for hit in sorted(core.search(EVERYTHING)) if memory.available(hit[0], 20) == 20]
        assert found == inside
        assert memory.processors == core.processors and len(memory.processors) == 2
        return memory.size


@pytest.mark.slow
def test_qemus_file_holds_what_its_core_holds(dump: GetDump) -> None:
    with open_memory(dump(NAME).elf) as core:
        assert size_if_same(dump(NAME).kdump, dump(NAME)) == core.size


@pytest.mark.slow
@pytest.mark.parametrize("words", ["-c -d 0", "-l -d 1", "-d 1"])
def test_makedumpfiles_files_hold_all_memory(
    words: str, dump: GetDump, vmcore: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = converted(words, vmcore, tmp_path)
    assert size_if_same(made, dump(NAME)) == sum(length for _, length in dump(NAME).truth["ram"])
    assert not caplog.messages


@pytest.mark.slow
@pytest.mark.parametrize("words", ["-c -d 31", "-l -F -d 31"])
def test_what_makedumpfile_left_out_is_a_hole_and_said(
    words: str, dump: GetDump, vmcore: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    made = converted(words, vmcore, tmp_path)
    size = size_if_same(made, dump(NAME))
    whole = sum(length for _, length in dump(NAME).truth["ram"])
    assert whole // 8 < size < whole
    (line,) = caplog.messages
    assert "without cache, private cache, user, free pages (dump level 31)" in line
    assert f"{(whole - size) / MIB:,.0f} MiB of memory are not in it" in line


@pytest.mark.slow
def test_parts_of_a_dump_that_was_split_are_found_beside_each_other(
    dump: GetDump, vmcore: Path, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    paths = [tmp_path / f"part{number}" for number in range(3)]
    makedumpfile("-c", "-d", "1", "--split", "--splitblock-size", "4", vmcore, *paths)
    whole = sum(length for _, length in dump(NAME).truth["ram"])
    assert size_if_same(paths[2], dump(NAME)) == whole
    assert not caplog.messages
    paths[1].rename(tmp_path.parent / "part1")
    assert whole // 4 < size_if_same(paths[0], dump(NAME)) < whole
    (line,) = caplog.messages
    assert "this dump was split" in line and "MiB are missing" in line


@pytest.mark.slow
def test_a_core_in_pieces_is_put_together(dump: GetDump, vmcore: Path, tmp_path: Path) -> None:
    with open_memory(dump(NAME).elf) as core:
        assert size_if_same(converted("-E -F -d 0", vmcore, tmp_path), dump(NAME)) == core.size


@pytest.mark.slow
@pytest.mark.parametrize("packing", [SNAPPY, ZSTD])
def test_pages_of_other_packings_are_read(packing: int, dump: GetDump, write: Write, tmp_path: Path) -> None:
    """Debian's QEMU and makedumpfile write neither: real pages are packed by hand."""
    with open_memory(dump(NAME).elf) as core:
        pages = {at: core.read(at * PAGE, PAGE) for at in range(0x1000, 0x3000)}
    path = write(kdump(pages, packing=packing))
    assert held(path) == expected(pages)


def converted(words: str, vmcore: Path, folder: Path) -> Path:
    """What makedumpfile makes of a core; a flattened file goes to its standard output."""
    made = folder / "made.kdump"
    if "-F" in words.split():
        makedumpfile(*words.split(), vmcore, out=made)
    else:
        makedumpfile(*words.split(), vmcore, made)
    return made


# --- files made by hand ---


@pytest.mark.parametrize("packing", [0, ZLIB, LZO, SNAPPY, ZSTD])
def test_pages_zero_pages_and_gaps(packing: int, write: Write) -> None:
    path = write(kdump(PAGES, packing=packing))
    assert held(path) == expected(PAGES)
    with open_memory(path) as memory:
        assert tuple((run.start, run.length) for run in memory.runs) == RUNS
        assert memory.read(PAGE - 3, PAGE + 7) == b"aaa" + ZEROS + b"bbbb"
        assert list(memory.find(b"b\0")) == [2 * PAGE + 99, 40 * PAGE + 99]
        assert list(memory.find(NOISE[:9])) == [5 * PAGE]
        for address in (3 * PAGE, 4 * PAGE + 1, 41 * PAGE, 1 << 50):
            with pytest.raises(UnreadableError):
                memory.read(address, 1)
        with pytest.raises(UnreadableError):
            memory.read(3 * PAGE - 1, 2)


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize("page", [4096, 16384, 65536])
def test_byte_orders_and_page_sizes(order: str, page: int, write: Write) -> None:
    pages = {number: data * (page // PAGE) for number, data in PAGES.items()}
    assert held(write(kdump(pages, order=order, page=page))) == expected(pages, page)


@pytest.mark.parametrize("aligned", [False, True])
def test_files_of_32_bit_machines(aligned: bool, write: Write) -> None:
    assert held(write(kdump(PAGES, wide=False, aligned=aligned, machine=b"armv7l"))) == expected(PAGES)


@pytest.mark.parametrize("version", range(7))
def test_older_versions(version: int, write: Write) -> None:
    assert held(write(kdump(PAGES, version=version))) == expected(PAGES)


def test_a_file_with_one_bitmap(write: Write) -> None:
    pages = dict.fromkeys(range(0, 5 * PAGE, 3), A)
    assert held(write(kdump(pages, one_bitmap=True, memory=5 * PAGE))) == expected(pages)


def test_what_was_left_out_is_counted(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    path = write(kdump(PAGES, excluded=tuple(range(8, 40)), level=24))
    assert held(path) == expected(PAGES)
    assert caplog.messages == [
        "this dump was written without user, free pages (dump level 24): 128 KiB of memory are not in it"
    ]


def test_pieces_in_any_order_and_written_twice(write: Write) -> None:
    data = kdump(PAGES)
    assert held(write(flattened(data, 1000))) == expected(PAGES)
    assert held(write(flattened(data, 5000, shift=2))) == expected(PAGES)
    wrong = [(0, b"x" * 5000), (3000, b"y" * 9000), (100, b"z")]
    pieces = [(at, data[at : at + 4096]) for at in range(0, len(data), 4096)]
    assert held(write(in_pieces(wrong + pieces[::-1]))) == expected(PAGES)


def test_what_no_piece_has_is_zero(write: Write) -> None:
    data = kdump({0: A, 9: ZEROS, 12: B}, packing=0)
    place = data.index(A)
    assert held(write(in_pieces([(0, data[:place]), (place + PAGE, data[place + PAGE :])]))) == expected(
        {0: ZEROS, 9: ZEROS, 12: B}
    )


def test_parts_are_those_of_the_same_dump_only(write: Write, tmp_path: Path) -> None:
    first = write(kdump(PAGES, part=(0, 6)), "first")
    write(kdump(PAGES, part=(6, 41)), "second")
    write(kdump({**PAGES, 41: B}, part=(6, 42)), "another")
    write(kdump(PAGES, part=(0, 6)), "copy")
    write(kdump(PAGES), "whole")
    write(b"KDUMP   " + bytes(50), "cut")
    (tmp_path / "folder").mkdir()
    assert held(first) == expected(PAGES)
    shutil.move(tmp_path / "second", tmp_path.parent / "elsewhere")
    assert held(first) == expected({number: page for number, page in PAGES.items() if number < 6})


def test_registers_are_read_from_the_notes(write: Write) -> None:
    def note(size: int, at: int, value: int) -> bytes:
        data = bytearray(size)
        struct.pack_into("<Q", data, at, value)
        return struct.pack("<III", 5, size, 1) + b"CORE\0\0\0\0" + bytes(data)

    for machine, size, at in ((b"aarch64", 392, 368), (b"", 392, 368), (b"", 336, 240)):
        notes = note(size, at, 0xFFFF800080010000)
        with open_memory(write(kdump(PAGES, machine=machine, notes=notes))) as memory:
            assert [one.program_counter for one in memory.processors] == [0xFFFF800080010000]


# --- what is kept, and how often a page is unpacked ---


def test_a_search_unpacks_each_page_once_and_keeps_few(write: Write) -> None:
    pages = {number: (b"%8d" % number) * (PAGE // 8) for number in range(3000)}
    pages |= dict.fromkeys(range(3000, 9000), ZEROS)
    with open_memory(write(kdump(pages))) as memory:
        assert isinstance(memory, KdumpMemory)
        unpacked = 0
        inner = memory.dump.pages._unpackers[ZLIB]

        def counted(data: bytes) -> bytes:
            nonlocal unpacked
            unpacked += 1
            return inner(data)

        memory.dump.pages._unpackers[ZLIB] = counted
        assert len(list(memory.search((b"    2999", b"OSRELEASE=")))) == PAGE // 8
        assert 3000 <= unpacked <= 3000 + 8
        assert len(memory.dump.pages._kept) < 100


@pytest.mark.parametrize("packing", [ZLIB, LZO, SNAPPY, ZSTD])
def test_zeros_that_were_packed_one_by_one_are_passed_over(packing: int, write: Write) -> None:
    """As makedumpfile does with -d 0; the first of them says what they look like."""
    pages = dict.fromkeys(range(5000), ZEROS) | dict.fromkeys(range(0, 5000, 700), NOISE) | {4000: A}
    with open_memory(write(kdump(pages, packing=packing, shared_zeros=False))) as memory:
        assert isinstance(memory, KdumpMemory)
        assert list(memory.find(NOISE[:9])) == [n * PAGE for n in range(0, 5000, 700)]
        filled = sum(high - low for low, high in memory.dump.pages.filled(2048 * PAGE, 5000 * PAGE))
        assert filled <= 8 * PAGE * 9
        assert memory.read(3999 * PAGE, 3 * PAGE) == ZEROS + A + ZEROS
        assert memory.read(0, 5000 * PAGE) == b"".join(pages[n] for n in range(5000))


def test_pages_that_are_read_again_are_kept_within_bounds(
    write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("volatility3_btf.files.kdump.pages.KEPT", 8 * PAGE)
    pages = {number: random.Random(number).randbytes(PAGE // 2) * 2 for number in range(64)}
    with open_memory(write(kdump(pages))) as memory:
        assert isinstance(memory, KdumpMemory)
        for number in [*range(64), *range(64)]:
            assert memory.read(number * PAGE + 5, 9) == pages[number][5:14]
        assert len(memory.dump.pages._kept) == 8


# --- damage ---


def test_what_is_there_of_a_file_that_was_cut_is_right(
    write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    data = kdump({number: random.Random(number).randbytes(PAGE // 2) * 2 for number in range(50)})
    whole = dict(held(write(data)))[0]
    for length in (len(data) - 1, len(data) - 9000, len(data) // 2):
        caplog.clear()
        ((start, found),) = held(write(data[:length]))
        assert start == 0 and len(found) >= PAGE and found == whole[: len(found)] != whole
        assert any("this dump is not whole" in line and "cut short" in line for line in caplog.messages)


def test_a_dump_whose_disk_was_full_says_so(write: Write, caplog: pytest.LogCaptureFixture) -> None:
    """Makedumpfile leaves descriptors of zeros for what it could not write."""
    data = bytearray(kdump(PAGES, status=kdumps.INCOMPLETE))
    table = data.index(struct.pack("<I", ZLIB), 4 * PAGE) - 12
    data[table + 5 * 24 : table + 7 * 24] = bytes(48)
    assert held(write(bytes(data))) == expected({n: page for n, page in PAGES.items() if n < 7})
    assert "this dump is not whole: 8 KiB of memory are missing, its disk was full" in caplog.messages


def test_damaged_pages_are_stepped_over(write: Write) -> None:
    data = bytearray(kdump({0: A, 1: B, 2: A + b"", 3: B}, packing=ZLIB))
    at = data.index(kdumps.PACK[ZLIB](B))
    data[at : at + 4] = b"\xff" * 4
    with open_memory(write(bytes(data))) as memory:
        with pytest.raises(UnreadableError) as caught:
            memory.read(PAGE, 1)
        assert caught.value.offset == PAGE
        assert memory.read(2 * PAGE, PAGE) == A
        assert len(list(memory.find(b"a" * PAGE))) == 2


def test_every_truncation_gives_a_part_or_a_format_error(write: Write) -> None:
    data = kdump(PAGES)
    whole = dict(PAGES)
    for length in [*range(16, 600), *range(600, len(data), 331)]:
        for cut in (data[:length], flattened(data)[:length]):
            try:
                with open_memory(write(cut)) as memory:
                    for run in memory.runs:
                        for at in range(run.start, run.end, PAGE):
                            assert memory.read(at, PAGE) == whole[at // PAGE]
            except FormatError as error:
                assert "\n" not in str(error)


@pytest.mark.parametrize("packing", [0, ZLIB, LZO, SNAPPY, ZSTD])
def test_every_corruption_gives_a_result_or_an_error_of_ours(packing: int, write: Write) -> None:
    data = kdump(PAGES, packing=packing)
    places = [*range(8, 16), *range(420, 470), *range(PAGE, PAGE + 130), 2 * PAGE, 3 * PAGE]
    heads = [*places, *range(4 * PAGE, 4 * PAGE + 24 * len(PAGES))] if packing == ZLIB else []
    for at in [*heads, *range(4 * PAGE + 24 * len(PAGES), len(data), 131)]:
        for flip in (0x01, 0xFF):
            changed = bytearray(data)
            changed[at] ^= flip
            try:
                with open_memory(write(bytes(changed))) as memory:
                    assert memory.size <= 8 * len(data) * PAGE
                    list(memory.search(EVERYTHING))
                    for run in memory.runs[:10]:
                        memory.read_available(run.start, min(run.length, 10 * PAGE))
            except FormatError:
                continue


def test_a_page_is_never_unpacked_to_more_than_a_page(write: Write) -> None:
    """As much as fits into a page."""
    for packing in (ZLIB, LZO, SNAPPY, ZSTD):
        bomb = kdumps.PACK[packing](bytes({LZO: 700_000, SNAPPY: 60_000}.get(packing, 3 * MIB)))
        assert len(bomb) <= PAGE
        data = kdump({0: A, 1: A}, packing=packing)
        place = len(data)
        table = 4 * PAGE
        raw = bytearray(data) + bomb
        struct.pack_into("<QI", raw, table, place, len(bomb))
        with open_memory(write(bytes(raw))) as memory:
            assert memory.read(PAGE, PAGE) == A
            with pytest.raises(UnreadableError):
                memory.read(0, PAGE)


def without(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """As if packages were not there."""
    for name in names:
        monkeypatch.setitem(sys.modules, name, None)


def test_pythons_own_zlib_does_as_well(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    without(monkeypatch, "deflate")
    assert held(write(kdump(PAGES))) == expected(PAGES)
    bomb = kdumps.PACK[ZLIB](bytes(3 * MIB))
    raw = bytearray(kdump({0: A, 1: A})) + bomb
    struct.pack_into("<QI", raw, 4 * PAGE, len(raw) - len(bomb), len(bomb))
    with open_memory(write(bytes(raw))) as memory:
        assert memory.read(PAGE, PAGE) == A
        with pytest.raises(UnreadableError):
            memory.read(0, PAGE)


@pytest.mark.parametrize(
    ("packing", "package"), [(LZO, "lzallright"), (SNAPPY, "cramjam"), (ZSTD, "cramjam")]
)
def test_a_package_that_is_missing_is_named(
    packing: int, package: str, write: Write, monkeypatch: pytest.MonkeyPatch
) -> None:
    data = kdump(PAGES, packing=packing)
    without(monkeypatch, "deflate", "lzallright", "cramjam")
    with pytest.raises(FormatError, match=f"pip install {package}"):
        open_memory(write(data))
    assert held(write(kdump(PAGES))) == expected(PAGES)


def test_sizes_in_the_headers_are_held_against_the_file(write: Write) -> None:
    def refused(at: int, layout: str, *values: int) -> str:
        data = bytearray(kdump(PAGES))
        struct.pack_into(layout, data, at, *values)
        with pytest.raises(FormatError) as caught:
            open_memory(write(bytes(data)))
        return str(caught.value)

    for block in (0, 1, 512, 4097, 1 << 20, 0xFFFFFFFF):
        assert "header is damaged" in refused(428, "<I", block)
    assert "header is damaged" in refused(432, "<I", 0)
    assert "header is damaged" in refused(436, "<I", 0xFFFFFFFF)
    assert "bitmap" in refused(436, "<I", 1 << 15)


def test_pieces_without_end_are_refused(write: Write) -> None:
    pieces = [(at, b"x") for at in range(70_000)]
    with pytest.raises(FormatError, match="in more than"):
        open_memory(write(in_pieces(pieces)))


def test_opening_takes_memory_for_the_index_only(write: Write) -> None:
    """A machine of 512 GiB: 16 MiB of bitmap, twice."""
    path = write(kdump({0: A, 1 << 20: NOISE}, memory=1 << 27, excluded=(5, 6)))
    bitmap = (1 << 27) // 8
    tracemalloc.start()
    try:
        with open_memory(path) as memory:
            assert memory.read((1 << 20) * PAGE, PAGE) == NOISE
            assert list(memory.find(b"a" * PAGE)) == [0]
            kept, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert kept < bitmap * 1.2 + 4 * MIB
    assert peak < bitmap * 5 + 16 * MIB


def test_runs_of_a_large_machine_are_columns(write: Write) -> None:
    """Every second page of 256 MiB: its runs are objects only while somebody looks at them."""
    pages = dict.fromkeys(range(0, 1 << 16, 2), ZEROS)
    with open_memory(write(kdump(pages))) as memory:
        assert len(memory.runs) == 1 << 15
        assert memory.runs[77] == Run(154 * PAGE, PAGE)
        assert memory.size == PAGE << 15
        assert memory.read(((1 << 16) - 2) * PAGE, PAGE) == ZEROS
