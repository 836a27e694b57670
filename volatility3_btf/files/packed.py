# SPDX-License-Identifier: Apache-2.0
"""Image files that are packed as a whole: unpacked once, into a file without a name that is gone with us.

Nothing can be read in the middle of such a file without all that comes before it, and an image is read in the
middle all the time. So it is unpacked from its start to its end into a temporary file; blocks of zeros become
holes of that, so that it takes no more room than there is in memory.
"""

from __future__ import annotations

import bz2
import gzip
import importlib
import logging
import lzma
import os
import shutil
import struct
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from typing import Any, BinaryIO, Final, NamedTuple, cast

from .formats import HEAD, LIBVIRT_HEADER, LIBVIRT_SAVE, FormatError, format_of

log = logging.getLogger(__name__)

BLOCK: Final = 1 << 20
"""Bytes that are unpacked at a time."""

MOST_UNPACKED: Final = 1 << 42
"""Bytes; 4 TiB. A few MiB can stand for any number of zeros."""

RESERVE: Final = 256 << 20
"""Bytes that are left free where the temporary file is."""

LIBVIRT_PACKINGS: Final = {1: "gzip", 2: "bzip2", 3: "xz", 5: "zstd"}
"""What libvirt may have packed a stream with (src/qemu/qemu_saveimage.h); 4 is lzop, 6 sparse."""

MOST_LAYERS: Final = 4
"""How often what comes out may be packed again, as a zip archive of a gzip file is."""

Progress = Callable[[float, str], None]
Stream = Iterator[bytes]

DAMAGE: Final = (
    *(OSError, EOFError, ValueError, zlib.error, lzma.LZMAError, zipfile.BadZipFile),
    *(struct.error, LookupError, ArithmeticError, RuntimeError),  # what zipfile lets out of a damaged archive
)


def is_packed(head: bytes) -> bool:
    """Whether a file with these first bytes (`HEAD` of them) is one that `unpacked` takes."""
    return _how(head) is not None


def unpacked(file: BinaryIO, progress: Progress | None = None) -> BinaryIO:
    """Unpack a file.

    Args:
        file: the packed one, which can be read in any place; it stays open.
        progress: told how much of it has been read.

    Returns:
        The unpacked file, open for reading and without a name; it is gone when it is closed.

    Raises:
        FormatError: a package is missing, there is no room, or nothing comes out.
    """
    packed = file
    for _ in range(MOST_LAYERS):
        file.seek(0)
        how = _how(file.read(HEAD))
        if how is None:
            break
        inner = file
        try:
            file = _unpacked(inner, how, progress)
        finally:
            if inner is not packed:
                inner.close()
    file.seek(0)
    return file


class _How(NamedTuple):
    """How a file is packed: what it is called, what unpacks it, and from where in it on."""

    name: str
    stream: Callable[[BinaryIO], Stream]
    start: int


def _how(head: bytes) -> _How | None:
    """How a file with these first bytes is packed, if it is."""
    if head.startswith(LIBVIRT_SAVE) and len(head) >= LIBVIRT_HEADER:
        _, described, _, packing = struct.unpack_from(("<" if head[16] else ">") + "4I", head, 16)
        name = LIBVIRT_PACKINGS.get(packing)
        return (
            _How(f"a {name} file of libvirt's", _STREAMS[name], LIBVIRT_HEADER + described) if name else None
        )
    known = format_of(head)
    return _How(known.name, _STREAMS[known.name], 0) if known and known.name in _STREAMS else None


def _unpacked(packed: BinaryIO, how: _How, progress: Progress | None) -> BinaryIO:
    """Unpack a file once."""
    name = how.name
    packed.seek(how.start)
    size = os.fstat(packed.fileno()).st_size
    made = cast("BinaryIO", tempfile.TemporaryFile(prefix="volatility3-btf."))  # noqa: SIM115
    try:
        done = written = 0
        try:
            for block in how.stream(packed):
                if progress is not None:
                    progress(min(100.0, 100 * packed.tell() / max(1, size)), f"Unpacking {name}")
                done += len(block)
                if block.count(0) == len(block):
                    made.seek(len(block), os.SEEK_CUR)
                else:
                    written = _make_room(written, len(block), name)
                    made.write(block)
                if done > MOST_UNPACKED:
                    raise FormatError(f"this is {name}, of more than {MOST_UNPACKED >> 40} TiB")
        except FormatError:
            raise
        except DAMAGE as error:
            if not done:
                raise FormatError(f"this is {name}, and damaged: {error}") from error
            log.warning("this %s file is cut short or damaged: %d bytes came out of it", name, done)
        if not done:
            raise FormatError(f"this is {name}, and nothing is in it")
        made.truncate(done)
        made.seek(0)
    except BaseException:
        made.close()
        raise
    return made


def _make_room(written: int, more: int, name: str) -> int:
    """How much has been written with this block. Raises FormatError if there is no room for more."""
    if written % (64 * BLOCK) < more:
        folder = tempfile.gettempdir()
        if shutil.disk_usage(folder).free < RESERVE + 64 * BLOCK:
            raise FormatError(
                f"this is {name}, and there is no room to unpack it in {folder} (TMPDIR names another)"
            )
    return written + more


def _blocks(file: Any) -> Stream:
    """What a file object gives, block by block; less in the end where it is damaged."""
    while block := file.read(BLOCK):
        yield block


def _gzip(packed: BinaryIO) -> Stream:
    with gzip.GzipFile(fileobj=packed) as file:
        yield from _blocks(file)


def _bzip2(packed: BinaryIO) -> Stream:
    with bz2.BZ2File(packed) as file:
        yield from _blocks(file)


def _lzma(packed: BinaryIO) -> Stream:
    with lzma.LZMAFile(packed) as file:
        yield from _blocks(file)


def _zlib(packed: BinaryIO) -> Stream:
    unpacker = zlib.decompressobj()
    while not unpacker.eof:
        data = unpacker.unconsumed_tail or packed.read(1 << 16)
        if not data:
            raise EOFError("it ends too early")
        if block := unpacker.decompress(data, BLOCK):
            yield block


def _zstd(packed: BinaryIO) -> Stream:
    for name in ("compression.zstd", "backports.zstd"):
        try:
            zstd = importlib.import_module(name)
        except ImportError:
            continue
        try:
            with zstd.ZstdFile(packed) as file:
                yield from _blocks(file)
        except zstd.ZstdError as error:
            raise ValueError(str(error)) from error
        return
    raise FormatError("this is zstd: unpack it first, or pip install backports.zstd")


def _zip(packed: BinaryIO) -> Stream:
    """The largest file in an archive."""
    with zipfile.ZipFile(packed) as archive:
        members = [member for member in archive.infolist() if not member.is_dir()]
        if not members:
            raise FormatError("this is a zip archive without files")
        chosen = max(members, key=lambda member: member.file_size)
        if chosen.flag_bits & 1:
            raise FormatError("this is a zip archive with a password: unpack it first")
        with archive.open(chosen) as file:
            yield from _blocks(file)


_STREAMS: Final[dict[str, Callable[[BinaryIO], Stream]]] = {
    "gzip": _gzip,
    "xz": _lzma,
    "lzma": _lzma,
    "bzip2": _bzip2,
    "zstd": _zstd,
    "a zip archive": _zip,
    "LiME compressed with zlib (compress=1)": _zlib,
}
"""What unpacks a file, by the name of its format (`formats`)."""
