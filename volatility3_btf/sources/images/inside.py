# SPDX-License-Identifier: Apache-2.0
"""A compressed kernel somewhere inside a loader that does not say where, as s390x's has it."""

from __future__ import annotations

import heapq
from collections.abc import Iterator
from itertools import islice
from typing import Final

from ...memory.memory import BytesMemory, Memory
from ..errors import MissingReaderError, SourceError, TooLargeError
from ..packed.codecs import CODECS, Codec
from ..packed.reading import reader
from ..packed.stream import MOST_UNPACKED, PIECE, UnpackedStream
from .content import Content
from .slices import part_of

S390_MAGIC: Final = b"S390EP"
S390_AT: Final = 0x10008
"""Where s390x's image has it (arch/s390/boot/head.S)."""

MOST_LOADER: Final = 128 << 20
"""Bytes of a file with a loader; a larger one is memory, where the loader stays when a kernel has started."""

LEAST: Final = 1 << 20
"""Bytes of a kernel, unpacked; what a loader's code has by chance of a compression's first bytes is less."""

_MOST_TRIED: Final = 256


def is_s390_image(data: Memory) -> bool:
    """Whether a file is an s390x kernel behind its loader."""
    is_file = data.end <= MOST_LOADER
    return is_file and data.read_available(S390_AT, len(S390_MAGIC)) == S390_MAGIC


def take_inside(data: Memory, layer: str) -> Content | None:
    """What is compressed inside a loader, the first that unpacks to the size of a kernel.

    Args:
        data: the loader.
        layer: what to call it.

    Returns:
        None where nothing is.

    Raises:
        MissingReaderError: what may be a kernel is compressed with something that cannot be unpacked here.
        TooLargeError: all that was tried holds more than one layer may.
    """
    whole = part_of(data, 0, data.end, layer).read(0, data.end)
    missing: MissingReaderError | None = None
    left = MOST_UNPACKED
    for at, codec in islice(_places(whole), _MOST_TRIED):
        content = bytearray()
        try:
            stream = UnpackedStream(reader(data, at), codec, left)
            while piece := stream.read(PIECE):
                content += piece
        except TooLargeError:
            raise
        except MissingReaderError as error:
            missing = missing or error
        except SourceError:
            left -= stream.count
        else:
            left -= stream.count
            if len(content) >= LEAST:
                return Content(BytesMemory(content), (layer, codec.name))
    if missing is not None:
        raise missing
    return None


def _places(data: bytes) -> Iterator[tuple[int, Codec]]:
    """Where something compressed may start, in order."""

    def places(codec: Codec) -> Iterator[tuple[int, Codec]]:
        return ((match.start(), codec) for match in codec.start.finditer(data))

    yield from heapq.merge(*map(places, CODECS), key=lambda place: place[0])
