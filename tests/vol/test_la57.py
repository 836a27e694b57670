# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""5-level page tables: the layer on tables made by hand, and on a real guest's."""

from __future__ import annotations

import struct
from collections.abc import Callable

import pytest
from volatility3.framework import contexts, exceptions, interfaces
from volatility3.framework.layers import intel, physical

from dumpmaker.cache import Dump
from volatility3_btf.vol import LinuxIntelLA57

PRESENT, LARGE, PROTNONE = 1, 1 << 7, 1 << 8
PAGE = 4096

Layer = interfaces.layers.TranslationLayerInterface


def layer_on(
    memory: physical.BufferDataLayer, context: contexts.Context, root: int, kind: type[Layer]
) -> Layer:
    """A layer of the given class whose top table is at `root`."""
    context.add_layer(memory)
    context.config["top.memory_layer"] = memory.name
    context.config["top.page_map_offset"] = root
    layer = kind(context, "top", "top")
    context.add_layer(layer)
    return layer


def indexes(address: int) -> list[int]:
    """The index into each of the five tables, the top one first."""
    return [address >> shift & 0x1FF for shift in (48, 39, 30, 21, 12)]


@pytest.fixture
def tables() -> Callable[..., Layer]:
    """Builds a chain of five tables for one address, with the last entry at a chosen level."""

    def build(address: int, entry: int, level: int = 5) -> Layer:
        memory = bytearray(16 * PAGE)
        for number, index in enumerate(indexes(address)[:level]):
            value = entry if number == level - 1 else (number + 2) * PAGE | PRESENT
            struct.pack_into("<Q", memory, (number + 1) * PAGE + 8 * index, value)
        memory[8 * PAGE : 8 * PAGE + 5] = b"found"
        context = contexts.Context()
        data = physical.BufferDataLayer(context, "data", "data", buffer=bytes(memory))
        return layer_on(data, context, PAGE, LinuxIntelLA57)

    return build


@pytest.mark.parametrize(
    "address", [0x1234_5678_9000, 0xFF_1234_5678_9000, 0xFF11_0000_0000_3000, 0xFFFF_FFFF_8100_0000]
)
def test_small_page(address: int, tables: Callable[..., Layer]) -> None:
    layer = tables(address, 8 * PAGE | PRESENT)
    inside = address & layer.address_mask
    assert layer.read(inside, 5) == b"found"
    assert layer.translate(inside + 0xABC) == (8 * PAGE + 0xABC, "data")
    assert layer.canonicalize(inside) == address
    with pytest.raises(exceptions.PagedInvalidAddressException):
        layer.translate(inside ^ 1 << 48)


def test_large_pages(tables: Callable[..., Layer]) -> None:
    for level, size in ((4, 1 << 21), (3, 1 << 30)):
        address = 0x11_0000_0000_0000
        layer = tables(address, PRESENT | LARGE, level)
        assert layer.read(address + 8 * PAGE, 5) == b"found"
        assert layer._translate(address + size - 1) == (size - 1, size, "data")
        assert not layer.is_valid(address + size)


def test_the_top_tables_have_no_large_pages(tables: Callable[..., Layer]) -> None:
    for level in (1, 2):
        layer = tables(0x11_0000_0000_0000, PRESENT | LARGE, level)
        assert not layer.is_valid(0x11_0000_0000_0000)


def test_absent_and_inaccessible_pages(tables: Callable[..., Layer]) -> None:
    address = 0x7FFF_0000_1000
    assert not tables(address, 0).is_valid(address)
    inverted = (
        ~(8 * PAGE) & 0x000F_FFFF_FFFF_F000 | PROTNONE
    )  # as pte_mkprotnone leaves a page of the kernel's
    assert tables(address, inverted).read(address, 5) == b"found"


def test_range_of_addresses(tables: Callable[..., Layer]) -> None:
    layer = tables(0, 8 * PAGE | PRESENT)
    assert layer.maximum_address == (1 << 57) - 1
    assert layer.address_mask == (1 << 57) - 1
    assert layer.metadata["architecture"] == "Intel64"
    assert intel.LinuxIntel32e._maxvirtaddr == 48  # the parent is as it was


@pytest.mark.slow
def test_a_real_guest(dump: Callable[[str], Dump]) -> None:
    """Symbols that the guest named are where its page tables say; with four levels nothing is."""
    guest = dump("amd64-6.12-la57")
    symbols = {name: int(address, 16) for name, address in guest.truth["symbols"].items()}
    note = int(guest.truth["iomem_kernel"][2].split("-")[0], 16)  # "Kernel code" starts at _text
    root = symbols["init_top_pgt"] - symbols["_text"] + note
    read = {}
    for kind in (LinuxIntelLA57, intel.LinuxIntel32e):
        context = contexts.Context()
        context.config["file.location"] = guest.raw.as_uri()
        layer = layer_on(physical.FileLayer(context, "file", "file"), context, root, kind)
        address = symbols["linux_banner"] & layer.address_mask
        read[kind] = layer.read(address, 14) if layer.is_valid(address, 14) else None
    assert read == {LinuxIntelLA57: b"Linux version ", intel.LinuxIntel32e: None}
