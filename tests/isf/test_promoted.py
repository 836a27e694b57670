# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Kernels that clang built with ThinLTO call static variables `name.llvm.NUMBER`; plugins do not."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from support.renaming import rename
from support.volrunner import Vol
from volatility3_btf import build_isf, identify_kernel
from volatility3_btf.isf import SymbolEntries, TypeEntries
from volatility3_btf.kernel import Kernel

NAME = "amd64-6.12"
WANTED = ("tk_core", "prog_idr", "idt_table", "init_task", "modules")
NUMBER = ".llvm.1234567890123456"


@pytest.fixture(scope="module")
def image(dump: Callable[[str], Dump]) -> Overlay:
    return Overlay(dump(NAME).raw)


@pytest.fixture(scope="module")
def plain(image: Overlay) -> Kernel:
    return identify_kernel(image)


@pytest.fixture(scope="module")
def promoted(image: Overlay, plain: Kernel) -> Kernel:
    """The kernel with some of its variables renamed."""
    rename(image, plain, {name: name + NUMBER for name in WANTED})
    found = identify_kernel(image)
    image.restore()
    return found


def test_the_kernel_is_as_sound_as_before(promoted: Kernel) -> None:
    assert (promoted.state, promoted.doubts) == ("exact", [])


@pytest.mark.parametrize("name", WANTED)
def test_a_symbol_is_found_by_its_plain_name(plain: Kernel, promoted: Kernel, name: str) -> None:
    assert plain.symbols is not None and promoted.symbols is not None
    assert promoted.symbols.get(name) == promoted.symbols.get(name + NUMBER) == plain.symbols.get(name)
    assert name in promoted.symbols
    assert name not in promoted.symbols.names
    assert promoted.find(name) == plain.find(name)


def test_the_table_has_both_names_with_address_and_type(plain: Kernel, promoted: Kernel) -> None:
    before, table = build_isf(plain).content["symbols"], build_isf(promoted).content["symbols"]
    entries = SymbolEntries(promoted, TypeEntries(promoted.blob.types))
    for name in WANTED:
        assert table[name] == table[name + NUMBER] == before[name]
        assert entries[name] == entries[name + NUMBER] == before[name]
        assert list(entries.at(before[name]["address"])) == [name, name + NUMBER]
    assert list(entries) == list(table)


def test_several_symbols_that_could_be_meant_are_none(
    image: Overlay, plain: Kernel, caplog: pytest.LogCaptureFixture
) -> None:
    assert plain.symbols is not None
    rename(image, plain, {"tk_core": "shared.llvm.1", "prog_idr": "shared.llvm.2"})
    found = identify_kernel(image)
    image.restore()
    assert found.symbols is not None
    assert [found.symbols.get("shared") for _ in range(2)] == [None, None]
    assert caplog.text.count("several symbols could be shared (shared.llvm.2 at") == 1
    table = build_isf(found).content["symbols"]
    assert "shared" not in table
    assert {"shared.llvm.1", "shared.llvm.2"} <= set(table)


@pytest.mark.parametrize("suffix", [".llvm.", ".llvm.x1", ".llvm.1.cold", ".lvm.1"])
def test_other_suffixes_make_another_name(image: Overlay, plain: Kernel, suffix: str) -> None:
    assert plain.symbols is not None
    rename(image, plain, {"tk_core": "shared" + suffix})
    found = identify_kernel(image)
    image.restore()
    assert found.symbols is not None
    assert found.symbols.get("shared" + suffix) == plain.symbols.get("tk_core")
    assert found.symbols.get("shared") is None


def test_a_listed_name_is_the_listed_symbol(image: Overlay, plain: Kernel) -> None:
    assert plain.symbols is not None
    rename(image, plain, {"tk_core": "init_task.llvm.1"})
    found = identify_kernel(image)
    image.restore()
    assert found.symbols is not None
    assert found.symbols.get("init_task") == plain.symbols.get("init_task")


def test_plugins_find_what_they_ask_for(
    image: Overlay, plain: Kernel, dump: Callable[[str], Dump], vol: Vol, session_vol: Vol, tmp_path: Path
) -> None:
    """The creation time of processes comes from tk_core."""
    rename(image, plain, {name: name + NUMBER for name in WANTED})
    path = tmp_path / "memory.raw"
    image.save(path)
    image.restore()
    rows = vol("linux.pslist", image=path).rows
    assert len(rows) > 10
    assert all(row["CREATION TIME"] for row in rows)
    assert rows == session_vol("linux.pslist", image=dump(NAME).raw).rows
