# SPDX-License-Identifier: Apache-2.0
"""Two names exchanged in kallsyms are found by the tables that have the names once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.kernel import Kernel, identify_kernel

GetDump = Callable[[str], Dump]
MOST = 1 << 24


def entries(image: Overlay, kernel: Kernel) -> Iterator[tuple[int, int]]:
    """Where each name's entry lies in kallsyms_names, in kallsyms' order, and how long it is."""
    assert kernel.symbols is not None
    address = {**kernel.found_symbols(), **kernel.symbols.tables}.get("kallsyms_names")
    place = kernel.find("kallsyms_names") if address is None else kernel.physical(address)
    assert place is not None
    data, at = image.read(place, MOST), 0
    for _ in range(len(kernel.symbols)):
        length = data[at]
        size = 1 + length if length < 0x80 else 2 + (length & 0x7F | data[at + 1] << 7)
        yield place + at, size
        at += size


def exchange(image: Overlay, kernel: Kernel, name: str) -> str:
    """Exchange a name with another of the same length when compressed; which one."""
    symbols = kernel.symbols
    assert symbols is not None
    (mine,) = symbols.indexes(name)
    found = list(entries(image, kernel))
    letter = symbols.letters[mine]
    other = next(
        index
        for index in range(mine + 1, len(symbols))
        if found[index][1] == found[mine][1]
        and symbols.letters[index] == letter
        and len(symbols.indexes(symbols.name(index))) == 1
    )
    one, two = (image.read(*found[index]) for index in (mine, other))
    image.write(found[mine][0], two)
    image.write(found[other][0], one)
    return symbols.name(other)


@pytest.mark.parametrize(
    ("dump_name", "name", "table"),
    [
        ("amd64-6.1", "iomem_resource", "__ksymtab"),
        ("amd64-6.1", "schedule", "__ksymtab"),
        ("amd64-6.12", "prog_idr", "in the order"),
        ("amd64-7", "vfs_read", "in the order"),
        ("arm64-6.12", "tcp4_seq_ops", "in the order"),
    ],
)
def test_exchanged_names_are_not_exact(dump_name: str, name: str, table: str, dump: GetDump) -> None:
    image = Overlay(dump(dump_name).raw)
    sound = identify_kernel(image)
    assert sound.state == "exact"
    other = exchange(image, sound, name)
    kernel = identify_kernel(image)
    assert kernel.symbols is not None and sound.symbols is not None
    assert kernel.symbols.get(other) == sound.symbols.get(name)
    assert kernel.state == "unchecked"
    assert any(table in doubt for doubt in kernel.doubts)


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.12", "amd64-7", "arm64-6.12"])
def test_honest_names_agree(name: str, dump: GetDump) -> None:
    kernel = identify_kernel(Overlay(dump(name).raw))
    assert (kernel.state, kernel.doubts) == ("exact", [])
    assert any("in __ksymtab have the same address" in sentence for sentence in kernel.evidence)
