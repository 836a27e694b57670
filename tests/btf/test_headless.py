# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""BTF whose header was wiped, found by its body."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.volrunner import Vol
from support.wiping import wiped
from volatility3_btf import find_btf
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.btf import Types
from volatility3_btf.memory.memory import BytesMemory, SegmentedMemory

GetDump = Callable[[str], Dump]
KERNELS = ("amd64-5.10", "amd64-6.1", "amd64-7", "arm64-6.12", "s390x-6.12")
HEADER = 24


def vmlinux(dump: Dump) -> bytes:
    return (dump.folder / "btf" / "vmlinux").read_bytes()


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("wipe", [8, HEADER])
def test_all_of_it_is_recovered(name: str, wipe: int, dump: GetDump) -> None:
    blob = vmlinux(dump(name))
    noise = random.Random(6).randbytes(5000)
    image = noise + bytes(wipe) + blob[wipe:] + bytes(64) + noise
    (found,) = find_kernel_btf(BytesMemory(image, 0x1000))
    assert (found.offset, found.kind, found.state) == (0x1000 + len(noise), "kernel", "damaged")
    assert "header" in found.problem
    assert found.sha256 == hashlib.sha256(blob).hexdigest()
    assert found.counts == Types(blob).counts


def test_zeros_before_it_and_names_right_behind_it(dump: GetDump) -> None:
    """Without a gap nothing tells where its strings end; what follows is no name of a type."""
    blob = vmlinux(dump("amd64-6.1"))
    image = bytes(1 << 16) + bytes(HEADER) + blob[HEADER:] + b"more\0and_more\0\0"
    (found,) = find_kernel_btf(BytesMemory(image))
    assert found.data[HEADER:].startswith(blob[HEADER:])
    assert len(found.types) == len(Types(blob))


def test_a_whole_blob_is_preferred(dump: GetDump) -> None:
    blob = vmlinux(dump("amd64-6.1"))
    image = SegmentedMemory([(0, bytes(HEADER) + blob[HEADER:]), (1 << 24, blob)])
    assert [(found.offset, found.state) for found in find_kernel_btf(image)] == [(1 << 24, "complete")]


def test_only_the_wanted_byte_order(dump: GetDump) -> None:
    image = BytesMemory(bytes(HEADER) + vmlinux(dump("s390x-6.12"))[HEADER:])
    assert not list(find_kernel_btf(image, endian="little"))
    assert [blob.endian for blob in find_btf(image, endian="big")] == ["big"]


@pytest.mark.parametrize("cut", [1 << 12, 1 << 20])
def test_what_lacks_its_first_types_is_not_called_whole(cut: int, dump: GetDump) -> None:
    blob = vmlinux(dump("amd64-6.1"))
    assert not list(find_kernel_btf(BytesMemory(bytes(HEADER + cut) + blob[HEADER + cut :])))


def test_names_alone_are_nothing() -> None:
    names = b"\0" + b"".join(b"name_%d\0" % i for i in range(10_000)) + b"task_struct\0" + bytes(64)
    assert not list(find_kernel_btf(BytesMemory(random.Random(6).randbytes(1 << 20) + names)))


@pytest.mark.slow
def test_the_process_list_comes_all_the_same(dump: GetDump, vol: Vol, tmp_path: Path) -> None:
    """With nothing prepared, and with no BTF header in the image."""
    source = dump("amd64-6.1")
    (blob,) = vol("linux.btfscan", image=source.raw).rows
    image = wiped(source, tmp_path / "memory.raw", blob["Offset"], 8)
    (row,) = vol("linux.btfscan", image=image).rows
    assert row == {**blob, "State": "damaged"}
    (table,) = vol("linux.btfisf", image=image).rows
    assert table["State"] == "partial"
    expected = vol("linux.pslist", image=source.raw)
    found = Vol(tmp_path / "other")("-q", "linux.pslist", image=image)
    assert found.stdout == expected.stdout
    assert "header is gone" in found.stderr
