# SPDX-License-Identifier: Apache-2.0
"""kallsyms with one table gone: what can be derived is, what is lost is said, and nothing wrong is kept."""

from __future__ import annotations

import random

import numpy as np
import pytest

from support.kernelwriter import DATA, LAYOUTS, Image, build, identify
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.kallsyms.kallsyms import in_order

VERSIONS = ["4.18", "5.10 per-CPU", "6.2", "6.12 per-CPU", "7.0"]
DERIVED = [(version, table) for version in VERSIONS for table in ("num_syms", "markers", "token_index")]
DERIVED += [(version, "relative_base") for version in VERSIONS if LAYOUTS[version].rule != "self-relative"]
NAMES = [f"{'__x64_sys_' * (i % 3)}function_{i:x}{'_long' * (i % 7)}" for i in range(6000)]
FEWER = NAMES[:3000]


def broken(version: str, *tables: str, note: bool = False, endian: str = "little") -> tuple[Image, Kernel]:
    """An image with tables filled with zeros, and what was found in it."""
    image = build(LAYOUTS[version], "big" if endian == "big" else "little", names=FEWER)
    image.wipe(*tables)
    return image, identify(image.memory(note))


def says(kernel: Kernel, text: str) -> bool:
    return any(text in doubt for doubt in kernel.doubts)


@pytest.mark.parametrize("note", [True, False], ids=["vmcoreinfo", "wiped"])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize(("version", "table"), DERIVED)
def test_one_table_is_derived_from_the_others(table: str, version: str, endian: str, note: bool) -> None:
    image, kernel = broken(version, f"kallsyms_{table}", note=note, endian=endian)
    assert kernel.symbols is not None
    assert list(kernel.symbols) == image.symbols
    assert kernel.state == "exact"
    assert says(kernel, f"kallsyms_{table}")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("table", ["names", "token_table", "offsets"])
def test_what_cannot_be_derived_leaves_the_types(table: str, version: str) -> None:
    for note in (True, False):
        _, kernel = broken(version, f"kallsyms_{table}", note=note)
        assert kernel.state == "types only"
        assert kernel.symbols is None
        assert says(kernel, "no symbol's address is known") or says(
            kernel, "no kallsyms table belongs to this BTF"
        )
        assert says(kernel, "no kallsyms_token_table was found") is (table == "token_table")


@pytest.mark.slow
@pytest.mark.parametrize("version", VERSIONS)
def test_a_lost_half_of_the_markers(version: str) -> None:
    for first in (True, False):
        image = build(LAYOUTS[version], names=FEWER)
        start, size = image.spans["kallsyms_markers"]
        half = size // 2 // 8 * 8
        low = start if first else start + half
        image.data[low : low + half] = bytes(half)
        kernel = identify(image.memory(note=False))
        assert kernel.symbols is not None
        assert list(kernel.symbols) == image.symbols
        assert says(kernel, "kallsyms_markers are damaged")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("table", ["names", "offsets"])
def test_a_hole_loses_what_lay_in_it_and_nothing_else(table: str, version: str) -> None:
    rng = random.Random(version + table)
    for _ in range(4):
        image = build(LAYOUTS[version], names=FEWER)
        start, size = image.spans[f"kallsyms_{table}"]
        low = start + rng.randrange(0, size - 512, 4)
        image.data[low : low + 512] = bytes(512)
        kernel = identify(image.memory(note=rng.random() < 0.5))
        assert kernel.state == "partial"
        assert kernel.symbols is not None
        found, true = list(kernel.symbols), set(image.symbols)
        assert true.issuperset(found)
        assert kernel.symbols.lost == len(image.symbols) - len(found)
        assert 0 < kernel.symbols.lost < len(image.symbols) // 3
        assert says(kernel, "symbols are lost")
        assert kernel.symbols.names == [name for _, _, name in found]


@pytest.mark.parametrize("version", VERSIONS)
def test_lost_tokens_lose_the_names_they_were_in(version: str) -> None:
    image = build(LAYOUTS[version], names=FEWER)
    start, _ = image.spans["kallsyms_token_table"]
    image.data[start : start + 16] = bytes(16)
    kernel = identify(image.memory(note=version == "7.0"))
    assert kernel.state == "partial"
    assert kernel.symbols is not None
    assert set(image.symbols).issuperset(kernel.symbols)
    assert says(kernel, "tokens are lost")
    assert not any("task" in name for name in kernel.symbols.names)


def test_a_wiped_banner_is_not_made_up() -> None:
    image, kernel = broken("6.4", "linux_banner")
    assert kernel.state == "exact"
    assert list(kernel.symbols or []) == image.symbols
    assert kernel.banner is None
    assert says(kernel, "there is no kernel banner where the symbol linux_banner points")


def test_a_copy_that_never_ran_is_not_exact() -> None:
    image = build(LAYOUTS["6.4"])
    image.data[DATA : DATA + 0x9000] = b"\x5a\xa5" * 0x4800
    kernel = identify(image.memory(note=False))
    assert kernel.state == "unchecked"
    assert says(kernel, "may be a copy that never ran")


def test_pointers_that_were_not_acquired_contradict_nothing() -> None:
    image = build(LAYOUTS["6.4"])
    image.data[DATA : DATA + 0x9000] = bytes(0x9000)
    kernel = identify(image.memory(note=False))
    assert kernel.state == "unchecked"
    assert says(kernel, "nothing else in the image confirms")
    assert not says(kernel, "pointer")


def test_pages_that_the_image_lacks() -> None:
    image = build(LAYOUTS["6.12 per-CPU"], names=NAMES)
    whole = image.memory()
    start, size = image.spans["kallsyms_names"]
    low = image.physical + (start + size // 2) // 4096 * 4096
    memory = type(whole)(
        [
            (image.physical - 0x10000, whole.read(image.physical - 0x10000, 4096)),
            (image.physical, whole.read(image.physical, low - image.physical)),
            (low + 4096, whole.read(low + 4096, whole.end - low - 4096)),
        ]
    )
    kernel = identify(memory)
    assert kernel.state == "partial"
    assert kernel.symbols is not None
    assert set(image.symbols).issuperset(kernel.symbols)
    assert says(kernel, "4096 bytes of kallsyms_names cannot be read")


def longest(values: list[int]) -> int:
    """How many values the longest row has that never descends, by trying for each what may come before."""
    best: list[int] = []
    for index, value in enumerate(values):
        best.append(1 + max((best[at] for at in range(index) if values[at] <= value), default=0))
    return max(best, default=0)


@pytest.mark.parametrize("seed", range(20))
def test_of_addresses_out_of_order_as_many_are_kept_as_can_be(seed: int) -> None:
    rng = random.Random(seed)
    for _ in range(20):
        values = sorted(rng.randrange(200) for _ in range(rng.randrange(1, 40)))
        for _ in range(rng.choice([0, 1, 3, 40])):
            values[rng.randrange(len(values))] = rng.randrange(200)
        kept = in_order(np.array(values, np.uint64))
        row = [value for value, is_kept in zip(values, kept, strict=True) if is_kept]
        assert row == sorted(row)
        assert len(row) == longest(values)
