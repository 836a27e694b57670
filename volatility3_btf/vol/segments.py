# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A file that lies in a layer, as the readers of image formats want it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TypeAlias

from volatility3.framework import interfaces

from ..images import ReadAt, Segment

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
    end = layer.maximum_address + 1
    for segment in segments:
        length = min(segment.length, end - segment.file_offset)
        if length > 0:
            yield segment._replace(length=length)
