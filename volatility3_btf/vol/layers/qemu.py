# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""QEMU's migration streams, of every version and of running guests, and those that libvirt saved."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import TYPE_CHECKING, overload

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.layers import segmented

from ...files.formats import FormatError, is_stream
from ...memory.memory import UnreadableError
from .ranges import Layer, reader_of
from .scans.quick import QuickScans

if TYPE_CHECKING:
    from ...files.qemu_pages import Stream

log = logging.getLogger(__name__)

Piece = tuple[int, int, int, int]


class _Pages(Sequence[Piece]):
    """The pages of a stream as the framework wants segments: address, place, length, length in the file."""

    def __init__(self, stream: Stream) -> None:
        self._stream = stream

    def __len__(self) -> int:
        return len(self._stream.addresses)

    @overload
    def __getitem__(self, index: int) -> Piece: ...
    @overload
    def __getitem__(self, index: slice) -> list[Piece]: ...
    def __getitem__(self, index: int | slice) -> Piece | list[Piece]:
        if isinstance(index, slice):
            return [self[number] for number in range(*index.indices(len(self)))]
        place, size = int(self._stream.places[index]), self._stream.page_size
        address = int(self._stream.addresses[index])
        return (address, place, size, size) if place >= 0 else (address, 0, size, 1)


class QemuStreamLayer(QuickScans, segmented.NonLinearlySegmentedLayer):
    """A guest's memory in a migration stream."""

    def _load_segments(self) -> None:
        from ...files.qemu_stream import read_stream

        base = self.context.layers[self._base_layer]
        self.stream = read_stream(reader_of(base), base.maximum_address + 1)
        self._segments = _Pages(self.stream)

    def _decode_data(self, data: bytes, mapped_offset: int, offset: int, output_length: int) -> bytes:
        """A part of a page; `data` is the page, or a byte without a meaning where it is not in the file."""
        size = self.stream.page_size
        place = int(self.stream.places[self.stream.addresses.searchsorted(offset - offset % size)])
        page = data if place >= 0 else bytes((-1 - place,)) * size
        return page[offset % size : offset % size + output_length]

    def read(self, offset: int, length: int, pad: bool = False) -> bytes:
        """Read memory; by many pages at a time where all of it is there."""
        if self.stream.holds(offset, length):
            try:
                return self.stream.read(reader_of(self.context.layers[self._base_layer]), offset, length)
            except UnreadableError as error:
                raise exceptions.InvalidAddressException(self.name, error.offset, str(error)) from error
        return bytes(super().read(offset, length, pad))


class QemuStreamStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `QemuStreamLayer` on every stream that it can read."""

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
            if not is_stream(layer.read(layer.minimum_address, 16)):
                return None
            name = context.layers.free_layer_name(QemuStreamLayer.__name__)
            context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
            made = QemuStreamLayer(context, name, name)
        except (exceptions.InvalidAddressException, FormatError) as error:
            log.info("not a stream that can be used: %s", error)
            return None
        return made
