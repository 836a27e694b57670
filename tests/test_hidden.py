# SPDX-License-Identifier: Apache-2.0
"""Bytes planted before a kernel's whole BTF to hide it, on a real dump."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.patching import Patch
from volatility3_btf import find_btf, open_memory
from volatility3_btf.blobs.blob import Blob
from volatility3_btf.blobs.crowd import MOST_DAMAGED
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.survey import MOST_IN_MIB

GetDump = Callable[[str], Dump]
MIB = 1 << 20
SIGNATURE = b"\x9f\xeb\x01\x00"
INT = struct.pack("<4I", 0, 1 << 24, 4, 32)
POINTERS = struct.pack("<3I", 0, 2 << 24, 0) * 17


def header(type_len: int, str_off: int, str_len: int) -> bytes:
    return SIGNATURE + struct.pack("<5I", 24, 0, type_len, str_off, str_len)


class Region:
    """16 MiB of a dump around its kernel's BTF, to plant bytes in."""

    def __init__(self, dump: Dump) -> None:
        memory = open_memory(dump.raw)
        self.blob: Blob = next(find_kernel_btf(memory))
        self.base = (self.blob.offset - 4 * MIB) // MIB * MIB
        self.data = bytearray(memory.read(self.base, 16 * MIB))
        self._at = self.blob.offset - self.base

    def plant(self, data: bytes) -> int:
        """Write into the last zeros before the BTF that have room; where."""
        place = self.data.rfind(bytes(len(data) + 64), 0, self._at - 64)
        assert place >= 0
        self.data[place : place + len(data)] = data
        return place

    def nul_behind(self) -> int:
        """The first NUL byte behind the BTF."""
        return self.data.index(0, self._at + self.blob.size + 64)

    def kernels(self) -> list[tuple[int, str, str]]:
        memory = BytesMemory(bytes(self.data), self.base)
        every = [blob for blob in find_btf(memory) if blob.kind == "kernel"]
        only = list(find_kernel_btf(memory))
        assert [blob.offset for blob in every] == [blob.offset for blob in only]
        return [(blob.offset, blob.state, blob.sha256) for blob in only]

    @property
    def expected(self) -> list[tuple[int, str, str]]:
        return [(self.blob.offset, "complete", self.blob.sha256)]


@pytest.fixture
def region(dump: GetDump) -> Region:
    return Region(dump("amd64-6.1"))


def test_a_blob_that_claims_it_as_its_strings_does_not_swallow_it(region: Region) -> None:
    place = region.plant(bytes(40))
    fake = header(16, 16, region.nul_behind() + 1 - place - 40) + INT
    region.data[place : place + len(fake)] = fake
    assert region.kernels() == region.expected


def test_a_crowd_of_fakes_before_it_does_not_keep_it_from_being_looked_at(region: Region) -> None:
    region.plant((header(8 * MIB, 8 * MIB, 64) + POINTERS) * 2 * MOST_DAMAGED)
    assert region.kernels() == region.expected


def test_signatures_in_its_own_mib_do_not_make_its_header_gone(region: Region) -> None:
    at = region.blob.offset - region.base
    flood = SIGNATURE * MOST_IN_MIB
    assert at % MIB > len(flood)
    region.data[at - at % MIB : at - at % MIB + len(flood)] = flood
    assert region.kernels() == region.expected


@pytest.fixture
def patch(dump: GetDump, tmp_path: Path) -> Iterator[Patch]:
    yield Patch(dump("amd64-6.1"), tmp_path / "memory.raw")
    (tmp_path / "memory.raw").unlink()


def test_where_a_decoy_is_found_in_its_place_kallsyms_tells_where_it_lies(patch: Patch) -> None:
    """A small kernel's BTF elsewhere, so that no search for a body is made; its own MiB flooded."""
    offset = patch.kernel.blob.offset
    assert offset % MIB > 4 * MOST_IN_MIB
    names = b"\0task_struct\0" + b"padding\0" * (1 << 14)
    types = INT + struct.pack("<6I", 1, 4 << 24 | 1, 8, 13, 1, 0)
    patch.write(patch.spare(MIB), header(len(types), len(types), len(names)) + types + names)
    patch.write(offset // MIB * MIB, SIGNATURE * MOST_IN_MIB)
    memory = patch.memory()
    assert offset not in [blob.offset for blob in find_kernel_btf(memory)]
    kernel = identify_kernel(memory)
    assert (kernel.blob.offset, kernel.blob.sha256) == (offset, patch.kernel.blob.sha256)
    assert kernel.state == "exact"
    assert f"__start_BTF is the address of the BTF at {offset:#x}" in kernel.evidence
