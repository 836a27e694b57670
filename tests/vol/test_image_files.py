# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What `vol` says of files that are no image, or no whole one; files that our layers read."""

from __future__ import annotations

import os
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import forms, streams
from support.cores import Elf, xen
from support.volrunner import Result, Vol

pytestmark = pytest.mark.slow

NAME = "amd64-6.1-stream"
PAGE = 4096


def one_line(result: Result, logger: str = "volatility3_btf", plugin: str = "volatility3.plugins") -> str:
    """The only line that we wrote."""
    ours = [line for line in result.stderr.splitlines() if f" {logger}" in line or f" {plugin}" in line]
    assert len(ours) == 1, result.stderr
    assert "Traceback" not in result.stderr
    return ours[0]


@pytest.fixture
def archived(tmp_path: Path) -> Path:
    """An archive with an image that is not even packed."""
    (tmp_path / "memory.raw").write_bytes(bytes(9000))
    with tarfile.open(tmp_path / "memory.tar", "w") as archive:
        archive.add(tmp_path / "memory.raw", "memory.raw")
    return tmp_path / "memory.tar"


@pytest.mark.parametrize("plugin", ["linux.btfscan", "linux.pslist"])
def test_a_file_that_is_no_image_is_named(vol: Vol, archived: Path, plugin: str) -> None:
    result = vol(plugin, image=archived, check=False)
    assert "this is a tar archive" in one_line(result)
    assert result.returncode == (0 if plugin == "linux.btfscan" else 1)


@pytest.mark.parametrize("plugin", ["linux.btfscan", "linux.pslist"])
def test_why_a_packed_file_was_not_unpacked_is_told(vol: Vol, tmp_path: Path, plugin: str) -> None:
    (tmp_path / "memory.zst").write_bytes(b"\x28\xb5\x2f\xfd" + bytes(5000))
    result = vol(plugin, image=tmp_path / "memory.zst", check=False)
    assert "this is zstd, and damaged" in one_line(result)
    assert result.returncode == (0 if plugin == "linux.btfscan" else 1)


def test_of_a_packed_file_that_was_cut_what_came_out_is_searched(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path
) -> None:
    guest = dump(NAME)
    path = forms.gz(guest, tmp_path / "memory.raw.gz")
    os.truncate(path, path.stat().st_size - 1000)
    result = vol("linux.btfscan", image=path)
    assert [row["SHA256"] for row in result.rows] == [guest.truth["btf"]["vmlinux"]["sha256"]]
    assert "this gzip file is cut short or damaged" in one_line(result)


def test_a_stream_that_cannot_be_read_is_named(vol: Vol, tmp_path: Path) -> None:
    part = struct.pack(">Q", streams.XBZRLE) + streams.named(b"pc.ram")
    path = tmp_path / "memory.qevm"
    path.write_bytes(streams.stream({b"pc.ram": PAGE}, part, machine=b"pc-q35-9.2"))
    line = one_line(vol("linux.pslist", image=path, check=False))
    assert "QEMU migration stream of machine pc-q35-9.2" in line and "XBZRLE" in line


@pytest.mark.parametrize("plugin", ["linux.btfscan", "linux.pslist"])
def test_what_is_no_file_is_not_opened(vol: Vol, tmp_path: Path, plugin: str) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path, what in ((tmp_path / "pipe", "a pipe"), (tmp_path, "a folder")):
        result = vol(plugin, image=path, check=False, timeout=60)
        assert what in result.stderr and "Traceback" not in result.stderr
        assert result.returncode == 1


def test_a_cut_avml_file_is_read_up_to_there(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    guest, path = dump(NAME), tmp_path / "memory.avml"
    data = forms.avml(guest, path).read_bytes()
    path.write_bytes(data[: len(data) - 1000])
    result = vol("linux.btfscan", image=path, timeout=60)
    assert [row["SHA256"] for row in result.rows] == [guest.truth["btf"]["vmlinux"]["sha256"]]
    assert "cut short" in one_line(result)


def pages_of(guest: Dump) -> list[tuple[int, bytes]]:
    """The guest's memory, by number of page."""
    raw = guest.raw.read_bytes()
    return [(at // PAGE, raw[at : at + PAGE]) for at in range(0, len(raw), PAGE)]


@pytest.fixture(scope="module")
def processes(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> str:
    """What linux.pslist prints of the flat image."""
    return Vol(tmp_path_factory.mktemp("flat"))("linux.pslist", image=dump(NAME).raw).stdout


def test_a_xen_core_gives_the_processes(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path, processes: str
) -> None:
    guest = dump(NAME)
    (tmp_path / "core").write_bytes(xen(pages_of(guest)))
    assert vol("linux.pslist", image=tmp_path / "core").stdout == processes


def test_a_core_of_single_pages_gives_the_processes(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path, processes: str
) -> None:
    guest, elf = dump(NAME), Elf()
    pages = pages_of(guest)
    place = elf.header_size + len(pages) * elf.entry_size
    table = (elf.entry(1, place + at * PAGE, number * PAGE, PAGE) for at, (number, _) in enumerate(pages))
    body = b"".join(data for _, data in pages)
    whole = elf.header(0xFFFF, place + len(body)) + b"".join(table) + body
    (tmp_path / "core").write_bytes(whole + elf.section_with_count(len(pages)))
    assert vol("linux.pslist", image=tmp_path / "core").stdout == processes
