# SPDX-License-Identifier: Apache-2.0
"""Where processors start: the one kernel that no process can copy into that place."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.kernel import identify_running
from volatility3_btf.kernel.arch.started import LOW, MOST_IMAGE, PROGRAM_NEW, started_kernel
from volatility3_btf.memory.memory import lies_in

GetDump = Callable[[str], Dump]
X86 = (
    "amd64-5.10",
    "amd64-6.1",
    "amd64-6.12",
    "amd64-7",
    "amd64-6.12-la57",
    "amd64-6.1-high",
)


@pytest.mark.parametrize("name", [*X86, "s390x-6.12"])
def test_all_of_the_kernel_is_there(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    (kernel,) = identify_running(image)
    home = started_kernel(image)
    places = [kernel.find(symbol) for symbol in ("_stext", "linux_banner", "init_task", "__start_BTF")]
    assert all(place is not None and lies_in(place, home) for place in places)
    assert sum(run.length for run in home) < MOST_IMAGE


@pytest.mark.parametrize("name", ["amd64-reset", "amd64-kexec", "amd64-crash"])
def test_one_that_has_ended_is_not_there(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    running, *ended = identify_running(image)
    home = started_kernel(image)
    assert running.life == "running" and lies_in(running.blob.offset, home)
    assert ended and not any(lies_in(kernel.blob.offset, home) for kernel in ended)
    assert "processors start into this kernel" in running.evidence


def test_the_first_page_need_not_be_there(dump: GetDump) -> None:
    """LiME and AVML leave it out, since it is no System RAM."""
    image = Overlay(dump("amd64-6.1").raw)
    whole = started_kernel(image)
    image.remove([0])
    assert started_kernel(image) == whole != ()


def test_without_low_memory_nothing_is_told(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    image.write(0, bytes(LOW))
    assert started_kernel(image) == ()
    assert [kernel.state for kernel in identify_running(image)] == ["exact"]


@pytest.mark.parametrize("name", ["arm64-6.12", "riscv64-6.12", "ppc64el-6.12"])
def test_other_processors_have_no_such_place(dump: GetDump, name: str) -> None:
    assert started_kernel(Overlay(dump(name).raw)) == ()


def test_where_all_memory_is_one_piece_nothing_tells_where_the_kernel_ends(dump: GetDump) -> None:
    """s390x before 6.10 maps the kernel as it maps all memory."""
    assert started_kernel(Overlay(dump("s390x-6.1").raw)) == ()


def test_a_lowcore_that_leads_nowhere_tells_nothing(dump: GetDump) -> None:
    image = Overlay(dump("s390x-6.12").raw)
    image.write(PROGRAM_NEW + 8, struct.pack(">Q", 0x123456789000))
    assert started_kernel(image) == ()
    image.write(PROGRAM_NEW, b"\xff" * 16)
    assert started_kernel(image) == ()
    assert [kernel.state for kernel in identify_running(image)] == ["exact"]
