# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Flat images that are not laid out by physical address: the whole list, or a line says what is missing."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.flat import behind_the_kernel, joined, shortened, system_ram
from support.pluginruns import guest_processes, processes, stable
from support.tearing import NOWHERE, POINTER, POISON, Tearing
from support.volrunner import Vol
from volatility3_btf import identify_kernel, open_memory

GetDump = Callable[[str], Dump]
PAGE = 4096


@pytest.fixture(scope="module")
def high(dump: GetDump) -> Dump:
    """A guest with 512 MiB above 4 GiB, where its processes are."""
    return dump("amd64-6.1-high")


def test_a_file_without_the_hole_below_4_gib(high: Dump, vol: Vol, tmp_path: Path) -> None:
    ranges = [(start, length) for start, length in high.truth["ram"]]
    image = joined(high, ranges, tmp_path / "joined.raw")
    saved = tmp_path / "saved.json"
    listed = vol("--save-config", saved, "linux.pslist", image=image)
    assert stable(processes(listed)) == stable(guest_processes(high.truth))
    assert "0xc0000000 is 0x100000000" in listed.stderr
    again = vol("-c", saved, "linux.pslist", image=image)
    assert again.stdout == listed.stdout


def test_limes_raw_format(dump: GetDump, vol: Vol, tmp_path: Path) -> None:
    made = dump("amd64-6.1")
    image = joined(made, system_ram(made), tmp_path / "lime.raw")
    listed = vol("linux.pslist", image=image)
    assert stable(processes(listed)) == stable(guest_processes(made.truth))
    assert "0x0 is 0x1000" in listed.stderr


def test_limes_raw_format_of_memory_that_was_copied_while_it_changed(
    dump: GetDump, vol: Vol, tmp_path: Path
) -> None:
    """The list of tasks need not come round: most of them lead to each other."""
    made = dump("amd64-6.1")
    torn = Tearing(made, tmp_path / "torn.raw")
    nodes = torn.ring(torn.tasks)
    with torn.torn({nodes[30]: NOWHERE, nodes[0] + POINTER: POISON}) as raw:
        image = joined(made, system_ram(made), tmp_path / "lime.raw", raw)
    torn.path.unlink()
    listed = vol("linux.pslist", image=image)
    assert stable(processes(listed)) == stable(guest_processes(made.truth))
    assert f"the list of tasks is torn, {len(nodes)} of them were followed" in listed.stderr


def test_limes_raw_format_beside_a_copy_of_the_banner(dump: GetDump, vol: Vol, tmp_path: Path) -> None:
    """What is behind the first range lies 0xc00 off the bounds of pages; the copy does not."""
    made = dump("amd64-6.1")
    image = joined(made, system_ram(made), tmp_path / "lime.raw")
    kernel = identify_kernel(open_memory(made.raw))
    banner = kernel.symbols.get("linux_banner") if kernel.symbols is not None else None
    assert banner is not None and kernel.banner is not None
    with image.open("r+b") as file:
        file.seek(64 << 20)
        pages = iter(lambda: file.read(PAGE), b"")
        free = next(number for number, page in enumerate(pages) if not any(page))
        file.seek((64 << 20) + free * PAGE + banner % PAGE)
        file.write(kernel.banner)
    listed = vol("linux.pslist", image=image)
    assert stable(processes(listed)) == stable(guest_processes(made.truth))


def test_a_file_that_ends_before_the_kernels_memory_does(high: Dump, vol: Vol, tmp_path: Path) -> None:
    keep = behind_the_kernel(high, 3 << 30)
    listed = vol("linux.pslist", image=shortened(high, keep, tmp_path / "cut.raw"))
    ends = f"The kernel's memory reaches up to 0x120000000, and the image ends at {keep:#x}"
    assert ends in listed.stderr
    assert "lists may be incomplete" in listed.stderr
