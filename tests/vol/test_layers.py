# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Volatility's layers as memory: mapped where a plain file lies behind them, else read through the layer."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import random
import struct
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest
from volatility3 import framework
from volatility3.framework import contexts, exceptions, interfaces
from volatility3.framework.automagic import stacker
from volatility3.framework.layers import physical

import volatility3_btf.vol
from support.btfwriter import every_kind
from support.cores import FORMS, Elf, Piece, lime
from support.images import avml
from volatility3_btf import find_btf
from volatility3_btf.files.images import FileMemory
from volatility3_btf.memory.memory import PAGE, BytesMemory, Memory, UnreadableError
from volatility3_btf.vol import layer_memory, physical_layer_name
from volatility3_btf.vol.commands.image import MOST_BANNERS, banners_seen, image_under
from volatility3_btf.vol.layers import as_memory as layers
from volatility3_btf.vol.layers.elf import ElfCoreLayer

BLOB = every_kind("little").blob()
LOW = b"\1" * 5000 + BLOB + b"\2" * (3 * PAGE - 5000 - len(BLOB))
HIGH = b"\3" * (PAGE - 100) + BLOB[:300]
HIGHER = BLOB[300:] + b"\4" * PAGE
PIECES: list[Piece] = [(0x1000, LOW), (0x100000, HIGH), (0x100000 + len(HIGH), HIGHER)]
BLOBS = [0x1000 + 5000, 0x100000 + PAGE - 100]

Open = Callable[[bytes], tuple[contexts.Context, str]]


@pytest.fixture
def opened(tmp_path: Path) -> Open:
    """Writes an image and has Volatility stack its layers on it: the context, and the top layer's name."""
    framework.import_files(volatility3_btf.vol)
    framework.import_files(framework.layers)

    def open_image(data: bytes, suffix: str = "") -> tuple[contexts.Context, str]:
        path = tmp_path / f"image{suffix}"
        path.write_bytes(data)
        context = contexts.Context()
        context.config["base.location"] = path.as_uri()
        context.add_layer(physical.FileLayer(context, "base", "base"))
        kinds = framework.class_subclasses(interfaces.automagic.StackerLayerInterface)
        formats = sorted((k for k in kinds if k.stack_order < 34), key=lambda k: k.stack_order)
        top, *_ = stacker.LayerStacker.stack_layer(context, "base", formats, None)
        return context, top

    return open_image


MAPPED = {name: elf.core(PIECES) for name, elf in FORMS.items()}
MAPPED |= {f"{name}, out of order": elf.core(PIECES[::-1]) for name, elf in FORMS.items()}
MAPPED["LiME"] = lime(PIECES)
PACKED = {
    "gzip": (gzip.compress(lime(PIECES)), ".gz"),
    "gzip under another name": (gzip.compress(lime(PIECES)), ""),
    "xz": (lzma.compress(lime(PIECES)), ".xz"),
    "bzip2": (bz2.compress(lime(PIECES)), ".bz2"),
    "LiME's zlib": (zlib.compress(lime(PIECES)), ".lime"),
}


def assert_same(memory: Memory) -> None:
    """The memory holds exactly the pieces, and the scanner finds the blobs, one across a border."""
    for address, data in PIECES:
        assert memory.read(address, len(data)) == data
    assert memory.size == sum(len(data) for _, data in PIECES)
    assert [blob.offset for blob in find_btf(memory)] == BLOBS
    with pytest.raises(UnreadableError):
        memory.read(0x1000 + len(LOW) - 1, 2)


@pytest.mark.parametrize("data", MAPPED.values(), ids=MAPPED)
def test_layers_over_a_plain_file_are_mapped(opened: Open, data: bytes) -> None:
    context, top = opened(data)
    assert top != "base"
    memory = layer_memory(context, top)
    assert isinstance(memory, FileMemory)
    assert_same(memory)


def test_a_plain_file_is_mapped(opened: Open) -> None:
    context, top = opened(LOW)
    assert top == "base"
    memory = layer_memory(context, top)
    assert isinstance(memory, FileMemory)
    assert [blob.offset for blob in find_btf(memory)] == [5000]


@pytest.mark.parametrize(("data", "suffix"), PACKED.values(), ids=PACKED)
def test_a_packed_file_is_unpacked_and_mapped(opened: Open, data: bytes, suffix: str) -> None:
    context, top = opened(data, suffix)
    memory = layer_memory(context, top)
    assert isinstance(memory, FileMemory)
    assert_same(memory)
    with layer_memory(context.clone(), top) as again:
        assert_same(again)


def test_other_layers_are_read_through_the_framework(opened: Open) -> None:
    context, top = opened(avml(PIECES))
    assert top != "base"
    memory = layer_memory(context, top)
    assert not isinstance(memory, FileMemory)
    assert_same(memory)


def test_a_buffer_layer(opened: Open) -> None:
    context = contexts.Context()
    context.add_layer(physical.BufferDataLayer(context, "buffer", "buffer", buffer=LOW))
    assert [blob.offset for blob in find_btf(layer_memory(context, "buffer"))] == [5000]


def test_the_physical_layer_of_a_physical_layer_is_itself(opened: Open) -> None:
    context, top = opened(lime(PIECES))
    assert physical_layer_name(context, top) == top


@pytest.mark.parametrize("name", FORMS)
def test_only_cores_that_the_framework_cannot_read_get_our_layer(opened: Open, name: str) -> None:
    context, top = opened(FORMS[name].core(PIECES))
    assert isinstance(context.layers[top], ElfCoreLayer) == (name != "64-bit LE")
    context, top = opened(FORMS[name].core(PIECES[::-1]))
    assert isinstance(context.layers[top], ElfCoreLayer)
    assert context.layers[top].read(0x1000, len(LOW)) == LOW


def test_a_core_with_overlapping_segments_gets_our_layer(opened: Open) -> None:
    context, top = opened(Elf().core([(0, b"a" * 100), (50, b"b" * 100)]))
    assert context.layers[top].read(0, 150) == b"a" * 100 + b"b" * 50


def test_damaged_cores_are_no_error(opened: Open) -> None:
    elf = Elf(wide=False, big=True)
    data = elf.core([(8, b"abcd"), (64, b"efgh")])
    for length in range(1, len(data), 7):
        context, top = opened(data[:length])
        layer_memory(context, top)
    for index in range(0, elf.header_size, 2):
        context, top = opened(data[:index] + b"\xff" + data[index + 1 :])
        list(find_btf(layer_memory(context, top)))


def test_reading_leaves_the_layers_own_file_where_it_was(opened: Open) -> None:
    """Volatility reads on from where its buffer ends; looking for holes must not move that."""
    data = b"".join(struct.pack("<I", number) for number in range(1 << 16))
    context, top = opened(data)
    layer = context.layers[top]
    memory = layer_memory(context, top)
    for start in range(0, len(data), 10007):
        assert layer.read(start, 100) == data[start : start + 100]
        list(memory.find(b"none"))
        rest = min(20000, len(data) - start - 50)
        assert layer.read(start + 50, rest) == data[start + 50 : start + 50 + rest]


class Flaky(interfaces.layers.DataLayerInterface):
    """A layer of which one page cannot be read; it counts what it is asked for."""

    def __init__(self, context: contexts.Context, data: bytes, bad: int, error: Exception | None) -> None:
        super().__init__(context, "flaky", "flaky")
        self.data, self.bad, self.error = data, bad, error
        self.asked: list[tuple[int, int]] = []

    minimum_address = 0

    @property
    def maximum_address(self) -> int:
        return len(self.data) - 1

    def is_valid(self, offset: int, length: int = 1) -> bool:
        return not offset < self.bad + PAGE or not self.bad < offset + length

    def read(self, offset: int, length: int, pad: bool = False) -> bytes:
        self.asked.append((offset, length))
        if not self.is_valid(offset, length):
            raise self.error or framework.exceptions.InvalidAddressException("other", 7, "bad page")
        return self.data[offset : offset + length]

    def write(self, offset: int, data: bytes) -> None:
        raise AssertionError("an image is never written to")


FAULTS = [None, OSError("remote"), EOFError("short"), ValueError("odd"), lzma.LZMAError("damaged")]


@pytest.mark.parametrize("error", FAULTS, ids=repr)
def test_what_a_layer_cannot_read_is_skipped(error: Exception | None) -> None:
    data = bytes(100) + BLOB + bytes(6 * PAGE) + BLOB + bytes(100)
    context = contexts.Context()
    context.add_layer(Flaky(context, data, 3 * PAGE, error))
    memory = layer_memory(context, "flaky")
    second = data.rindex(BLOB)
    assert [(blob.offset, blob.state) for blob in find_btf(memory)] == [
        (100, "complete"),
        (second, "complete"),
    ]
    with pytest.raises(UnreadableError):
        memory.read(3 * PAGE - 1, 2)
    assert memory.read_available(100, len(data)) == data[100 : 3 * PAGE]


def test_going_back_a_little_reads_nothing_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "BLOCK", PAGE)
    data = (b"\1" * 1000 + BLOB) * 40
    context = contexts.Context()
    layer = Flaky(context, data, 1 << 30, None)
    context.add_layer(layer)
    assert len(list(find_btf(layer_memory(context, "flaky")))) == 40
    assert layer.asked == [(start, min(PAGE, len(data) - start)) for start in range(0, len(data), PAGE)]


def test_only_a_few_blocks_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(layers, "BLOCK", PAGE)
    context = contexts.Context()
    context.add_layer(Flaky(context, bytes(100 * PAGE), 1 << 30, None))
    memory = layer_memory(context, "flaky")
    assert isinstance(memory, layers.LayerMemory)
    list(memory.find(b"x"))
    assert len(memory._blocks) == layers.BLOCKS_KEPT


def test_a_wrapped_file_that_is_not_plain_is_not_mapped(opened: Open, tmp_path: Path) -> None:
    context, top = opened(LOW)
    layer = context.layers[top]
    layer._file_ = io.BytesIO(LOW)
    assert not isinstance(layer_memory(context, top), FileMemory)
    elsewhere = tmp_path / "replaced"
    elsewhere.write_bytes(b"another file")
    layer._file_ = (tmp_path / "image").open("rb")
    elsewhere.rename(tmp_path / "image")
    memory = layer_memory(context, top)
    assert not isinstance(memory, FileMemory)
    assert memory.read(0, 10) == LOW[:10]


@pytest.mark.parametrize(
    ("pack", "suffix"), [(gzip.compress, ".gz"), (lzma.compress, ".xz"), (bz2.compress, ".bz2")]
)
def test_a_compressed_file_that_was_cut_short_is_an_error_of_ours(
    tmp_path: Path, pack: Callable[[bytes], bytes], suffix: str
) -> None:
    path = tmp_path / f"image{suffix}"
    packed = pack(random.Random(1).randbytes(1 << 16))
    path.write_bytes(packed[: len(packed) // 2])
    context = contexts.Context()
    context.config["base.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "base", "base"))
    with pytest.raises(UnreadableError, match="damaged"):
        layer_memory(context, "base")


def test_what_cannot_be_read_ends_a_plugin_in_volatilitys_way(opened: Open) -> None:
    context, name = opened(LOW)
    with (
        pytest.raises(exceptions.LayerException, match="cannot be searched any further: 0x1000: gone"),
        image_under(context, name) as memory,
    ):
        assert memory.size == len(LOW)
        raise UnreadableError(0x1000, "gone")


def test_few_banners_are_named() -> None:
    texts = [(b"Linux version 6.1.%d (a) #1 b\n\0" % number).ljust(1 << 16, b"\0") for number in range(100)]
    shown = banners_seen(BytesMemory(b"".join(texts)))
    assert shown.count("Linux version") == MOST_BANNERS
    assert shown.endswith(f"; and {100 - MOST_BANNERS} more")
    assert banners_seen(BytesMemory(bytes(64))) == "none"
