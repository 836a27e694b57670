# SPDX-License-Identifier: Apache-2.0
"""Compressed data read as if it were not, up to a bound."""

from __future__ import annotations

import io
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from ..errors import SourceError, TooLargeError
from .codecs import LONGEST_START, Codec, codec_of

if TYPE_CHECKING:
    from _typeshed import WriteableBuffer

MOST_UNPACKED: Final = 1 << 30
"""Bytes that one layer of wrapping may hold; what holds more is not unpacked any further."""

PIECE: Final = 1 << 20
"""Bytes that are unpacked at a time."""

MOST_STREAMS: Final = 1 << 14
"""Streams that follow each other in one file; tools that compress in parallel make some hundred."""

_INPUT: Final = 1 << 16
"""Bytes that a decoder is given at a time; what it leaves of them is copied for each stream."""

Read = Callable[[int], bytes]
"""Takes a length; returns the next bytes, none at the end only."""


class UnpackedStream(io.RawIOBase):
    """The content of compressed data, read from front to back.

    Streams that follow each other are one, as gzip(1) and xz(1) have it; what else lies behind is left out.

    Args:
        read: the compressed data.
        codec: how it is compressed.
        most: bytes that may come out.

    Attributes:
        count: bytes that have come out.

    Raises:
        MissingReaderError: the package that unpacks this is not installed. Reading raises SourceError where
            the data is damaged or cut short, and TooLargeError where more than `most` bytes come out.
    """

    def __init__(self, read: Read, codec: Codec, most: int = MOST_UNPACKED) -> None:
        self._read, self._codec, self._most = read, codec, most
        self._decoder = codec.decoder()
        self._ended = False
        self._pending = b""
        self.count = self._streams = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: WriteableBuffer) -> int:
        """Fill as much of a buffer as one step gives; 0 at the end."""
        view = memoryview(buffer).cast("B")
        while view.nbytes and not self._ended:
            piece = self._step(min(view.nbytes, PIECE))
            if piece:
                view[: len(piece)] = piece
                return len(piece)
        return 0

    def _step(self, length: int) -> bytes:
        """Unpack a piece; empty where more input is needed, or the end was reached."""
        decoder = self._decoder
        if decoder.eof:
            self._next_stream(decoder.unused_data or b"")
            return b""
        wants = decoder.needs_input
        data = self._more() if wants else b""
        piece = self._unpack(data, length)
        if wants and not data and not piece and not decoder.eof:
            if not getattr(decoder, "may_end", False):
                raise SourceError(f"the {self._codec.name} data ends too early")
            self._ended = True
        return piece

    def _unpack(self, data: bytes, length: int) -> bytes:
        try:
            piece = self._decoder.decompress(data, length)
        except SourceError:
            raise
        except self._codec.errors as error:
            raise SourceError(f"the {self._codec.name} data is damaged: {error}") from error
        self.count += len(piece)
        if self.count > self._most:
            raise TooLargeError(f"more than {self._most >> 20} MiB come out of the {self._codec.name} data")
        return piece

    def _next_stream(self, rest: bytes) -> None:
        """Go on with a stream of the same kind behind this one, if there is one."""
        if len(rest) < LONGEST_START:
            rest += self._more()
        if codec_of(rest[:LONGEST_START]) is not self._codec:
            self._ended = True
            return
        self._streams += 1
        if self._streams > MOST_STREAMS:
            raise SourceError(f"the {self._codec.name} data is in more than {MOST_STREAMS} pieces")
        self._pending = rest
        self._decoder = self._codec.decoder()

    def _more(self) -> bytes:
        """More of the compressed data."""
        data, self._pending = self._pending or self._read(_INPUT), b""
        return data


def unpacked(read: Read, codec: Codec, most: int = MOST_UNPACKED) -> bytearray:
    """The whole content of compressed data.

    Args:
        read: the compressed data; what follows it is left out.
        codec: how it is compressed.
        most: bytes that may come out.

    Raises:
        SourceError: it is damaged, cut short or too large, or what unpacks it is not installed.
    """
    stream, pieces = UnpackedStream(read, codec, most), bytearray()
    while piece := stream.read(PIECE):
        pieces += piece
    return pieces
