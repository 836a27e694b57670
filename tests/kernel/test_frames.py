# SPDX-License-Identifier: Apache-2.0
"""What each frame is used for: held against what the kernels count themselves, and against damage."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.btf import Enum, Kind
from volatility3_btf.kernel import Kernel, NoKernelError
from volatility3_btf.kernel.address_space import address_space_of
from volatility3_btf.kernel.frames.modules import MOST_BYTES, module_ranges
from volatility3_btf.kernel.frames.physical_map import PhysicalMap, physical_map
from volatility3_btf.kernel.frames.use import Use
from volatility3_btf.kernel.loaded.module_list import listed_modules
from volatility3_btf.kernel.structures import member_at, struct_of
from volatility3_btf.memory.addresses import Virtual
from volatility3_btf.memory.memory import Memory

GetDump = Callable[[str], Dump]
KERNELS = ["amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "amd64-6.1-high", "amd64-6.12-la57"]
PROCESSORS = ["arm64-6.12", "arm64-6.12-16k", "s390x-6.12", "riscv64-6.12", "ppc64el-6.12-64k"]


class Mapped:
    """A dump, its kernel, and the map of its memory."""

    def __init__(self, source: Dump) -> None:
        self.memory: Memory = open_memory(source.raw)
        self.kernel: Kernel = identify_kernel(self.memory)
        self.map: PhysicalMap = physical_map(self.memory, self.kernel)
        space = address_space_of(self.memory, self.kernel)
        assert space is not None
        self.space = space

    def counted(self, enumeration: str, name: str) -> int:
        """What the kernel counts: `vm_node_stat` or `vm_zone_stat` (mm/vmstat.c)."""
        counters = self.address("vm_zone_stat" if enumeration.startswith("zone") else "vm_node_stat")
        return self.number(counters + 8 * self.index(enumeration, name), 8)

    def index(self, enumeration: str, name: str) -> int:
        found = self.kernel.blob.types.find(enumeration, Kind.ENUM)
        assert isinstance(found, Enum)
        (index,) = (each.value for each in found.values if each.name == name)
        return index

    def not_yet_counted(self, name: str) -> int:
        """What processors keep until it is worth adding up: `vm_stat_diff` (mm/vmstat.c)."""
        types, index = self.kernel.blob.types, self.index("zone_stat_item", name)
        node, zone = struct_of(types, "pglist_data"), struct_of(types, "zone")
        assert node is not None and zone is not None
        zones, at = member_at(node, "node_zones"), self.address("contig_page_data", "node_data")
        assert zones is not None
        if self.kernel.find("contig_page_data") is None:
            at = self.number(at, 8)
        member, struct = "per_cpu_zonestats", struct_of(types, "per_cpu_zonestat")
        if struct is None:
            member, struct = "pageset", struct_of(types, "per_cpu_pageset")
        kept = member_at(zone, member)
        assert kept is not None and struct is not None
        differences = member_at(struct, "vm_stat_diff")
        assert differences is not None
        offsets = self.address("__per_cpu_offset")
        processors = range(self.number(self.address("nr_cpu_ids"), 4))
        total = 0
        for start in range(at + zones[0], at + zones[0] + zones[1], zone.size):
            area = self.number(start + kept[0], 8)
            for processor in processors if area else ():
                offset = self.number(offsets + 8 * processor, 8)
                place = (area + offset + differences[0] + index) % (1 << 64)
                total += int.from_bytes(self.space.read(Virtual(place), 1), "little", signed=True)
        return total

    def address(self, *names: str) -> int:
        """The virtual address of the first symbol that there is."""
        symbols = self.kernel.symbols
        assert symbols is not None
        return next(address for address in map(symbols.get, names) if address is not None)

    def number(self, address: int, size: int) -> int:
        return int.from_bytes(self.space.read(Virtual(address), size), self.kernel.blob.header.endian)

    def frames(self, use: Use) -> int:
        return int(np.count_nonzero(self.map.uses == use))


@pytest.fixture(scope="module", params=[*KERNELS, *PROCESSORS])
def mapped(request: pytest.FixtureRequest, dump: GetDump) -> Mapped:
    return Mapped(dump(request.param))


def test_as_many_frames_are_free_as_the_kernel_counts(mapped: Mapped) -> None:
    counted = mapped.counted("zone_stat_item", "NR_FREE_PAGES") + mapped.not_yet_counted("NR_FREE_PAGES")
    assert mapped.frames(Use.FREE) == counted


def test_as_many_frames_hold_files_as_the_kernel_counts(mapped: Mapped) -> None:
    assert mapped.frames(Use.PAGE_CACHE) == mapped.counted("node_stat_item", "NR_FILE_PAGES")


def test_what_processes_and_objects_have_is_about_what_the_kernel_counts(mapped: Mapped) -> None:
    """Processors add up what they count only now and then; large objects of 6.x have no type of their own."""
    anonymous = mapped.counted("node_stat_item", "NR_ANON_MAPPED")
    assert abs(mapped.frames(Use.ANONYMOUS) - anonymous) <= max(32, anonymous // 8)
    reclaimable = mapped.counted("node_stat_item", "NR_SLAB_RECLAIMABLE_B")
    slab = reclaimable + mapped.counted("node_stat_item", "NR_SLAB_UNRECLAIMABLE_B")
    assert slab / 2 < mapped.frames(Use.SLAB) <= slab + 32


def test_nothing_is_unknown_and_nothing_missing(mapped: Mapped) -> None:
    assert mapped.map.doubts == ()
    assert mapped.frames(Use.UNKNOWN) == mapped.frames(Use.MISSING) == mapped.frames(Use.ZEROED) == 0


def test_the_kernel_its_types_and_its_page_tables_lie_where_they_were_found(mapped: Mapped) -> None:
    base, kernel = mapped.kernel.layer_base or 0, mapped.kernel
    assert mapped.map.use_at(kernel.blob.offset + base) == Use.BTF
    assert kernel.page_tables is not None
    assert mapped.map.use_at(kernel.page_tables.root + base) in (Use.PAGE_TABLE, Use.IMAGE)
    text = kernel.find("_text")
    assert text is not None and mapped.map.use_at(text + base) == Use.IMAGE
    assert mapped.frames(Use.MODULE) > 0


def test_a_hole_below_4_gib_is_one(dump: GetDump) -> None:
    high = Mapped(dump("amd64-6.1-high")).map
    assert high.use_at(0xC0000000) == high.use_at(0xFFFFFFFF) == Use.HOLE
    assert high.use_at(0x100000000) != Use.HOLE
    with pytest.raises(IndexError):
        high.use_at(high.end)


def test_what_is_damaged_is_told(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    kernel = identify_kernel(image)
    whole = physical_map(image, kernel)
    first = -(-kernel.blob.offset // 4096)
    image.blank([first + 10, first + 11])
    free = np.flatnonzero(whole.uses == Use.FREE)[-3:].tolist()
    image.remove(free)
    damaged = physical_map(image, identify_kernel(image))
    image.restore()
    assert damaged.uses[[first + 10, first + 11]].tolist() == [Use.ZEROED] * 2
    assert damaged.uses[free].tolist() == [Use.MISSING] * 3
    assert damaged.doubts == (
        "2 pages of the kernel's BTF are zero, or are missing",
        "12 KiB of the kernel's memory are not in the image",
    )


def test_lists_that_end_early_are_told(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    kernel = identify_kernel(image)
    task = struct_of(kernel.blob.types, "task_struct")
    link, modules, start = task and member_at(task, "tasks"), kernel.find("modules"), kernel.find("init_task")
    assert link and modules is not None and start is not None
    image.write(modules, b"\0" * 8)
    image.write(start + link[0], b"\0" * 8)
    found = physical_map(image, kernel)
    image.restore()
    assert found.doubts == (
        "not all page tables of processes are known: the list of tasks was not followed to its end",
        "the list of modules was not followed to its end",
    )


def test_without_the_kernels_records_the_rest_is_told(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    kernel = identify_kernel(image)
    place = kernel.find("mem_section")
    assert place is not None
    image.write(place, bytes(8))
    found = physical_map(image, kernel)
    image.restore()
    assert found.doubts == ("the kernel's records of its frames (struct page) were not found",)
    assert found.use_at(kernel.blob.offset) == Use.BTF
    assert found.size_of(Use.FREE) == 0 < found.size_of(Use.UNKNOWN)


@pytest.mark.parametrize("seed", range(4))
def test_records_of_any_content_are_read(dump: GetDump, seed: int) -> None:
    """What an image says of its frames, however wrong, is no error."""
    image = Overlay(dump("amd64-7").raw)
    kernel = identify_kernel(image)
    records = np.flatnonzero(physical_map(image, kernel).uses == Use.RECORDS)
    random = np.random.default_rng(seed)
    for frame in records[:: 1 + 7 * seed].tolist():
        image.write(frame * 4096, random.bytes(4096))
    found = physical_map(image, kernel)
    image.restore()
    assert set(found.uses.tolist()) <= set(Use)


def test_without_page_tables_nothing_is_known(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    kernel = identify_kernel(image)
    assert kernel.page_tables is not None
    image.write(kernel.page_tables.root, bytes(4096))
    with pytest.raises(NoKernelError, match="page tables"):
        physical_map(image, kernel)
    image.restore()


def test_modules_of_any_size_are_bounded(dump: GetDump, caplog: pytest.LogCaptureFixture) -> None:
    """Each claims as much as a number of 32 bits can say."""
    image = Overlay(dump("amd64-6.1").raw)
    kernel = identify_kernel(image)
    space = address_space_of(image, kernel)
    module = struct_of(kernel.blob.types, "module")
    assert space is not None and module is not None
    size = member_at(module, "core_layout.size")
    assert size is not None
    modules = listed_modules(space, kernel).modules
    honest = list(module_ranges(space, kernel, modules))
    for listed in modules:
        place = space.translate(Virtual(listed.address + size[0]))
        assert place is not None
        image.write(place, b"\xff" * size[1])
    claimed = list(module_ranges(space, kernel, modules))
    image.restore()
    assert len(honest) > 10 and len(claimed) < len(honest)
    assert sum(length for _, _, length in claimed) <= MOST_BYTES
    assert "not all are shown" in caplog.text
