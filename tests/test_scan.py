# SPDX-License-Identifier: Apache-2.0
"""The scanner: every blob is found once, in order, and called what it is; fakes cost little."""

from __future__ import annotations

import hashlib
import logging
import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.btfwriter import Writer, every_kind
from support.memories import Holey
from volatility3_btf.blobs import bases, examination, plausibility, scan
from volatility3_btf.blobs.blob import Blob
from volatility3_btf.blobs.crowd import MOST_DAMAGED
from volatility3_btf.blobs.examination import examine
from volatility3_btf.blobs.scan import find_btf, find_kernel_btf
from volatility3_btf.btf import BtfError, Endian, Header, Kind, outline
from volatility3_btf.files import images
from volatility3_btf.files.images import open_memory
from volatility3_btf.memory import memory as memory_module
from volatility3_btf.memory import search_worker as finder
from volatility3_btf.memory.memory import BytesMemory, Memory, SegmentedMemory, UnreadableError
from volatility3_btf.survey import MOST_IN_MIB

ENDIANS: tuple[Endian, ...] = ("little", "big")
MIB = 1 << 20


@pytest.fixture(autouse=True)
def small_kernels_count(monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets the few hundred bytes of `kernel` pass for a kernel's size."""
    for module in (bases, examination, plausibility, scan):
        monkeypatch.setattr(module, "MIN_KERNEL", 100)


def kernel(endian: Endian = "little") -> bytes:
    """A small kernel's BTF."""
    return every_kind(endian).blob()


def program(endian: Endian = "little", name: str = "handle") -> bytes:
    """The BTF of a BPF object."""
    writer = Writer(endian)
    integer = writer.integer("int", 4)
    writer.func(name, writer.func_proto(integer, []))
    return writer.blob()


def plain(endian: Endian = "little") -> bytes:
    """BTF of types only."""
    writer = Writer(endian)
    writer.integer("int", 4)
    return writer.blob()


def module(endian: Endian = "little", base: Writer | None = None) -> bytes:
    """A module's split BTF, on the kernel's of `kernel` unless said otherwise."""
    writer = Writer(endian, base or every_kind(endian))
    task = 8  # task_struct in `every_kind`
    writer.struct("module_private", 8, [("task", writer.ptr(task), 0)])
    return writer.blob()


def scanned(memory: Memory, **options: str) -> list[Blob]:
    return list(find_btf(memory, **options))  # type: ignore[arg-type]


def briefly(blobs: list[Blob]) -> list[tuple[int, str, str]]:
    return [(blob.offset, blob.kind, blob.state) for blob in blobs]


def blob_at(offset: int, data: bytes, pad: int = 64) -> bytes:
    """An image that holds a blob, and bytes that are none around it."""
    return b"\x01" * offset + data + b"\xfe" * pad


# --- what is found ---


@pytest.mark.parametrize("endian", ENDIANS)
@pytest.mark.parametrize(
    ("make", "kind"), [(kernel, "kernel"), (program, "program"), (plain, "unknown"), (kernel, "kernel")]
)
@pytest.mark.parametrize("offset", [0, 1, 4097])
def test_a_blob_is_found_where_it_lies(endian: Endian, make, kind: str, offset: int) -> None:
    data = make(endian)
    (blob,) = scanned(BytesMemory(blob_at(offset, data), base=0x1000))
    assert (blob.offset, blob.size, blob.endian) == (0x1000 + offset, len(data), endian)
    assert (blob.kind, blob.state, blob.problem) == (kind, "complete", "")
    assert blob.data == data
    assert blob.sha256 == hashlib.sha256(data).hexdigest()
    assert blob.types["int"].size == 4
    assert sum(blob.counts.values()) == len(blob.types)


def test_both_byte_orders_are_found_in_one_pass() -> None:
    image = blob_at(10, kernel("big")) + blob_at(10, kernel("little")) + program("big")
    memory = Holey([(0, image)], bad=[])
    assert [blob.endian for blob in scanned(memory)] == ["big", "little", "big"]
    assert [blob.endian for blob in scanned(memory, endian="big")] == ["big", "big"]
    assert [blob.endian for blob in scanned(memory, endian="little")] == ["little"]


@pytest.mark.parametrize("hdr_len", [28, 32, 36])
def test_longer_headers(hdr_len: int) -> None:
    data = every_kind("little").blob(hdr_len=hdr_len, layout=b"layout!!" if hdr_len >= 32 else b"")
    (blob,) = scanned(BytesMemory(blob_at(3, data)))
    assert (blob.kind, blob.state, blob.size) == ("kernel", "complete", len(data))


def test_task_struct_makes_a_kernel_and_percpu_is_not_asked_for() -> None:
    writer = Writer()
    writer.struct("task_struct", 8, [("pid", writer.integer("int", 4), 0)])
    assert [blob.kind for blob in scanned(BytesMemory(writer.blob()))] == ["kernel"]


@pytest.mark.parametrize("section", [".maps", "license"])
def test_a_program_that_names_task_struct_is_still_a_program(section: str) -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    writer.struct("task_struct", 8, [("pid", integer, 0)])
    writer.datasec(section, 4, [(writer.var("events", integer), 0, 4)])
    assert [blob.kind for blob in scanned(BytesMemory(writer.blob()))] == ["program"]


# --- modules ---


@pytest.mark.parametrize("endian", ENDIANS)
@pytest.mark.parametrize("first", ["kernel", "module"])
def test_a_module_stands_on_its_kernel_wherever_that_lies(endian: Endian, first: str) -> None:
    own = {"kernel": kernel(endian), "module": module(endian)}
    order = ["kernel", "module"] if first == "kernel" else ["module", "kernel"]
    found = scanned(BytesMemory(b"".join(blob_at(5, own[name]) for name in order)))
    assert [(blob.kind, blob.state) for blob in found] == [(name, "complete") for name in order]
    types = found[order.index("module")].types
    assert types["module_private"]["task"].type.type.name == "task_struct"
    assert len(types) == 2


def test_a_module_without_its_kernel_is_not_called_complete() -> None:
    other = every_kind("little")
    other.struct("another_build", 4, [])
    lonely, foreign = module(), module(base=other)
    for image, kinds in (
        (lonely, ["module"]),
        (kernel("big") + lonely, ["kernel", "module"]),
        (kernel() + foreign, ["kernel", "module"]),
    ):
        *_, last = found = scanned(BytesMemory(image))
        assert [blob.kind for blob in found] == kinds
        assert last.state == "damaged"
        assert "no kernel BTF" in last.problem
        assert last.counts == {Kind.PTR: 1, Kind.STRUCT: 1}
        with pytest.raises(BtfError, match="no kernel BTF"):
            _ = last.types


def test_looking_ahead_for_a_base_is_no_second_search(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "CHUNK", 4096)
    other = every_kind("little")
    other.struct("another_build", 4, [])
    image = module(base=other) + module() + b"\1" * (200 * 4096) + kernel() + program() + module()
    memory = Holey([(0, image)], bad=[])
    found = scanned(memory)
    assert [(blob.kind, blob.state) for blob in found] == [
        ("module", "damaged"),
        ("module", "complete"),
        ("kernel", "complete"),
        ("program", "complete"),
        ("module", "complete"),
    ]
    assert memory.reads < 300


def test_where_much_lies_between_a_module_and_its_kernel() -> None:
    image = b"".join(
        blob_at(3, data) for data in (module(), program(), plain(), program(), kernel(), module())
    )
    kinds = [(blob.kind, blob.state) for blob in scanned(BytesMemory(image))]
    assert [kind for kind, _ in kinds] == ["module", "program", "unknown", "program", "kernel", "module"]
    assert {state for _, state in kinds} == {"complete"}


def test_only_the_kernel_that_fits_is_taken_as_base() -> None:
    other = Writer()
    other.struct("task_struct", 8, [(f"member_{i}", other.integer(f"int_{i}", 4), 0) for i in range(40)])
    image = blob_at(0, other.blob()) + blob_at(0, module()) + kernel()
    found = scanned(BytesMemory(image))
    assert [(blob.kind, blob.state) for blob in found] == [
        ("kernel", "complete"),
        ("module", "complete"),
        ("kernel", "complete"),
    ]
    assert found[1].types.first_id == len(found[2].types) + 1


def test_only_kernels_are_found_when_only_they_are_looked_for() -> None:
    image = blob_at(0, module()) + blob_at(0, kernel()) + blob_at(0, program()) + kernel("big")[:-1]
    (blob,) = find_kernel_btf(BytesMemory(image))
    assert (blob.kind, blob.state, blob.data) == ("kernel", "complete", kernel())
    assert list(find_kernel_btf(BytesMemory(image), start=blob.offset + 1)) == []


@pytest.mark.parametrize("make", [kernel, module, program])
def test_what_is_not_decoded_when_only_kernels_are_looked_for_is_none(make: Callable[[], bytes]) -> None:
    """Whichever byte is changed; a kernel's BTF is never passed over for one that other blobs have."""
    whole = make()
    for index in range(24, len(whole)):
        for value in (0, ord("x")):
            data = bytearray(whole)
            data[index] = value
            memory = BytesMemory(bytes(data))
            header = Header.parse(data)
            every, kernels = (examine(memory, 0, header, kernels_only=only) for only in (False, True))
            assert every == kernels or (every.kind != "kernel" and kernels.kind == "unknown")


def test_modules_are_not_decoded_when_only_kernels_are_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    image = blob_at(0, module()) + blob_at(0, kernel())
    decoded = []
    monkeypatch.setattr(examination, "outline", lambda data: decoded.append(data) or outline(data))
    assert [blob.data for blob in find_kernel_btf(BytesMemory(image))] == decoded == [kernel()]


def test_the_search_for_a_base_runs_ahead_once_and_no_further_than_needed() -> None:
    gap = b"\1" * memory_module.CHUNK
    image = module() + module() + gap + kernel() + module() + gap * 5
    memory = Holey([(0, image)], bad=[])
    found = find_btf(memory)
    assert next(found).state == "complete"
    assert memory.reads < 20
    # Once for the modules, once for the rest, and the looks at each blob; the kernel is decoded once.
    assert [blob.kind for blob in found] == ["module", "kernel", "module"]
    assert memory.reads < 50


# --- what is not whole ---


def test_the_image_ends_before_the_blob_does() -> None:
    data = kernel()
    for held in range(len(data) - 80, len(data)):
        (blob,) = scanned(BytesMemory(data[:held]))
        assert (blob.state, blob.size, blob.data) == ("truncated", len(data), data[:held])
        assert blob.problem == f"{len(data) - held} of {len(data)} bytes are not in the image"
        assert blob.counts is None


def test_a_gap_or_a_page_that_cannot_be_read_damages_a_blob() -> None:
    data = kernel()
    held = len(data) - 80
    gap = SegmentedMemory([(0, data[:held]), (held + 1, data[held + 1 :])])
    bad = Holey([(0, b"\1" * (4096 - held) + data)], bad=[(4096, 8192)])
    for memory, left in ((gap, data[:held] + b"\0" + data[held + 1 :]), (bad, data[:held] + bytes(80))):
        (blob,) = scanned(memory)
        assert (blob.kind, blob.state, blob.data) == ("kernel", "damaged", left)


def test_a_damaged_kernel_is_told_by_its_names() -> None:
    data = bytearray(kernel())
    struct.pack_into("<I", data, 24 + 4, 0x7F << 24)  # the first record's kind
    (blob,) = scanned(BytesMemory(bytes(data)))
    assert (blob.kind, blob.state) == ("kernel", "damaged")
    assert "type 1" in blob.problem
    assert list(find_kernel_btf(BytesMemory(bytes(data)))) == []


@pytest.mark.parametrize("endian", ENDIANS)
def test_header_copies_are_not_reported(endian: Endian) -> None:
    header = kernel(endian)[:24]
    # struct btf: a pointer to the data, lengths, then the copy, then pointers and zeros.
    copies = [header + bytes(4096), header + struct.pack("<6Q", *[0xFFFF888000000000 + i for i in range(6)])]
    copies += [header + b"\xff" * 4096, header * 20, b"\0" * 100 + header, header + b"\x9f" * 100]
    for copy in copies:
        assert scanned(BytesMemory(copy + b"\0" * 4096)) == []


@pytest.mark.parametrize("hdr_len", [0, 23, 25, 38, 64, 192, 1 << 16, 1 << 31])
def test_signatures_that_are_no_header_are_not_reported(hdr_len: int) -> None:
    data = bytearray(kernel()[:24] + bytes(range(256)) * 400)
    struct.pack_into("<I", data, 4, hdr_len)
    assert scanned(BytesMemory(bytes(data))) == []


@pytest.mark.parametrize(
    ("place", "value"),
    [(3, 1), (8, 2), (12, 0), (12, 1 << 26), (12, 3), (16, 0), (16, 1 << 31), (20, 0), (20, 1 << 31)],
)
def test_headers_whose_arithmetic_is_wrong_are_not_reported(place: int, value: int) -> None:
    data = bytearray(kernel())
    struct.pack_into("<B" if place == 3 else "<I", data, place, value)
    assert scanned(BytesMemory(bytes(data) + bytes(4096))) == []


@pytest.mark.slow
@pytest.mark.parametrize("endian", ENDIANS)
@pytest.mark.parametrize("make", [kernel, module])
def test_every_corruption_of_a_byte_gives_a_blob_or_none(endian: Endian, make) -> None:
    data = make(endian)
    rest = blob_at(7, plain(endian) if make is kernel else kernel(endian))
    for index in range(len(data)):
        for flip in (0x01, 0xFF):
            torn = data[:index] + bytes([data[index] ^ flip]) + data[index + 1 :]
            found = scanned(BytesMemory(torn + rest))
            assert len(found) <= 2
            for blob in found:
                if blob.state == "complete":
                    assert all(found.name is not None for found in blob.types)
                else:
                    assert blob.problem
            assert found[-1].state == "complete" or index < 24


def test_a_header_inside_a_whole_blob_is_part_of_it() -> None:
    inner = plain()
    writer = every_kind("little")
    data = writer.blob(hdr_len=32 + len(inner) // 4 * 4 + 4)
    data = data[:32] + inner + data[32 + len(inner) :]
    assert briefly(scanned(BytesMemory(data))) == [(0, "kernel", "complete")]


# --- borders ---


@dataclass(frozen=True)
class Laid:
    """Blobs laid out in runs: the image and what is to be found in it."""

    segments: list[tuple[int, bytes]]
    expected: list[tuple[int, bytes]]


BLOBS = [make(endian) for make in (kernel, module, program, plain) for endian in ENDIANS]
FILLER = b"\x9f\xeb\x01\0\xeb\x9f\x01\0\x18\0\0\0\x9f"


@st.composite
def laid_out(draw: st.DrawFn) -> Laid:
    """Blobs with bytes between them that look like the start of one, cut into runs that touch or do not."""
    segments: list[tuple[int, bytes]] = []
    expected: list[tuple[int, bytes]] = []
    address = draw(st.integers(0, 100))
    for _ in range(draw(st.integers(1, 3))):
        island = b""
        for data in draw(st.lists(st.sampled_from(BLOBS), max_size=4)):
            island += (FILLER * 9)[: draw(st.integers(0, 100))] + b"\1"
            expected.append((address + len(island), data))
            island += data
        island += b"\1" * draw(st.integers(1, 5))
        cuts = sorted({0, len(island), *draw(st.lists(st.integers(0, len(island)), max_size=5))})
        segments += [(address + low, island[low:high]) for low, high in pairwise(cuts)]
        address += len(island) + draw(st.integers(1, 5000))
    return Laid(segments, expected)


@given(laid_out(), st.integers(1, 700))
def test_every_planted_blob_is_found_whole_once_and_in_order(laid: Laid, chunk: int) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(memory_module, "CHUNK", chunk)
        found = scanned(SegmentedMemory(laid.segments))
    assert [(blob.offset, blob.data) for blob in found] == laid.expected
    for blob in found:
        alone = blob.kind == "module" and (b"", blob.endian) not in [
            (b"", other.endian) for other in found if other.kind == "kernel"
        ]
        assert blob.state == ("damaged" if alone else "complete")


@given(laid_out(), st.integers(1, 700))
def test_the_same_from_a_file(tmp_path_factory: pytest.TempPathFactory, laid: Laid, stride: int) -> None:
    path = tmp_path_factory.getbasetemp() / "planted.raw"
    end = max((start + len(data) for start, data in laid.segments), default=0)
    image = bytearray(b"\2" * end)
    for start, data in laid.segments:
        image[start : start + len(data)] = data
    path.write_bytes(image)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(finder, "STRIDE", stride)
        patch.setattr(images, "PIECE", 4096)
        with open_memory(path) as memory:
            found = scanned(memory)
    assert [(blob.offset, blob.data) for blob in found] == laid.expected


@pytest.mark.parametrize("endian", ENDIANS)
def test_every_cut_of_a_blob_into_two_runs_that_touch(endian: Endian) -> None:
    data = b"\1" * 9 + kernel(endian)
    for cut in range(1, len(data)):
        (blob,) = scanned(SegmentedMemory([(50, data[:cut]), (50 + cut, data[cut:])]))
        assert (blob.offset, blob.state) == (59, "complete")


def test_runs_of_one_byte() -> None:
    data = kernel()
    (blob,) = scanned(SegmentedMemory((i, data[i : i + 1]) for i in range(len(data))))
    assert (blob.offset, blob.state) == (0, "complete")


def test_unreadable_pieces_are_skipped_and_the_scan_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    image = blob_at(100, kernel(), 20000) + blob_at(0, program(), 20000) + plain()
    bad = [(8192, 12288), (30000, 30001)]
    found = scanned(Holey([(0, image)], bad))
    assert [blob.kind for blob in found] == ["kernel", "program", "unknown"]
    assert "cannot be read" in caplog.text


# --- how it goes on ---


def test_nothing_is_read_before_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory_module, "CHUNK", 4096)
    image = blob_at(0, plain(), 4096) + b"\1" * 100 * 4096 + program()
    memory = Holey([(0, image)], bad=[])
    found = find_btf(memory)
    assert memory.reads == 0
    assert next(found).kind == "unknown"
    early = memory.reads
    assert early < 10
    found.close()
    assert memory.reads == early
    assert [blob.kind for blob in scanned(memory)] == ["unknown", "program"]


def test_stopping_leaves_nothing_open(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(blob_at(0, plain()) * 3)
    memory = open_memory(path)
    found = find_btf(memory)
    next(found)
    found.close()
    memory.close()
    assert str(path) not in Path("/proc/self/maps").read_text()


def test_a_file_that_shrinks_while_scanned_gives_an_error(tmp_path: Path) -> None:
    path = tmp_path / "image"
    path.write_bytes(blob_at(0, plain(), 1 << 22) * 2)
    with open_memory(path) as memory:
        found = find_btf(memory)
        next(found)
        path.write_bytes(b"")
        with pytest.raises(UnreadableError, match="shorter"):
            next(found)


def test_progress_rises_to_the_end() -> None:
    told: list[tuple[float, str]] = []
    image = blob_at(0, plain(), 30 * MIB)
    list(find_btf(BytesMemory(image), progress=lambda done, what: told.append((done, what))))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[0][0] == 0
    assert told[-1] == (100, "Searching BTF")


# --- fakes ---


@pytest.fixture
def counting(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[int]]:
    """How many bytes each read of a memory has copied."""
    reads: list[int] = []
    read = SegmentedMemory.read

    def counted(self: SegmentedMemory, offset: int, length: int) -> bytes:
        reads.append(length)
        return read(self, offset, length)

    monkeypatch.setattr(SegmentedMemory, "read", counted)
    yield reads


def header(type_len: int, str_len: int) -> bytes:
    return struct.pack("<HBBI4I", 0xEB9F, 1, 0, 24, 0, type_len, type_len, str_len)


def test_a_million_headers_cost_little_and_hide_nothing(
    counting: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    image = header(4096, 4096) * 1_000_000
    found = scanned(BytesMemory(image + b"\1" * MIB + kernel()))
    assert briefly(found) == [(len(image) + MIB, "kernel", "complete")]
    assert len(counting) <= 4 * MOST_IN_MIB * (2 + len(image) // MIB)
    assert sum(counting) <= 4 * len(image)
    assert "too many for one place" in caplog.text


def test_headers_that_claim_the_same_bytes_are_not_all_believed(
    counting: list[int], caplog: pytest.LogCaptureFixture
) -> None:
    claimed = 8 * MIB
    record = struct.pack("<III", 0, Kind.PTR << 24, 0)
    one = header(claimed, 4096) + record * 20
    image = one * 200 + bytes(claimed + MIB)
    found = scanned(BytesMemory(image + kernel()))
    assert [blob.state for blob in found] == ["damaged"] * MOST_DAMAGED + ["complete"]
    assert sum(counting) <= (MOST_DAMAGED + 1) * claimed + 200 * 16384
    assert "overlap" in caplog.text


def test_fakes_do_not_hide_what_lies_behind_them() -> None:
    record = struct.pack("<III", 0, Kind.PTR << 24, 0)
    one = header(MIB, 64) + record * 20
    image = b"".join((one * 50).ljust(2 * MIB, b"\0") for _ in range(6))
    found = scanned(BytesMemory(image + kernel()))
    assert [blob.kind for blob in found if blob.state == "complete"] == ["kernel"]
    assert [blob.state for blob in found].count("damaged") == 6 * MOST_DAMAGED


def test_names_from_the_image_cannot_break_a_message(caplog: pytest.LogCaptureFixture) -> None:
    writer = Writer()
    writer.struct("%s\n\x1b[31m{0}/../\xff", 4, [])
    with caplog.at_level(logging.DEBUG):
        (blob,) = scanned(BytesMemory(writer.blob()))
    assert "\x1b" not in repr(blob) + blob.problem + caplog.text
