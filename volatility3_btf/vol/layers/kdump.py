# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Compressed kdump files, of makedumpfile and QEMU; split, flattened, with pages left out."""

from __future__ import annotations

import logging
import os
import weakref
from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, overload

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.layers import physical, segmented

from ...files.descriptors import read_from
from ...files.formats import FLATTENED, KDUMP, FormatError
from ...files.segments import ELF_MAGIC, ReadAt, Segment
from ...files.xen_core import core_segments
from ...memory.memory import UnreadableError
from .files.plain import path_of, reopened
from .ranges import Layer, RangesLayer, clipped, reader_of
from .scans.quick import QuickScans

if TYPE_CHECKING:
    from ...files.kdump.dump import Kdump
    from ...files.kdump.flattened import Flattened
    from ...memory.runs import RunColumns

log = logging.getLogger(__name__)

Piece = tuple[int, int, int, int]

_told: set[tuple[str, str]] = set()
"""Where an image lies, and what of memory is not in it: layers are made again and again, the user is told
once, with a saved configuration too."""


class _Runs(Sequence[Piece]):
    """Ranges of memory as the framework wants segments: address, place, length, length in the file.

    Where a range lies in the file has no meaning: nothing is read by it.
    """

    def __init__(self, runs: RunColumns) -> None:
        self._runs = runs

    def __len__(self) -> int:
        return len(self._runs)

    @overload
    def __getitem__(self, index: int) -> Piece: ...
    @overload
    def __getitem__(self, index: slice) -> list[Piece]: ...
    def __getitem__(self, index: int | slice) -> Piece | list[Piece]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        return self._runs.starts[index], 0, self._runs.lengths[index], 1


class KdumpLayer(QuickScans, segmented.NonLinearlySegmentedLayer):
    """A machine's memory in a kdump file."""

    dump: Kdump

    def _load_segments(self) -> None:
        base = self.context.layers[self._base_layer]
        self.dump = open_dump(base)
        for loss in self.dump.losses:
            key = (getattr(base, "location", ""), loss)
            if key not in _told:
                log.warning("%s", loss)
            _told.add(key)
        self._segments = _Runs(self.dump.runs)

    def is_valid(self, offset: int, length: int = 1) -> bool:
        """Whether all of a range is in the dump."""
        return self.dump.pages.holds(offset, length)

    def read(self, offset: int, length: int, pad: bool = False) -> bytes:
        """Read memory; what is not in the dump is zero with `pad`, and an error without."""
        try:
            if self.dump.pages.holds(offset, length):
                return self.dump.pages.read(offset, length)
        except (UnreadableError, OSError) as error:
            if not pad:
                raise exceptions.InvalidAddressException(self.name, offset, str(error)) from error
        if length <= 0:
            return b""
        return b"".join(self._by_pages(offset, length, pad))

    def _by_pages(self, offset: int, length: int, pad: bool) -> Iterator[bytes]:
        """The same page by page."""
        pages, end = self.dump.pages, offset + length
        while offset < end:
            size = min(pages.page_size - offset % pages.page_size, end - offset)
            try:
                if not pages.holds(offset, size):
                    raise UnreadableError(offset, "not in the dump")
                yield pages.read(offset, size)
            except (UnreadableError, OSError) as error:
                if not pad:
                    raise exceptions.InvalidAddressException(self.name, offset, str(error)) from error
                yield bytes(size)
            offset += size


class FlattenedCoreLayer(RangesLayer):
    """An ELF core in pieces, as `makedumpfile -F -E` writes it."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """The ranges of memory in the flattened file. Raises FormatError."""
        whole = _flattened(reader_of(layer), layer.maximum_address + 1)
        return list(clipped(whole.segments(core_segments(whole.read)), layer))


class KdumpStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `KdumpLayer` on every kdump file, and `FlattenedCoreLayer` on cores in pieces."""

    stack_order = 9

    @classmethod
    def stack(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        progress_callback: constants.ProgressCallback = None,
    ) -> Layer | None:
        """Return a new layer on top of `layer_name`, or None."""
        layer = context.layers[layer_name]
        if isinstance(layer, interfaces.layers.TranslationLayerInterface):
            return None
        try:
            return _stacked(context, layer_name)
        except (exceptions.InvalidAddressException, FormatError, OSError) as error:
            log.info("not a kdump file that can be used: %s", error)
            return None


def _stacked(context: interfaces.context.ContextInterface, layer_name: str) -> Layer | None:
    """The layer for a kdump file; None for another one. Raises FormatError."""
    layer = context.layers[layer_name]
    read_at = reader_of(layer)
    head = read_at(0, len(FLATTENED))
    if head == FLATTENED and _flattened(read_at, layer.maximum_address + 1).read(0, 4) == ELF_MAGIC:
        return FlattenedCoreLayer.over(context, layer_name)
    if head != FLATTENED and not head.startswith(KDUMP):
        return None
    name = context.layers.free_layer_name(KdumpLayer.__name__)
    context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
    return KdumpLayer(context, name, name)


def open_dump(layer: Layer) -> Kdump:
    """Open the kdump file that a layer holds, flattened or not. Raises FormatError."""
    from ...files.kdump.dump import read_kdump

    read_at, size, path = _opened(layer)
    if read_at(0, len(FLATTENED)) == FLATTENED:
        whole = _flattened(read_at, size)
        read_at, size = whole.read, whole.size
    return read_kdump(read_at, size, path)


def _flattened(read_at: ReadAt, size: int) -> Flattened:
    from ...files.kdump.flattened import Flattened

    return Flattened(read_at, size)


def _opened(layer: Layer) -> tuple[ReadAt, int, Path | None]:
    """What reads a layer, its size and its file: past the framework where that is a plain one."""
    size = layer.maximum_address + 1
    descriptor = reopened(layer) if isinstance(layer, physical.FileLayer) else None
    if descriptor is None:
        return reader_of(layer), size, None
    read_at = partial(read_from, descriptor)
    weakref.finalize(read_at, os.close, descriptor)
    return read_at, size, path_of(layer)
