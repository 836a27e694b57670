# SPDX-License-Identifier: Apache-2.0
"""Real kernels: what the guests say of themselves, and what is found in their memory."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from dumpmaker.cache import Dump
from support.wiping import without_vmcoreinfo
from volatility3_btf import open_memory
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.kernel import Kernel, identify_kernels, translate
from volatility3_btf.memory.memory import Memory, Run

KERNELS = ["amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12"]
ARCHITECTURES = {"amd64": "x86-64", "arm64": "arm64", "s390x": "s390x"}

Dumps = Callable[[str], Dump]


def core_symbols(dump: Dump) -> Iterator[tuple[int, str, str]]:
    """The guest's /proc/kallsyms without modules, BPF programs and trampolines."""
    with open(dump.kallsyms) as lines:
        for line in lines:
            if "[" not in line:
                address, letter, name = line.split()
                yield int(address, 16), letter, name


def kernels_of(path: Path) -> list[Kernel]:
    memory = open_memory(path)
    return identify_kernels(memory, list(find_kernel_btf(memory)))


@cache
def found(path: Path) -> Kernel:
    kernels = kernels_of(path)
    assert len(kernels) == 1
    return kernels[0]


@pytest.fixture(params=["vmcoreinfo", "wiped"])
def wiped(request: pytest.FixtureRequest) -> bool:
    return bool(request.param == "wiped")


@pytest.fixture(params=KERNELS)
def name(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def image(name: str, wiped: bool, dump: Dumps, tmp_path: Path) -> Path:
    """The dump's raw image, or a copy of it without VMCOREINFO."""
    return without_vmcoreinfo(dump(name), tmp_path / "wiped.raw") if wiped else dump(name).raw


def number(truth: dict[str, Any], symbol: str) -> int:
    return int(truth["symbols"][symbol], 16)


def kernel_offset(dump: Dump) -> int:
    """What the guest's own VMCOREINFO says."""
    note = found(dump.raw).vmcoreinfo
    assert note is not None
    assert note.kernel_offset is not None
    return note.kernel_offset


def test_the_kernel_is_told_as_the_guest_tells_it(name: str, wiped: bool, image: Path, dump: Dumps) -> None:
    truth = dump(name).truth
    kernel = kernels_of(image)[0]
    symbols = kernel.symbols
    assert symbols is not None
    assert list(symbols) == list(core_symbols(dump(name)))
    assert kernel.state == "exact"
    assert kernel.release == truth["release"]
    assert kernel.banner == truth["version"].encode() + b"\n\0"
    assert kernel.architecture == ARCHITECTURES[truth["arch"]]
    assert (kernel.vmcoreinfo is None) is wiped
    assert kernel.blob.offset == number(truth, "__start_BTF") - (kernel.physical_shift or 0)
    assert kernel.blob.sha256 == truth["btf"]["vmlinux"]["sha256"]
    assert kernel.layer_base == truth["raw_base"]
    assert kernel.kaslr_shift == kernel_offset(dump(name))
    assert kernel.kaslr_found or (
        truth["arch"] == "arm64" and any("assumed" in doubt for doubt in kernel.doubts)
    )
    assert len(kernel.doubts) == (not kernel.kaslr_found)


def test_link_time_addresses_are_those_of_the_linker(name: str, dump: Dumps) -> None:
    kernel = found(dump(name).raw)
    assert kernel.symbols is not None
    linked = kernel.symbols.link_addresses(kernel.kaslr_shift or 0)
    start = {"x86-64": 0xFFFFFFFF81000000, "arm64": 0xFFFF800080000000, "s390x": 0x100000}[
        kernel.architecture or ""
    ]
    assert int(linked[kernel.symbols.indexes("_text")[0]]) == start
    absolute = [address for address, letter, _ in kernel.symbols if letter == "A" and address < 1 << 32]
    assert linked[: len(absolute)].tolist() == absolute


def test_the_tables_are_listed_where_newer_kernels_list_them(name: str, dump: Dumps) -> None:
    symbols = found(dump(name).raw).symbols
    assert symbols is not None
    assert {"kallsyms_num_syms", "kallsyms_names", "kallsyms_markers", "kallsyms_token_table"} <= set(
        symbols.tables
    )
    for table, address in symbols.tables.items():
        assert symbols.all(table) in ([], [address])


def test_page_tables(name: str, dump: Dumps) -> None:
    kernel = found(dump(name).raw)
    tables = kernel.page_tables
    assert tables is not None
    assert tables.root == kernel.find("init_top_pgt" if name.startswith("amd64") else "swapper_pg_dir")
    if name.startswith("amd64"):
        assert (tables.levels, tables.checked) == (4, True)
        banner = kernel.symbols.get("linux_banner") if kernel.symbols else None
        assert banner is not None
        memory = open_memory(dump(name).raw)
        assert translate(memory, tables.root, 4, banner) == kernel.find("linux_banner")
        assert translate(memory, tables.root, 5, banner) != kernel.find("linux_banner")


def test_five_levels(dump: Dumps, tmp_path: Path) -> None:
    for path in (
        dump("amd64-6.12-la57").raw,
        without_vmcoreinfo(dump("amd64-6.12-la57"), tmp_path / "wiped.raw"),
    ):
        tables = kernels_of(path)[0].page_tables
        assert tables is not None
        assert (tables.levels, tables.checked) == (5, True)


class Joined(Memory):
    """Several images one behind the other, as guests' memory may lie in their host's."""

    def __init__(self, parts: list[tuple[int, Memory]]) -> None:
        super().__init__(Run(base + run.start, run.length) for base, part in parts for run in part.runs)
        self.parts = parts

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        base, part = next((base, part) for base, part in reversed(self.parts) if base <= offset)
        return part.read(offset - base, length)


def test_several_kernels_in_one_image(dump: Dumps) -> None:
    names = ["amd64-6.12", "s390x-6.12", "amd64-7"]
    memory = Joined([(i << 29, open_memory(dump(name).raw)) for i, name in enumerate(names)])
    kernels = identify_kernels(memory, list(find_kernel_btf(memory)))
    assert len(kernels) == len(names)
    assert kernels[0].release == dump("amd64-6.12").truth["release"]
    assert kernels[0].doubts == []
    by_release = {kernel.release: kernel for kernel in kernels}
    for name in names:
        kernel = by_release[dump(name).truth["release"]]
        assert kernel.symbols is not None
        assert list(kernel.symbols) == list(core_symbols(dump(name)))
        assert kernel.state == "exact"
        if kernel is not kernels[0]:
            assert any("own physical addresses are not the image's" in doubt for doubt in kernel.doubts)


def test_a_kernel_that_lists_functions_only(wiped: bool, dump: Dumps, tmp_path: Path) -> None:
    source = dump("arm64-6.1")
    path = without_vmcoreinfo(source, tmp_path / "wiped.raw") if wiped else source.raw
    kernel = kernels_of(path)[0]
    assert kernel.state == "partial"
    assert kernel.symbols is not None
    assert list(kernel.symbols) == list(core_symbols(source))
    assert any("only the addresses of functions are available" in doubt for doubt in kernel.doubts)
    assert kernel.banner == source.truth["version"].encode() + b"\n\0"
    assert kernel.blob.sha256 == source.truth["btf"]["vmlinux"]["sha256"]
    assert kernel.kaslr_shift == kernel_offset(source)
    assert kernel.found_symbols()["__start_BTF"] == kernel.blob.offset + (kernel.physical_shift or 0)
    if wiped:
        assert any("inferred from where functions start" in doubt for doubt in kernel.doubts)


def test_without_btf_there_is_no_kernel(dump: Dumps) -> None:
    assert kernels_of(dump("s390x-6.1").raw) == []


def test_symbols_are_looked_up_either_way(dump: Dumps) -> None:
    """A few names are searched for, many make an index: both give the same."""
    symbols = found(dump("amd64-6.1").raw).symbols
    assert symbols is not None
    true: dict[str, list[int]] = {}
    for address, _, name in core_symbols(dump("amd64-6.1")):
        true.setdefault(name, []).append(address)
    for _ in range(2):
        for name, addresses in islice(true.items(), 0, 6000, 100):
            assert symbols.all(name) == addresses
            assert symbols.get(name) == min(addresses)
    assert symbols.get("no_such_symbol") is None
    assert "init_task" in symbols
    assert "init_tas" not in symbols
