# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which symbols stand at an address, whatever a plugin takes for one."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from support.volrunner import Vol
from volatility3_btf import identify_kernel
from volatility3_btf.isf import SymbolEntries, TypeEntries
from volatility3_btf.kernel import Kernel

NAME = "amd64-6.1"
INDEX = 100


@pytest.fixture(scope="module")
def image(dump: Callable[[str], Dump]) -> Overlay:
    return Overlay(dump(NAME).raw)


@pytest.fixture(scope="module")
def kernel(image: Overlay) -> Kernel:
    return identify_kernel(image)


@pytest.fixture(scope="module")
def entries(kernel: Kernel) -> SymbolEntries:
    return SymbolEntries(kernel, TypeEntries(kernel.blob.types))


@pytest.mark.parametrize("address", [-1, -(1 << 63), -(1 << 70), 1 << 64, 1 << 70])
def test_no_symbol_stands_where_no_address_is(entries: SymbolEntries, address: int) -> None:
    assert list(entries.at(address)) == []


def test_a_range_that_starts_below_the_addresses_has_those_inside(entries: SymbolEntries) -> None:
    assert list(entries.at(-8, 8)) == list(entries.at(0))
    assert set(entries.at(-8, 1 << 65)) == set(entries)


def test_a_null_pointer_among_system_calls_is_shown(
    image: Overlay, kernel: Kernel, vol: Vol, tmp_path: Path
) -> None:
    """What lies below a kernel that was moved is a negative address once its KASLR shift is taken off."""
    table = kernel.find("sys_call_table")
    assert table is not None and kernel.kaslr_shift
    image.write(table + 8 * INDEX, bytes(8))
    path = tmp_path / "memory.raw"
    image.save(path)
    image.restore()
    rows = vol("linux.malware.check_syscall", image=path).rows
    (row,) = (row for row in rows if (row["Table Name"], row["Index"]) == ("64bit", INDEX))
    assert (row["Handler Address"], row["Handler Symbol"]) == (0, "UNKNOWN")
    assert sum(row["Handler Symbol"] != "UNKNOWN" for row in rows) > 300
