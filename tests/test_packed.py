# SPDX-License-Identifier: Apache-2.0
"""Images that are packed as a whole: unpacked once; damaged, bombs, and what cannot be unpacked."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import os
import random
import shutil
import sys
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from support import streams
from support.cores import lime
from support.packing import zstd
from volatility3_btf import open_memory
from volatility3_btf.files import packed
from volatility3_btf.files.formats import FormatError
from volatility3_btf.memory.memory import Run

MIB = 1 << 20
NOISE = random.Random(7).randbytes(3 * MIB)
MEMORY = bytes(2 * MIB) + NOISE + bytes(4 * MIB) + b"the end"


def zipped(data: bytes, *others: tuple[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    """An archive of an image and of other files."""
    with zipfile.ZipFile(buffer := io.BytesIO(), "w", method) as archive:
        for name, content in (*others, ("../../memory.raw", data)):
            archive.writestr(name, content)
    return buffer.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "bzip2": bz2.compress,
    "xz": lzma.compress,
    "lzma": lambda data: lzma.compress(data, format=lzma.FORMAT_ALONE),
    "zstd": zstd.compress,
    "zip": lambda data: zipped(data, ("note.txt", b"from the first responder")),
    "zip, stored": lambda data: zipped(data, method=zipfile.ZIP_STORED),
    "gzip in zip": lambda data: zipped(gzip.compress(data)),
    "two gzip files in one": lambda data: gzip.compress(data[:MIB]) + gzip.compress(data[MIB:]),
    "two zstd frames": lambda data: zstd.compress(data[:MIB]) + zstd.compress(data[MIB:]),
}

Write = Callable[[bytes], Path]


@pytest.fixture
def write(tmp_path: Path) -> Write:
    """Writes a file whose name says nothing."""

    def write_file(data: bytes) -> Path:
        (tmp_path / "memory").write_bytes(data)
        return tmp_path / "memory"

    return write_file


@pytest.mark.parametrize("name", PACK)
def test_a_packed_image_is_opened_as_it_was(name: str, write: Write, tmp_path: Path) -> None:
    path = write(PACK[name](MEMORY))
    with open_memory(path) as memory:
        assert memory.runs == (Run(0, len(MEMORY)),)
        assert memory.read(0, len(MEMORY)) == MEMORY
        assert list(memory.find(NOISE[-9:])) == [5 * MIB - 9]
    assert list(tmp_path.iterdir()) == [path]


def test_the_format_of_what_was_packed_counts(write: Write) -> None:
    """LiME's own compression, too, is one zlib stream over all of the file."""
    for pack in (gzip.compress, zstd.compress, zlib.compress):
        with open_memory(write(pack(lime([(4096, b"a" * 4096), (1 << 32, NOISE)])))) as memory:
            assert memory.runs == (Run(4096, 4096), Run(1 << 32, len(NOISE)))
            assert memory.read(1 << 32, len(NOISE)) == NOISE


@pytest.mark.parametrize(("number", "name"), [(1, "gzip"), (2, "bzip2"), (3, "xz"), (5, "zstd")])
def test_what_libvirt_saved_and_packed_is_a_stream(number: int, name: str, write: Write) -> None:
    part = streams.pages(b"pc.ram", [(0, b"a" * 4096), (3 * 4096, 0)])
    whole = streams.stream({b"pc.ram": 64 << 12}, part)
    with open_memory(write(streams.libvirts(PACK[name](whole), packed=number))) as memory:
        assert memory.runs == (Run(0, 4096), Run(3 * 4096, 4096))
        assert memory.read(0, 4096) == b"a" * 4096
    assert f"a {name} file of libvirt's" in refused(write(streams.libvirts(b"", packed=number)))


def test_zeros_take_no_room(write: Write) -> None:
    with gzip.open(path := write(b""), "wb", compresslevel=1) as out:
        for _ in range(200):
            out.write(bytes(MIB))
        out.write(b"x" * 5000)
    with path.open("rb") as file, packed.unpacked(file) as whole:
        state = os.fstat(whole.fileno())
        assert state.st_size == 200 * MIB + 5000
        assert state.st_blocks * 512 < MIB


def test_progress_is_told(write: Write) -> None:
    told: list[float] = []
    with write(gzip.compress(MEMORY)).open("rb") as file:
        packed.unpacked(file, lambda percent, what: told.append(percent)).close()
    assert told == sorted(told) and told[0] >= 0 and told[-1] == 100


# --- what cannot be unpacked, or not wholly ---


def refused(path: Path) -> str:
    with pytest.raises(FormatError) as caught:
        open_memory(path)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "zstd"])
def test_of_a_file_that_was_cut_what_came_out_is_right(
    name: str, write: Write, caplog: pytest.LogCaptureFixture
) -> None:
    data = PACK[name](MEMORY)
    with open_memory(write(data[: len(data) * 2 // 3])) as memory:
        assert 2 * MIB <= memory.size < len(MEMORY)
        assert memory.read(0, memory.size) == MEMORY[: memory.size]
    assert f"this {name} file is cut short or damaged" in caplog.text


@pytest.mark.parametrize("name", ["gzip", "bzip2", "xz", "lzma", "zstd", "zip"])
def test_every_damage_is_a_part_or_an_error_of_ours(name: str, write: Write) -> None:
    data = PACK[name](bytes(9000) + NOISE[:4000])
    for at in range(0, len(data), 61):
        for changed in (data[:at], data[:at] + bytes((data[at] ^ 0xFF,)) + data[at + 1 :]):
            try:
                with open_memory(write(changed)) as memory:
                    assert memory.size <= MIB
            except FormatError as error:
                assert "\n" not in str(error)


def test_more_than_an_image_can_have_is_refused(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(packed, "MOST_UNPACKED", 4 * MIB)
    assert "of more than" in refused(write(gzip.compress(MEMORY)))


def test_a_disk_without_room_is_told(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    usage = shutil.disk_usage("/")._replace(free=packed.RESERVE)
    monkeypatch.setattr(shutil, "disk_usage", lambda folder: usage)
    assert "there is no room to unpack it in" in refused(write(gzip.compress(MEMORY)))


def test_packed_without_end_is_not_followed_without_end(write: Write) -> None:
    data = MEMORY[: 3 * MIB]
    for _ in range(packed.MOST_LAYERS + 1):
        data = gzip.compress(data, compresslevel=1)
    assert "this is gzip" in refused(write(data))


def test_a_package_that_is_missing_is_named(write: Write, monkeypatch: pytest.MonkeyPatch) -> None:
    data = zstd.compress(MEMORY)
    for name in ("compression.zstd", "backports.zstd"):
        monkeypatch.setitem(sys.modules, name, None)
    assert "pip install backports.zstd" in refused(write(data))


def test_archives_with_nothing_for_us_are_refused(write: Write) -> None:
    with zipfile.ZipFile(buffer := io.BytesIO(), "w") as archive:
        archive.mkdir("folder") if hasattr(archive, "mkdir") else archive.writestr("folder/", b"")
    assert "without files" in refused(write(buffer.getvalue()))
    locked = bytearray(zipped(MEMORY))
    locked[6] |= 1
    locked[locked.rindex(b"PK\1\2") + 8] |= 1
    assert "with a password" in refused(write(bytes(locked)))
