# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Image files whose ranges the framework's own layers cannot put in order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.layers import segmented

from ...files.segments import ReadAt, Segment, tidy_segments
from .scans.quick import QuickScans

Layer: TypeAlias = interfaces.layers.DataLayerInterface


def reader_of(layer: Layer) -> ReadAt:
    """Reads a layer's bytes, fewer at its end."""
    end = layer.maximum_address + 1

    def read_at(offset: int, length: int) -> bytes:
        length = min(length, end - offset)
        return bytes(layer.read(offset, length)) if length > 0 else b""

    return read_at


def clipped(segments: Iterable[Segment], layer: Layer) -> Iterator[Segment]:
    """The segments as far as the layer holds them."""
    first, end = layer.minimum_address, layer.maximum_address + 1
    for address, offset, length in segments:
        lacking = max(0, first - offset)
        length = min(length, end - offset) - lacking
        if length > 0:
            yield Segment(address + lacking, offset + lacking, length)


class RangesLayer(QuickScans, segmented.SegmentedLayer):
    """The ranges of an image file, put in order of physical address."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """The ranges of the file that a layer holds, clipped to it. Raises FormatError."""
        raise NotImplementedError

    @classmethod
    def over(cls, context: interfaces.context.ContextInterface, layer_name: str) -> RangesLayer:
        """A new layer of this class on top of another."""
        name = context.layers.free_layer_name(cls.__name__)
        context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
        return cls(context, name, name)

    def _load_segments(self) -> None:
        segments = tidy_segments(self.find(self.context.layers[self._base_layer]))
        self._segments = [(address, offset, length, length) for address, offset, length in segments]
