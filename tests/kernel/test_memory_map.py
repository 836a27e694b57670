# SPDX-License-Identifier: Apache-2.0
"""The kernel's map of its memory: read as the guest prints it, missed where the image lacks something."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.decoys import HUGE, Ground
from support.flat import behind_the_kernel, in_pages, joined, shortened, system_ram
from support.overlay import Overlay
from volatility3_btf import open_memory
from volatility3_btf.kernel import identify_kernel, identify_kernels
from volatility3_btf.kernel.address_space import address_space_of
from volatility3_btf.kernel.identify.arrangement import Arranged, Part, arrangement_of
from volatility3_btf.kernel.memory_map import MemoryMap, lacking, memory_map_of, set_aside
from volatility3_btf.memory.memory import BytesMemory, Run, UnreadableError

GetDump = Callable[[str], Dump]
HONEST = (
    "amd64-5.10",
    "amd64-6.1",
    "amd64-6.1-high",
    "amd64-6.12-la57",
    "amd64-7",
    "arm64-6.12",
    "s390x-6.12",
)


@pytest.mark.parametrize("name", HONEST)
@pytest.mark.parametrize("form", ["raw", "elf"])
def test_an_honest_image_has_all_of_it(dump: GetDump, name: str, form: str) -> None:
    made = dump(name)
    memory = open_memory(made.raw if form == "raw" else made.elf)
    kernel = identify_kernel(memory)
    found = memory_map_of(memory, kernel, address_space_of(memory, kernel))
    assert [(run.start, run.length) for run in found.ranges] == system_ram(made)
    assert found.end == sum(system_ram(made)[-1])
    assert kernel.lacking is None
    if kernel.layer_base == 0:
        assert arrangement_of(memory, kernel) is None


@pytest.mark.parametrize("at_least", [3 << 30, (4 << 30) + (300 << 20)])
def test_a_cut_image_lacks_memory(dump: GetDump, tmp_path: Path, at_least: int) -> None:
    keep = behind_the_kernel(dump("amd64-6.1-high"), at_least)
    memory = open_memory(shortened(dump("amd64-6.1-high"), keep, tmp_path / "cut.raw"))
    kernel = identify_kernel(memory)
    assert kernel.lacking is not None
    assert f"up to {0x120000000:#x}, and the image ends at {keep:#x}" in kernel.lacking
    assert kernel.state == "unchecked"
    assert arrangement_of(memory, kernel) is None


def test_pages_that_a_tool_could_not_read_are_missed(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    place = Ground(image, identify_kernel(image)).run(random.Random(1), HUGE)
    assert place is not None
    spare = place // 4096
    image.remove(range(spare, spare + HUGE // 4096))
    kernel = identify_kernel(image)
    assert kernel.lacking is not None
    assert kernel.lacking.startswith("2 MiB of the kernel's 511 MiB of memory are not in the image")
    assert hex(spare * 4096) in kernel.lacking


def test_what_is_kept_for_a_kernel_after_a_crash_is_not_missed(dump: GetDump) -> None:
    """/proc/vmcore leaves it out, so every dump that kdump writes lacks it."""
    image = Overlay(dump("amd64-crash").raw)
    dead = next(kernel for kernel in identify_kernels(image) if kernel.life == "ended")
    spare = set_aside(image, dead)
    assert spare is not None and spare.length == 160 << 20
    image.remove(range(spare.start // 4096, spare.end // 4096))
    assert identify_kernel(image).lacking is None


def test_the_first_mib_is_not_missed(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    image.remove(range(256))
    assert identify_kernel(image).lacking is None


def test_lacking_of_ranges() -> None:
    told = MemoryMap((Run(0x1000, 0x9F000), Run(0x100000, 0x700000)), 0x800000)
    held = [Run(0, 0x200000), Run(0x300000, 0x100000), Run(0x600000, 0x400000)]
    assert told.lacking(held) == [Run(0x200000, 0x100000), Run(0x400000, 0x200000)]
    assert told.lacking([Run(0, 0x800000)]) == []
    assert told.lacking([]) == list(told.ranges)
    assert lacking(BytesMemory(bytes(0x1000)), MemoryMap((), 0x2000), 0) is not None
    assert lacking(BytesMemory(bytes(0x1000)), MemoryMap((), 0x2000), 0x1000) is None
    assert lacking(BytesMemory(bytes(0x1000)), MemoryMap(), 0) is None
    kept = MemoryMap((Run(0, 0x800000),), 0x800000, spare=Run(0x200000, 0x300000))
    assert lacking(BytesMemory(bytes(0x200000)), kept, 0) == (
        "3 MiB of the kernel's 8 MiB of memory are not in the image (0x500000-0x7fffff)"
    )


@pytest.mark.parametrize("shape", ["ram", "no hole"])
def test_parts_are_laid_out_where_they_belong(dump: GetDump, tmp_path: Path, shape: str) -> None:
    made = dump("amd64-6.1-high")
    whole = [(start, length) for start, length in made.truth["ram"]]
    ranges = {"ram": system_ram(made), "pages": in_pages(system_ram(made)), "no hole": whole}[shape]
    memory = open_memory(joined(made, ranges, tmp_path / "joined.raw"))
    found = arrangement_of(memory, identify_kernel(memory))
    assert found is not None
    assert [(part.address, part.length) for part in found.parts] == ranges


@pytest.mark.parametrize("shape", ["ram", "pages", "from 0"])
def test_limes_raw(dump: GetDump, tmp_path: Path, shape: str) -> None:
    made = dump("amd64-6.1")
    ranges = system_ram(made) if shape == "ram" else in_pages(system_ram(made))
    if shape == "from 0":
        ranges[0] = (0, sum(ranges[0]))
    memory = open_memory(joined(made, ranges, tmp_path / "lime.raw"))
    found = arrangement_of(memory, identify_kernel(memory))
    assert found is not None
    assert [(part.address, part.length) for part in found.parts] == ranges


def test_memory_that_starts_elsewhere(dump: GetDump) -> None:
    made = dump("arm64-6.12")
    memory = open_memory(made.raw)
    found = arrangement_of(memory, identify_kernel(memory))
    assert found is not None
    assert found.parts == (Part(made.truth["raw_base"], 0, memory.end),)


def test_an_arranged_image_is_read_by_its_new_addresses() -> None:
    image = BytesMemory(bytes(range(256)) * 32)
    laid = Arranged(image, [Part(0x10000, 0x1000, 0x1000), Part(0x40, 0, 0x10)])
    assert laid.read(0x40, 4) == bytes([0, 1, 2, 3])
    assert laid.read(0x10010, 2) == bytes([0x10, 0x11])
    with pytest.raises(UnreadableError):
        laid.read(0x50, 1)
    assert list(laid.find(bytes([5, 6, 7, 8]), 0, 0x100)) == [0x45]
