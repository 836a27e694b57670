# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Lists that end early are told, whoever reads them; and nothing is told of whole ones."""

from __future__ import annotations

import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.pluginruns import give_isf, guest_processes, make_isf, processes, stable
from support.volrunner import Result, Vol
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.btf import Struct
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.address_space import translate

pytestmark = pytest.mark.slow

MAIN, LA57 = "amd64-6.1", "amd64-6.12-la57"
KEPT = 20
"""Elements of a ring that are left before it breaks."""

TORN = struct.pack("<Q", 0xFFFF_8000_0000_1000)
"""A pointer into the hole between the two halves of the address space."""


@pytest.fixture(scope="module")
def kernel(dump: Callable[[str], Dump]) -> Kernel:
    return identify_kernel(open_memory(dump(MAIN).raw))


@pytest.fixture(scope="module")
def isf(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_isf(Vol(tmp_path_factory.mktemp("isf")), dump(MAIN))


def told(result: Result) -> list[str]:
    words = ("What is shown", "is torn")
    return [line for line in result.stderr.splitlines() if any(word in line for word in words)]


def place_of_link(dump: Dump, kernel: Kernel, head: int, number: int) -> int:
    """Where the `next` of a ring's element lies in the image."""
    memory = open_memory(dump.raw)
    assert kernel.page_tables is not None
    at = head
    for _ in range(number + 1):
        place = translate(memory, kernel.page_tables.root, 4, at)
        assert place is not None
        (at,) = struct.unpack("<Q", memory.read(place, 8))
    return place


def head_of(kernel: Kernel, name: str) -> int:
    """The address of `init_task.tasks`, or of `modules`."""
    assert kernel.symbols is not None
    address = kernel.symbols.get(name)
    assert address is not None
    task = kernel.blob.types["task_struct"]
    assert isinstance(task, Struct)
    return address + (task["tasks"].offset if name == "init_task" else 0)


def changed(dump: Dump, target: Path, place: int, content: bytes) -> Path:
    subprocess.run(["cp", "--sparse=always", dump.raw, target], check=True)
    with target.open("r+b") as file:
        file.seek(place)
        file.write(content)
    return target


@pytest.mark.parametrize("table", ["ours", "the user's"])
def test_a_ring_that_breaks(
    table: str, dump: Callable[[str], Dump], kernel: Kernel, isf: Path, vol: Vol, tmp_path: Path
) -> None:
    head = head_of(kernel, "init_task")
    place = place_of_link(dump(MAIN), kernel, head, KEPT)
    image = changed(dump(MAIN), tmp_path / "memory.raw", place, TORN)
    with image.open("r+b") as file:  # backwards, it ends at the head's first step
        file.seek(place_of_link(dump(MAIN), kernel, head, 0) + 8)
        file.write(TORN)
    if table != "ours":
        give_isf(vol, isf)
    done = vol("linux.pslist", image=image)
    image.unlink()
    (line,) = told(done)
    assert "What is shown may not be complete: the list of processes is torn" in line
    assert f"after {KEPT} it goes on at 0xffff800000001000" in line
    assert stable(processes(done)) == stable(guest_processes(dump(MAIN).truth))


def test_an_empty_list(dump: Callable[[str], Dump], kernel: Kernel, vol: Vol, tmp_path: Path) -> None:
    head = head_of(kernel, "init_task")
    place = kernel.physical(head)
    assert place is not None
    image = changed(dump(MAIN), tmp_path / "memory.raw", place, struct.pack("<2Q", head, head))
    done = vol("linux.pslist", image=image)
    image.unlink()
    assert stable(processes(done)) == stable(guest_processes(dump(MAIN).truth))
    (line,) = told(done)
    assert "What is shown may not be complete: the list of processes is empty" in line
    assert f"{len(done.rows)} more are shown that are elsewhere" in line


def test_a_layer_of_four_levels_on_five(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    """Stock Volatility with the right symbol file finds nothing; that it is nothing, is told."""
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), dump(LA57)))
    done = vol("--no-btf", "linux.pslist", image=dump(LA57).raw)
    assert processes(done) == {}
    (line,) = told(done)
    assert "the list of processes cannot be read where it starts" in line


def test_whole_lists(dump: Callable[[str], Dump], vol: Vol) -> None:
    for plugin in ("linux.pslist", "linux.lsmod", "linux.pstree"):
        assert not told(vol(plugin, image=dump(MAIN).raw))
