# SPDX-License-Identifier: Apache-2.0
"""How a kdump file's pages are unpacked: zlib by Python itself, the others by packages that may be missing.

Where libdeflate is there (`deflate`), it unpacks zlib in half the time.

Nothing is unpacked into more than one page: what a page takes in the file is no more than the page has, and
every unpacker is told where to stop, or cannot make more than 255 times as much of it (LZO).
"""

from __future__ import annotations

import zlib
from collections.abc import Callable
from typing import Final

from ..formats import FormatError
from .header import LZO, PACKINGS, SNAPPY, ZLIB, ZSTD

Unpack = Callable[[bytes], bytes]
"""Takes what the file has of a page; returns the page, or raises `DamagedError`."""

NEEDED: Final = {LZO: ("LZO", "lzallright"), SNAPPY: ("Snappy", "cramjam"), ZSTD: ("zstd", "cramjam")}


class DamagedError(Exception):
    """What the file has of a page cannot be unpacked."""


def unpackers(status: int, page_size: int) -> dict[int, Unpack]:
    """What unpacks pages, by the bit in their flags.

    Args:
        status: of the header: what pages are packed with.
        page_size: in bytes.

    Raises:
        FormatError: a package is missing for what the header says.
    """
    known: dict[int, Unpack] = {ZLIB: _libdeflate(page_size) or _zlib(page_size)}
    for flag, make in ((LZO, _lzo), (SNAPPY, _snappy), (ZSTD, _zstd)):
        try:
            known[flag] = make(page_size)
        except ImportError as error:
            if status & PACKINGS == flag:
                name, package = NEEDED[flag]
                raise FormatError(
                    f"a kdump file with {name} pages, which {package} unpacks: pip install {package}"
                ) from error
    return known


def _zlib(page_size: int) -> Unpack:
    def unpack(data: bytes) -> bytes:
        stream = zlib.decompressobj()
        try:
            page = stream.decompress(data, page_size)
        except zlib.error as error:
            raise DamagedError(str(error)) from error
        if not stream.eof and stream.decompress(stream.unconsumed_tail, 1):
            raise DamagedError("more than a page")
        return page

    return unpack


def _libdeflate(page_size: int) -> Unpack | None:
    try:
        from deflate import DeflateError, zlib_decompress
    except ImportError:
        return None

    def unpack(data: bytes) -> bytes:
        try:
            return bytes(zlib_decompress(data, page_size))
        except (DeflateError, ValueError) as error:
            raise DamagedError("damaged zlib") from error

    return unpack


def _lzo(page_size: int) -> Unpack:
    from lzallright import LZOCompressor, LZOError

    def unpack(data: bytes) -> bytes:
        try:
            return bytes(LZOCompressor.decompress(data, page_size))
        except (LZOError, ValueError) as error:
            raise DamagedError("damaged LZO") from error

    return unpack


def _snappy(page_size: int) -> Unpack:
    from cramjam import DecompressionError, snappy

    buffer = bytearray(page_size)

    def unpack(data: bytes) -> bytes:
        try:
            return bytes(buffer[: snappy.decompress_raw_into(data, buffer)])
        except (DecompressionError, ValueError) as error:
            raise DamagedError(str(error)) from error

    return unpack


def _zstd(page_size: int) -> Unpack:
    from cramjam import DecompressionError, zstd

    buffer = bytearray(page_size)

    def unpack(data: bytes) -> bytes:
        try:
            return bytes(buffer[: zstd.decompress_into(data, buffer)])
        except (DecompressionError, ValueError) as error:
            raise DamagedError(str(error)) from error

    return unpack
