# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Flat memory whose first page holds the beginning of a file, as on arm64 it may."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import kernelfiles
from support.volrunner import Vol
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.files.first_page import PAGE, begins_with_a_program

Dumps = Callable[[str], Dump]
NAME = "arm64-6.12"
IMAGE = kernelfiles.image("arm64", [0x10])
FIRST = {
    "a program": kernelfiles.elf(bytes(100), 0x400000, 0x400000, machine=183),
    "an object file": kernelfiles.module({".text": bytes(300)}),
    "the kernel": IMAGE[:0x10] + (40 << 20).to_bytes(8, "little") + IMAGE[0x18:PAGE],
}


def beginning_with(dump: Dump, content: bytes, path: Path) -> Path:
    """A dump whose first page begins with something else."""
    shutil.copy(dump.raw, path)
    with path.open("r+b") as file:
        file.write(content[:PAGE].ljust(PAGE, b"\1"))
    return path


@pytest.mark.parametrize("what", FIRST)
def test_the_list_is_the_same(dump: Dumps, vol: Vol, session_vol: Vol, tmp_path: Path, what: str) -> None:
    image = beginning_with(dump(NAME), FIRST[what], tmp_path / "memory.raw")
    result = vol("linux.pslist", image=image)
    assert result.rows == session_vol("linux.pslist", image=dump(NAME).raw).rows != []
    told = "begins like an ELF file which is no core" in result.stderr
    assert told == (what != "the kernel")
    assert [row["State"] for row in vol("linux.btfscan", image=image).rows] == ["complete"]


@pytest.mark.parametrize("what", FIRST)
def test_the_library_reads_all_of_it(dump: Dumps, tmp_path: Path, what: str) -> None:
    with open_memory(beginning_with(dump(NAME), FIRST[what], tmp_path / "memory.raw")) as memory:
        assert memory.read(0, 64) == FIRST[what][:64]
        assert identify_kernel(memory).state == "exact"


@pytest.mark.parametrize("what", ["a program", "an object file"])
def test_a_file_by_itself_is_an_elf_file(what: str) -> None:
    data = FIRST[what].ljust(PAGE, b"\1")
    assert begins_with_a_program(lambda at, length: data[at : at + length], len(data)) is None
    assert begins_with_a_program(lambda at, length: data[at : at + length], 512 << 20) is not None


def test_a_core_is_one_however_much_follows(dump: Dumps) -> None:
    with dump(NAME).elf.open("rb") as file:
        data = file.read(PAGE)
    assert begins_with_a_program(lambda at, length: data[at : at + length], 1 << 40) is None
