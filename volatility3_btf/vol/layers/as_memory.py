# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Volatility's layers, as `Memory`.

A layer whose bytes lie unchanged in ranges of one plain file (raw, LiME, ELF core, …) becomes a `FileMemory`,
which is searched as fast as the file can be read. Any other layer (compressed, remote, translated) is read in
chunks through the framework.
"""

from __future__ import annotations

import logging
import lzma
import zlib
from collections import OrderedDict
from collections.abc import Iterator
from functools import partial
from typing import Any, TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.layers import intel, linear, physical

from ...files.descriptors import read_from
from ...files.images import FileMemory, StreamMemory
from ...files.kdump.memory import KdumpMemory
from ...files.segments import Segment
from ...memory.gaps import read_filled
from ...memory.memory import Memory, Run, UnreadableError
from .files.plain import reopened
from .kdump import KdumpLayer
from .qemu import QemuStreamLayer
from .ranges import reader_of
from .scans.quick import QuickScans

log = logging.getLogger(__name__)

MAX_MAPPINGS = 1 << 22
"""Pieces that one layer may consist of; a 16 GiB address space in pages of 4 KiB."""

FAULTS = (OSError, EOFError, ValueError, zlib.error, lzma.LZMAError)
"""What reading a damaged compressed file raises."""

Context: TypeAlias = interfaces.context.ContextInterface


BLOCK = 1 << 20
"""Bytes read from a layer at a time."""

BLOCKS_KEPT = 16
"""Blocks remembered: what follows a header was read along with it, or is wanted again by the search."""


class LayerMemory(Memory):
    """A layer that is read through the framework, block by block.

    A search and the reads that follow from its hits keep close together, and going back is dear for some
    layers (a gzip file is decompressed from its start again), so the last blocks are remembered.
    """

    def __init__(self, layer: interfaces.layers.DataLayerInterface) -> None:
        self._layer = layer
        self._blocks: OrderedDict[tuple[int, int], bytes | None] = OrderedDict()
        super().__init__(_runs(layer))

    def _read(self, run: Run, offset: int, length: int) -> bytes:
        pieces = []
        while length:
            number = offset // BLOCK
            start = max(run.start, number * BLOCK)
            size = min(length, (number + 1) * BLOCK - offset)
            block = self._block(run, start, number)
            pieces.append(
                self._read_layer(offset, size)
                if block is None
                else block[offset - start : offset - start + size]
            )
            offset, length = offset + size, length - size
        return b"".join(pieces)

    def _block(self, run: Run, start: int, number: int) -> bytes | None:
        """A block's bytes as far as they are in a run; None where some of them cannot be read."""
        key = (run.start, number)
        if key not in self._blocks:
            try:
                block = self._read_layer(start, min(run.end, (number + 1) * BLOCK) - start)
            except UnreadableError:
                block = None
            self._blocks[key] = block
            if len(self._blocks) > BLOCKS_KEPT:
                self._blocks.popitem(last=False)
        self._blocks.move_to_end(key)
        return self._blocks[key]

    def _read_layer(self, offset: int, length: int) -> bytes:
        try:
            return bytes(self._layer.read(offset, length, pad=False))
        except exceptions.InvalidAddressException as error:
            raise UnreadableError(max(offset, error.invalid_address), "the layer cannot read it") from error
        except (exceptions.VolatilityException, *FAULTS) as error:
            raise UnreadableError(offset, str(error)) from error


class MemoryLayer(QuickScans):
    """The other way round: a layer whose bytes are a `Memory`.

    Attributes:
        memory: its bytes.
    """

    memory: Memory

    @property
    def minimum_address(self) -> int:
        """The first address."""
        return self.memory.runs[0].start if self.memory.runs else 0

    @property
    def maximum_address(self) -> int:
        """The last address."""
        return max(0, self.memory.end - 1)

    def is_valid(self, offset: int, length: int = 1) -> bool:
        """Whether all of some bytes are there."""
        return bool(self.memory.available(offset, length) == length)

    def read(self, offset: int, length: int, pad: bool = False) -> bytes:
        """Read bytes; with `pad`, what is not there is zeros."""
        try:
            return self.memory.read(offset, length)
        except UnreadableError as error:
            if not pad:
                raise exceptions.InvalidAddressException(self.name, error.offset, str(error)) from error
        return read_filled(self.memory, offset, length)[0]

    def scan(self, context: Any, scanner: Any, progress_callback: Any = None, sections: Any = None) -> Any:
        """Scan what there is: the framework passes over pieces with a gap in them."""
        there = sections or [(run.start, run.length) for run in self.memory.runs]
        return super().scan(context, scanner, progress_callback, there)

    def write(self, offset: int, data: bytes) -> None:
        """Never."""
        raise NotImplementedError("it is only read")


def layer_memory(context: Context, layer_name: str) -> Memory:
    """The bytes of a Volatility layer; a plain file behind it is searched directly.

    Args:
        context: the context that holds the layer.
        layer_name: any layer; addresses are those of this layer.

    Raises:
        UnreadableError: a compressed file is so damaged that its size is not known.
    """
    layer = context.layers[layer_name]
    try:
        if isinstance(layer, MemoryLayer):
            return layer.memory
        if isinstance(layer, QemuStreamLayer):
            return _streamed(context, layer)
        if isinstance(layer, KdumpLayer):
            return KdumpMemory(layer.dump)
        found = _in_file(context, layer)
        descriptor = reopened(found[0]) if found else None
        if found is None or descriptor is None:
            log.debug("%s is read through the framework", layer_name)
            return LayerMemory(layer)
    except FAULTS as error:
        raise UnreadableError(0, f"the file is damaged: {error}") from error
    return FileMemory(descriptor, found[1])


def physical_layer_name(context: Context, layer_name: str) -> str:
    """The physical layer under a layer: steps down from address translation, as `banners` does."""
    while isinstance(context.layers[layer_name], intel.Intel):
        layer_name = context.layers[layer_name].config["memory_layer"]
    return layer_name


def _streamed(context: Context, layer: QemuStreamLayer) -> StreamMemory:
    """The pages of a stream, read from its file where that is a plain one."""
    (name,) = layer.dependencies
    base = context.layers[name]
    descriptor = reopened(base) if isinstance(base, physical.FileLayer) else None
    if descriptor is None:
        return StreamMemory(reader_of(base), layer.stream)
    return StreamMemory(partial(read_from, descriptor), layer.stream, descriptor)


def _in_file(
    context: Context, layer: interfaces.layers.DataLayerInterface
) -> tuple[physical.FileLayer, list[Segment]] | None:
    """The file under a layer and the ranges that make it up; None where bytes change on the way."""
    if isinstance(layer, physical.FileLayer):
        return layer, [Segment(0, 0, layer.maximum_address + 1)]
    if not isinstance(layer, linear.LinearlyMappedLayer) or isinstance(layer, intel.Intel):
        return None
    names = {name for *_, name in _mapping(layer)}
    if len(names) != 1:
        return None
    lower = context.layers[names.pop()]
    if not isinstance(lower, physical.FileLayer):
        return None
    return lower, [Segment(offset, mapped, length) for offset, length, mapped, _, _ in _mapping(layer)]


def _mapping(layer: interfaces.layers.DataLayerInterface) -> Iterator[tuple[int, int, int, int, str]]:
    """A translation layer's pieces: (offset, length, mapped offset, mapped length, lower layer)."""
    if not isinstance(layer, interfaces.layers.TranslationLayerInterface):
        return
    length = layer.maximum_address - layer.minimum_address + 1
    for number, piece in enumerate(layer.mapping(layer.minimum_address, length, ignore_errors=True)):
        if number >= MAX_MAPPINGS:
            log.warning("%s has more than %d pieces: the rest is left out", layer.name, MAX_MAPPINGS)
            return
        yield piece


def _runs(layer: interfaces.layers.DataLayerInterface) -> list[Run]:
    """What a layer holds, pieces that touch joined."""
    if not isinstance(layer, interfaces.layers.TranslationLayerInterface):
        return [Run(layer.minimum_address, layer.maximum_address - layer.minimum_address + 1)]
    joined: list[list[int]] = []
    for offset, length, *_ in _mapping(layer):
        if joined and joined[-1][1] == offset:
            joined[-1][1] += length
        else:
            joined.append([offset, offset + length])
    return [Run(start, end - start) for start, end in joined]
