# SPDX-License-Identifier: Apache-2.0
"""Kernels whose kallsyms lists functions only: where their variables are known from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dumpmaker.cache import Dump
from support.wiping import without_vmcoreinfo
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.kernel import Kernel, address_space_of
from volatility3_btf.kernel.identify.exported import tell_variables
from volatility3_btf.kernel.rings import walk_ring
from volatility3_btf.kernel.structures import member_at, struct_of
from volatility3_btf.kernel.symbols import Symbols

FUNCTIONS_ONLY = "arm64-6.1"


def functions_of(symbols: Symbols) -> Symbols:
    """What kallsyms would list without CONFIG_KALLSYMS_ALL: no variable."""
    kept = np.isin(symbols.letters, np.frombuffer(b"tTwW", np.uint8))
    kept[[place for name in ("_text", "swapper_pg_dir") for place in symbols.indexes(name)]] = False
    kept[symbols.indexes("_etext")] = True
    columns = {name: getattr(symbols, name)[kept] for name in ("addresses", "letters", "fixed", "starts")}
    return replace(symbols, **columns)


@pytest.mark.parametrize("name", ["amd64-6.12", "amd64-5.10", "arm64-6.12", "s390x-6.12"])
def test_variables_are_found_where_kallsyms_would_have_them(dump: Callable[[str], Dump], name: str) -> None:
    memory = open_memory(dump(name).raw)
    whole = identify_kernel(memory)
    space, listed = address_space_of(memory, whole), whole.symbols
    assert listed is not None
    assert not listed.told
    bare = Kernel(**{**vars(whole), "symbols": functions_of(listed), "vmcoreinfo": None})
    told = tell_variables(memory, bare, space).addresses
    assert len(told) > 500
    assert {"init_task", "modules"} <= told.keys()
    assert len({"init_top_pgt", "swapper_pg_dir"} & told.keys()) == 1
    assert {name for name, address in told.items() if address not in listed.all(name)} == set()


@pytest.mark.parametrize("is_wiped", [False, True], ids=["whole", "without VMCOREINFO"])
def test_a_kernel_that_lists_functions_only_has_its_tasks_and_modules(
    dump: Callable[[str], Dump], tmp_path: Path, is_wiped: bool
) -> None:
    debian = dump(FUNCTIONS_ONLY)
    image = without_vmcoreinfo(debian, tmp_path / "memory.raw") if is_wiped else debian.raw
    memory = open_memory(image)
    kernel = identify_kernel(memory)
    space = address_space_of(memory, kernel)
    assert space is not None
    assert kernel.symbols is not None
    assert "init_task" not in kernel.symbols
    module = struct_of(kernel.blob.types, "module")
    assert module is not None
    ring = walk_ring(space, kernel.symbols.get("modules") or 0, "little", 1000)
    link, called = member_at(module, "list"), member_at(module, "name")
    assert link is not None
    assert called is not None
    names = [space.read(at - link[0] + called[0], called[1]).split(b"\0")[0].decode() for at in ring.elements]
    assert ring.is_closed
    assert names == [each["name"] for each in debian.truth["modules"]]
    assert any("tasks comes round" in sentence for sentence in kernel.evidence)


def test_what_is_not_listed_is_told_apart(dump: Callable[[str], Dump]) -> None:
    kernel = identify_kernel(open_memory(dump(FUNCTIONS_ONLY).raw))
    assert kernel.symbols is not None
    assert kernel.state == "partial"
    assert not kernel.symbols.told.keys() & set(kernel.symbols.names)
    (doubt,) = (each for each in kernel.doubts if "CONFIG_KALLSYMS_ALL" in each)
    assert "by what the kernel exports to modules" in doubt
    assert "the list of modules by what it leads to" in doubt


def test_a_kernel_that_lists_its_variables_is_told_nothing(dump: Callable[[str], Dump]) -> None:
    memory = open_memory(dump("amd64-6.12").raw)
    kernel = identify_kernel(memory)
    assert tell_variables(memory, kernel, address_space_of(memory, kernel)).addresses == {}


def test_without_exports_there_is_no_first_task(dump: Callable[[str], Dump], tmp_path: Path) -> None:
    debian = dump(FUNCTIONS_ONLY)
    image = without_vmcoreinfo(debian, tmp_path / "memory.raw")
    with image.open("r+b") as file:
        for place in open_memory(debian.raw).find(b"\0init_task\0"):
            file.seek(place + 1)
            file.write(b"another")
    kernel = identify_kernel(open_memory(image))
    assert kernel.symbols is not None
    assert kernel.symbols.get("init_task") is None
