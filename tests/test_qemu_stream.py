# SPDX-License-Identifier: Apache-2.0
"""QEMU's migration streams: stopped and running guests, old and new ones, cut, changed and made up."""

from __future__ import annotations

import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import streams
from support.streams import PAGE, RAM
from volatility3_btf import open_memory
from volatility3_btf.files.formats import FormatError
from volatility3_btf.files.images import StreamMemory
from volatility3_btf.memory.memory import Run, UnreadableError

MIB, GIB = 1 << 20, 1 << 30
NAME = "amd64-6.1-stream"
A, B, C = (letter * PAGE for letter in (b"a", b"b", b"c"))

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a stream to a file."""

    def write_stream(data: bytes) -> Path:
        path = tmp_path / "memory.qevm"
        path.write_bytes(data)
        return path

    return write_stream


def same(path: Path, guest: Dump) -> bool:
    """Whether a stream holds all of a guest's memory, as the flat image has it."""
    with open_memory(path) as memory, guest.raw.open("rb") as raw:
        assert memory.runs == (Run(0, guest.raw.stat().st_size),)
        return all(memory.read(at, MIB) == raw.read(MIB) for at in range(0, memory.size, MIB))


# --- real streams ---


@pytest.mark.slow
def test_a_stream_holds_what_the_flat_image_holds(dump: Callable[[str], Dump]) -> None:
    assert same(dump(NAME).stream, dump(NAME))


@pytest.mark.slow
@pytest.mark.parametrize("newer", [False, True], ids=["QEMU 7", "QEMU 10"])
def test_of_a_page_that_was_sent_again_the_last_counts(
    dump: Callable[[str], Dump], write: Write, newer: bool
) -> None:
    """As of a running guest: pages of its memory as they were before come first."""
    guest = dump(NAME)
    data = guest.stream.read_bytes()
    at = data.index(streams.FIRST_PART) + 5
    before = ((page * PAGE, (b"%8d" % page) * (PAGE // 8)) for page in range(0, 2000, 3))
    command = streams.command(7, b"\0\0\0\1") if newer else b""
    earlier = streams.memory(streams.PART, streams.pages(b"pc.ram", before))
    assert same(write(data[:at] + command + earlier + command + data[at:]), guest)


@pytest.mark.slow
def test_what_libvirt_saved_is_read(dump: Callable[[str], Dump], write: Write) -> None:
    guest = dump(NAME)
    assert same(write(streams.libvirts(guest.stream.read_bytes())), guest)


@pytest.mark.slow
def test_what_is_there_of_a_stream_that_was_cut_is_right(
    dump: Callable[[str], Dump], write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    """The guest ran meanwhile: what it wrote later was sent once more, in the part that is missing."""
    guest = dump(NAME)
    data = guest.stream.read_bytes()
    raw = guest.raw.read_bytes()
    with open_memory(guest.stream) as memory:
        assert isinstance(memory, StreamMemory)
        sent = dict(zip(memory.stream.addresses.tolist(), memory.stream.places.tolist(), strict=True))
    with open_memory(write(data[: len(data) // 2])) as memory:
        assert isinstance(memory, StreamMemory)
        pages = dict(zip(memory.stream.addresses.tolist(), memory.stream.places.tolist(), strict=True))
        final = [address for address, place in pages.items() if sent[address] == place]
        assert len(pages) // 2 < len(final) <= len(pages) < len(raw) // PAGE
        for address in final:
            assert memory.read(address, PAGE) == raw[address : address + PAGE]
    assert "the stream is cut short" in caplog.text


# --- streams made by hand ---


def held(path: Path) -> list[tuple[int, bytes]]:
    with open_memory(path) as memory:
        return [(run.start, memory.read(run.start, run.length)) for run in memory.runs]


def test_pages_zero_pages_and_gaps(write: Write) -> None:
    part = streams.pages(b"pc.ram", [(0, A), (PAGE, 0), (2 * PAGE, 0xFF), (5 * PAGE, B)])
    path = write(streams.stream({b"pc.ram": 8 * PAGE}, part))
    assert held(path) == [(0, A + bytes(PAGE) + b"\xff" * PAGE), (5 * PAGE, B)]
    with open_memory(path) as memory:
        assert isinstance(memory, StreamMemory)
        assert memory.stream.machine == "pc-i440fx-7.2"
        assert memory.read(PAGE - 3, PAGE + 7) == b"aaa" + bytes(PAGE) + b"\xff" * 4
        assert list(memory.find(b"bbb"))[:2] == [5 * PAGE, 5 * PAGE + 1]
        with pytest.raises(UnreadableError):
            memory.read(3 * PAGE - 1, 2)


def test_other_blocks_are_not_memory(write: Write) -> None:
    blocks = {b"pc.bios": 16 * PAGE, b"pc.ram": 8 * PAGE, b"0000:00:02.0/vga.vram": 4096 * PAGE}
    parts = [streams.pages(b"pc.ram", [(0, A)]), streams.pages(b"pc.bios", [(0, B), (PAGE, B)])]
    more = streams.pages(b"0000:00:02.0/vga.vram", [(PAGE, C)])
    assert held(write(streams.stream(blocks, *parts, more))) == [(0, A)]


@pytest.mark.parametrize(
    ("block", "base"), [(b"mach-virt.ram", GIB), (b"riscv_virt_board.ram", 2 * GIB), (b"s390.ram", 0)]
)
def test_memory_starts_where_the_machine_has_it(write: Write, block: bytes, base: int) -> None:
    part = streams.pages(block, [(PAGE, A)])
    path = write(streams.stream({block: 3 * GIB, b"virt.flash0": 64 * MIB}, part, machine=b"virt-7.2"))
    assert held(path) == [(base + PAGE, A)]


def test_the_nodes_of_numa_follow_each_other(write: Write) -> None:
    blocks = {b"ram-node10": 2 * PAGE, b"ram-node2": PAGE, b"ram-node0": PAGE}
    parts = [streams.pages(name, [(0, letter)]) for name, letter in zip(blocks, (C, B, A), strict=True)]
    assert held(write(streams.stream(blocks, *parts))) == [(0, A + B + C)]


@pytest.mark.parametrize(
    ("machine", "length", "low"),
    [
        (b"pc-i440fx-7.2", 3 * GIB + 512 * MIB, 3 * GIB),
        (b"pc-i440fx-rhel7.6.0", 3 * GIB + 256 * MIB, 3 * GIB + 256 * MIB),
        (b"pc-q35-9.1", 3 * GIB, 2 * GIB),
        (b"pc-q35-jammy", 2 * GIB + 512 * MIB, 2 * GIB + 512 * MIB),
        (b"microvm", 4 * GIB, 3 * GIB),
    ],
)
def test_the_hole_below_4_gib_is_the_machines(write: Write, machine: bytes, length: int, low: int) -> None:
    part = streams.pages(b"pc.ram", [(low - PAGE, A)])
    expected = [(low - PAGE, A)]
    if low < length:
        part += streams.pages(b"pc.ram", [(low, B)])
        expected.append((4 * GIB, B))
    assert held(write(streams.stream({b"pc.ram": length}, part, machine=machine))) == expected


def test_the_clocks_memory_tells_the_hole(write: Write) -> None:
    """As with max-ram-below-4g; only if both parts are all of memory."""
    part = streams.pages(b"pc.ram", [(512 * MIB, A)])
    for low, at in ((512 * MIB, 4 * GIB), (500 * MIB, 512 * MIB)):
        path = write(streams.stream({b"pc.ram": 768 * MIB}, part, behind=streams.clock(low, 256 * MIB)))
        assert held(path) == [(at, A)]


def test_sections_of_devices_are_stepped_over(write: Write) -> None:
    """A device's section may come before memory, and hold what looks like its end."""
    number = 7
    body = b"\x7e" + number.to_bytes(4, "big") + b"\x55" + bytes(9000)
    early = streams.section(streams.FULL, body, number=number, name=b"virtio-mem-early")
    data = streams.stream({b"pc.ram": 8 * PAGE}, streams.pages(b"pc.ram", [(0, A)]))
    at = data.index(bytes((streams.START,)) + RAM.to_bytes(4, "big"))
    assert held(write(data[:at] + early + data[at:])) == [(0, A)]


def test_what_the_machines_must_agree_on_is_stepped_over(write: Write) -> None:
    bits = b"\5" + streams.named(b"configuration/target-page-bits") + struct.pack(">II", 1, 12)
    one = streams.named(b"events")
    bits += b"\5" + streams.named(b"configuration/capabilities") + struct.pack(">II", 1, 1) + one
    bits += b"\5" + streams.named(b"configuration/uuid") + struct.pack(">I16x", 1)
    data = streams.stream({b"pc.ram": 8 * PAGE}, streams.pages(b"pc.ram", [(0, A)]))
    plain = streams.configuration(b"pc-i440fx-7.2")
    assert held(write(data.replace(plain, plain + bits, 1))) == [(0, A)]


# --- what cannot be read is named ---


def refused(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        open_memory(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def test_what_packs_pages_is_named(write: Write) -> None:
    for flag, what in ((streams.XBZRLE, "XBZRLE"), (0x80, "RDMA"), (0x100, "compressed pages")):
        part = struct.pack(">Q", flag) + streams.named(b"pc.ram")
        assert what in (said := refused(write(streams.stream({b"pc.ram": PAGE}, part))))
        assert "QEMU migration stream of machine pc-i440fx-7.2" in said
    assert "libvirt" in refused(write(streams.libvirts(b"", packed=4)))
    assert "version" in refused(write(b"QEVM\0\0\0\2" + bytes(100)))


def test_a_block_that_no_file_holds_is_refused(write: Write) -> None:
    """A few bytes must not make us keep places for 2^50 pages."""
    part = streams.pages(b"pc.ram", [(1 << 61, A)])
    assert "in a file of" in refused(write(streams.stream({b"pc.ram": 1 << 62}, part)))
    part = streams.pages(b"pc.ram", [(8 * PAGE, A)])
    assert "behind the end" in refused(write(streams.stream({b"pc.ram": 8 * PAGE}, part)))
    data = streams.MAGIC + streams.memory(streams.START, streams.sizes({b"pc.ram": 8 * PAGE}, 1 << 62))
    assert "does not add up" in refused(write(data))


SMALL = streams.stream(
    {b"pc.ram": 64 * PAGE},
    streams.pages(b"pc.ram", [(0, A), (PAGE, 0), (3 * PAGE, B)]),
    streams.pages(b"pc.ram", [(0, C)]),
    behind=streams.clock(16 * MIB, 0),
)


def test_every_truncation_gives_a_part_or_a_format_error(write: Write) -> None:
    whole = {0: C, PAGE: bytes(PAGE), 3 * PAGE: B}
    heads = [*range(8, 300), *range(300, len(SMALL), 97)]
    for length in heads:
        try:
            with open_memory(write(SMALL[:length])) as memory:
                pages = [at for run in memory.runs for at in range(run.start, run.end, PAGE)]
                assert all(memory.read(at, PAGE) in (whole[at], A) for at in pages)
        except FormatError:
            continue


def test_every_corruption_of_a_head_gives_a_result_or_a_format_error(write: Write) -> None:
    for at in [*range(16, 160), *range(len(SMALL) - 230, len(SMALL), 3)]:
        for flip in (0x01, 0xFF):
            data = bytearray(SMALL)
            data[at] ^= flip
            try:
                with open_memory(write(bytes(data))) as memory:
                    assert memory.size <= 64 * PAGE + 3 * PAGE
            except FormatError:
                continue
