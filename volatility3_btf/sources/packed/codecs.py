# SPDX-License-Identifier: Apache-2.0
"""The compressions that kernels and their packages use, each as an object that unpacks piece by piece.

gzip, xz, lzma and bzip2 are Python's own; so is zstd from Python 3.14 on. For zstd before that, lz4 and LZO a
package is needed (`pip install volatility3-btf[kernels]`), and its absence is told in one line.
"""

from __future__ import annotations

import bz2
import lzma
import re
import zlib
from collections.abc import Callable
from importlib import import_module
from typing import Any, Final, NamedTuple, Protocol

from ..errors import MissingReaderError
from .blocks import Lz4Legacy, Lzop

MOST_DICTIONARY: Final = 512 << 20
"""Bytes that an lzma or xz decoder may take; the largest preset takes 65 MiB."""


class Decoder(Protocol):
    """What unpacks one stream, as `lzma.LZMADecompressor` does."""

    @property
    def eof(self) -> bool:
        """Whether the stream has ended."""

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""

    @property
    def unused_data(self) -> bytes | None:
        """What lies behind the stream's end; lz4 has None for nothing."""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack; at most `max_length` bytes come back."""


class Codec(NamedTuple):
    """A compression.

    Attributes:
        name: as it is called.
        start: what a stream begins with, a regular expression.
        decoder: makes a decoder of one stream.
        errors: what it raises on damaged data.
    """

    name: str
    start: re.Pattern[bytes]
    decoder: Callable[[], Decoder]
    errors: tuple[type[Exception], ...]


class _Gzip:
    """zlib's decoder of gzip streams, in the shape of the others."""

    def __init__(self) -> None:
        self._inner = zlib.decompressobj(wbits=31)

    @property
    def eof(self) -> bool:
        return self._inner.eof

    @property
    def needs_input(self) -> bool:
        return not self._inner.unconsumed_tail and not self._inner.eof

    @property
    def unused_data(self) -> bytes:
        return self._inner.unused_data

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        return self._inner.decompress(self._inner.unconsumed_tail + data, max(max_length, 0))


def _lzma(form: int) -> Callable[[], Decoder]:
    return lambda: lzma.LZMADecompressor(form, memlimit=MOST_DICTIONARY)


def _optional(module: str, name: str, what: str, package: str) -> Any:
    """Something of a package that need not be installed. Raises MissingReaderError."""
    try:
        return getattr(import_module(module), name)
    except ImportError:
        raise MissingReaderError(
            f"compressed with {what}: needs the Python package {package} "
            "(pip install 'volatility3-btf[kernels]')"
        ) from None


def _zstd() -> Decoder:
    try:
        made: Decoder = _optional("compression.zstd", "ZstdDecompressor", "zstd", "backports.zstd")()
    except MissingReaderError:
        made = _optional("backports.zstd", "ZstdDecompressor", "zstd", "backports.zstd")()
    return made


def _lz4_frame() -> Decoder:
    made: Decoder = _optional("lz4.frame", "LZ4FrameDecompressor", "lz4", "lz4")()
    return made


def _lz4_legacy() -> Decoder:
    return Lz4Legacy(_optional("lz4.block", "decompress", "lz4", "lz4"))


def _lzop() -> Decoder:
    return Lzop(_optional("lzallright", "LZOCompressor", "LZO", "lzallright").decompress)


_PYTHONS: Final = (ValueError, EOFError, OSError, MemoryError)
"""What Python's own modules raise beside errors of their own."""


def _codec(name: str, start: bytes, decoder: Callable[[], Decoder], *errors: type[Exception]) -> Codec:
    return Codec(name, re.compile(start, re.DOTALL), decoder, errors)


CODECS: Final = (
    _codec("gzip", rb"\x1f\x8b\x08", _Gzip, zlib.error),
    _codec("xz", rb"\xfd7zXZ\0", _lzma(lzma.FORMAT_XZ), lzma.LZMAError, *_PYTHONS),
    _codec("lzma", rb"\x5d\0\0..(\xff{8}|.{5}\0{3})", _lzma(lzma.FORMAT_ALONE), lzma.LZMAError, *_PYTHONS),
    _codec("bzip2", rb"BZh[1-9](1AY&SY|\x17rE8P\x90)", bz2.BZ2Decompressor, *_PYTHONS),
    _codec("zstd", rb"\x28\xb5\x2f\xfd|[\x50-\x5f]\x2a\x4d\x18", _zstd, Exception),
    _codec("lz4", rb"\x02\x21\x4c\x18", _lz4_legacy, Exception),
    _codec("lz4", rb"\x04\x22\x4d\x18", _lz4_frame, Exception),
    _codec("lzo", rb"\x89LZO\0\r\n\x1a\n", _lzop, Exception),
)
"""All that are known; packages have errors of their own, of no class in common. The legacy lz4 is what
kernels use (`lz4 -l`; lib/decompress_unlz4.c)."""

LONGEST_START: Final = 16
"""Bytes that a codec is recognised by."""


def codec_of(head: bytes) -> Codec | None:
    """What data is compressed with, by its first `LONGEST_START` bytes; None where nothing known is."""
    return next((codec for codec in CODECS if codec.start.match(head)), None)


def codec_named(name: str) -> Codec | None:
    """A compression by the name that a kernel's header gives it ("gzip", "zstd22", …)."""
    return next((codec for codec in CODECS if name.startswith(codec.name)), None)
