# SPDX-License-Identifier: Apache-2.0
"""kallsyms in the layout of every version, in both byte orders, with and without VMCOREINFO."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.btfwriter import Writer, every_kind
from support.kernelwriter import BANNER, BTF, DATA, LAYOUTS, RELEASE, build, identify
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.btf import Endian
from volatility3_btf.kernel import identify_kernels
from volatility3_btf.memory.memory import SegmentedMemory

NAMES = st.lists(st.text("abcXYZ_.$019", min_size=1, max_size=100), min_size=600, max_size=700)


@pytest.mark.parametrize("note", [True, False], ids=["vmcoreinfo", "wiped"])
@pytest.mark.parametrize("endian", ["little", "big"])
@pytest.mark.parametrize("version", LAYOUTS)
def test_every_layout_is_read(version: str, endian: Endian, note: bool) -> None:
    image = build(LAYOUTS[version], endian)
    kernel = identify(image.memory(note))
    assert kernel.symbols is not None
    assert list(kernel.symbols) == image.symbols
    assert (kernel.state, kernel.symbols.lost) == ("exact", 0)
    assert (kernel.banner, kernel.release) == (BANNER, RELEASE)
    assert (kernel.physical_shift, kernel.blob.offset) == (image.shift, image.physical + BTF)
    assert (kernel.vmcoreinfo is not None) is note
    assert not [doubt for doubt in kernel.doubts if "KASLR" not in doubt]
    for name, (at, _) in image.spans.items():
        if name.startswith("kallsyms") and "seqs" not in name:
            assert kernel.symbols.tables[name] == image.text + at


@given(names=NAMES, version=st.sampled_from(sorted(LAYOUTS)))
@settings(max_examples=10)
def test_any_names_are_read(names: list[str], version: str) -> None:
    image = build(LAYOUTS[version], names=names)
    symbols = identify(image.memory(note=False)).symbols
    assert symbols is not None
    assert list(symbols) == image.symbols
    for name in {*names[:5], *names[-5:]}:
        assert symbols.all(name) == [address for address, _, other in image.symbols if other == name]
        assert symbols.get(name) == min(symbols.all(name))


@pytest.mark.parametrize(
    ("text", "physical"),
    [
        (0xFFFFFFFF81000000, 0x1000000),
        (0xFFFFAA8416200000, 0x40200000),
        (0x000003FFFE8F8000, 0x9F8000),
        (0x100000, 0x100000),
        (0xC000000000000000, 0x10000),
    ],
    ids=["x86-64", "arm64", "s390x", "s390x identity", "ppc64"],
)
@pytest.mark.parametrize("version", ["6.4", "7.0", "6.1"])
def test_kernels_live_anywhere(version: str, text: int, physical: int) -> None:
    image = build(LAYOUTS[version], text=text, physical=physical)
    for note in (True, False):
        kernel = identify(image.memory(note))
        assert kernel.symbols is not None
        assert list(kernel.symbols) == image.symbols
        assert kernel.physical_shift == image.shift
        assert kernel.physical(text) == physical
        assert kernel.find("init_task") == physical + kernel.symbols.all("init_task")[0] - text


def test_link_time_addresses() -> None:
    image = build(LAYOUTS["6.1 per-CPU"])
    kernel = identify(image.memory())
    assert kernel.symbols is not None
    assert kernel.kaslr_shift == 0x1D400000
    assert kernel.kaslr_found
    linked = kernel.symbols.link_addresses(kernel.kaslr_shift).tolist()
    expected = [at if letter == "A" else at - 0x1D400000 for at, letter, _ in image.symbols]
    assert linked == expected
    assert linked[kernel.symbols.indexes("_text")[0]] == 0xFFFFFFFF81000000


def test_a_kernel_that_lists_functions_only() -> None:
    image = build(LAYOUTS["6.1"], variables=False)
    kernel = identify(image.memory())
    assert kernel.state == "partial"
    assert kernel.symbols is not None
    assert list(kernel.symbols) == image.symbols
    assert any("only the addresses of functions are available" in doubt for doubt in kernel.doubts)
    assert kernel.physical_shift == image.shift
    assert kernel.blob.offset == image.physical + BTF
    found = kernel.found_symbols()
    assert found["__start_BTF"] == image.text + BTF
    assert found["kallsyms_names"] == image.text + image.spans["kallsyms_names"][0]


@pytest.mark.parametrize("version", ["6.1", "6.4", "7.0"])
def test_an_old_copy_ranks_behind_the_running_kernel(version: str) -> None:
    """The copy lies lower, has the same types and names, and pointers that were never set."""
    running = build(LAYOUTS[version], physical=0x1400000)
    copy = build(LAYOUTS[version], physical=0x800000)
    copy.data[DATA : DATA + 0x9000] = bytes(0x9000)
    pieces = [(0x800000, bytes(copy.data)), (0x1400000, bytes(running.data)), (0x2000000, running.note)]
    memory = SegmentedMemory(pieces)
    kernels = identify_kernels(memory, list(find_btf(memory)))
    assert [kernel.blob.offset for kernel in kernels] == [0x1400000 + BTF, 0x800000 + BTF]
    assert kernels[0].state == "exact"
    assert kernels[0].doubts == []
    assert list(kernels[0].symbols or []) == running.symbols
    assert any("ranked behind" in doubt for doubt in kernels[1].doubts)


def test_of_equal_evidence_per_cpu_variables_rank_first() -> None:
    """Most kernels' types have them; they are a witness, not a requirement."""
    bare = Writer()
    bare.struct("task_struct", 8, [("on_cpu", bare.integer("int", 4), 0)])
    lower, higher = bare.blob(), every_kind("little").blob()
    memory = SegmentedMemory([(0x1000, lower), (0x10000, higher)])
    kernels = identify_kernels(memory, list(find_btf(memory)))
    assert [kernel.blob.offset for kernel in kernels] == [0x10000, 0x1000]
    assert kernels[1].doubts[-1].endswith("which has per-CPU variables")
