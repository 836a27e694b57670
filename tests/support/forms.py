# SPDX-License-Identifier: Apache-2.0
"""One guest's memory in every form that Volatility opens, written from the flat image."""

from __future__ import annotations

import gzip
import lzma
import shutil
import struct
import zipfile
import zlib
from bz2 import BZ2File as bz2_file
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cramjam

from dumpmaker.cache import Dump
from support.cores import Elf
from support.images import Range, cut, write_lime
from support.packing import zstd

BLOCK = 1 << 20
AVML_HEADER = struct.Struct("<IIQQ8x")  # magic, version, first and last address
AVML_MAGIC, AVML_VERSION = 0x4C4D5641, 2
VMSS_MAGIC = b"\xd2\xbe\xd2\xbe"  # of a suspended machine, tags with 64-bit sizes
PAGE = 4096
ZEROS = bytes(BLOCK)


def ranges_of(dump: Dump) -> list[Range]:
    """The guest's memory: physical start and length."""
    return [(start, length) for start, length in dump.truth["ram"]]


def split(ranges: list[Range], size: int) -> list[Range]:
    """The ranges in pieces of at most `size` bytes."""
    return [
        (at, min(size, start + length - at))
        for start, length in ranges
        for at in range(start, start + length, size)
    ]


def blocks(dump: Dump, start: int, length: int) -> Iterator[bytes]:
    """The bytes of a range, block by block."""
    with dump.raw.open("rb") as source:
        source.seek(start - dump.truth["raw_base"])
        while length:
            block = source.read(min(BLOCK, length))
            assert block, "the range ends behind the image"
            length -= len(block)
            yield block


def gz(dump: Dump, path: Path) -> Path:
    """The flat image, compressed with gzip."""
    with dump.raw.open("rb") as source, gzip.open(path, "wb", compresslevel=1) as out:
        shutil.copyfileobj(source, out, BLOCK)
    return path


def xz(dump: Dump, path: Path) -> Path:
    """The flat image, compressed with xz."""
    with dump.raw.open("rb") as source, lzma.open(path, "wb", preset=0) as out:
        shutil.copyfileobj(source, out, BLOCK)
    return path


def bz2(dump: Dump, path: Path) -> Path:
    """The flat image, compressed with bzip2."""
    return _compressed(bz2_file(path, "wb", compresslevel=1), dump, path)


def zst(dump: Dump, path: Path) -> Path:
    """The flat image, compressed with zstd."""
    return _compressed(zstd.ZstdFile(path, "wb"), dump, path)


def zipped(dump: Dump, path: Path) -> Path:
    """The flat image in a zip archive, with a note in front of it."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("note.txt", "from the first responder")
        archive.write(dump.raw, "memory.raw")
    return path


def lime_zlib(dump: Dump, path: Path) -> Path:
    """LiME with compress=1: one zlib stream over all of the file."""
    plain, packer = lime(dump, path.with_suffix(".plain")), zlib.compressobj(1)
    with plain.open("rb") as source, path.open("wb") as out:
        while block := source.read(BLOCK):
            out.write(packer.compress(block))
        out.write(packer.flush())
    plain.unlink()
    return path


def _compressed(out: Any, dump: Dump, path: Path) -> Path:
    with dump.raw.open("rb") as source, out:
        shutil.copyfileobj(source, out, BLOCK)
    return path


def lime(dump: Dump, path: Path) -> Path:
    """LiME, a range for each of the guest's."""
    return write_lime(path, dump.raw, dump.truth["raw_base"], ranges_of(dump))


def lime_many(dump: Dump, path: Path) -> Path:
    """LiME in ranges of 8 MiB that touch."""
    return write_lime(path, dump.raw, dump.truth["raw_base"], split(ranges_of(dump), 8 * BLOCK))


def lime_gaps(dump: Dump, path: Path) -> Path:
    """LiME without the blocks that hold only zeros."""
    pieces = split(ranges_of(dump), BLOCK)
    empty = [(start, length) for start, length in pieces if next(blocks(dump, start, length)) == ZEROS]
    return write_lime(path, dump.raw, dump.truth["raw_base"], cut(ranges_of(dump), empty))


def lime_unsorted(dump: Dump, path: Path) -> Path:
    """LiME whose ranges come in descending order."""
    return write_lime(path, dump.raw, dump.truth["raw_base"], split(ranges_of(dump), 64 * BLOCK)[::-1])


def elf_unsorted(dump: Dump, path: Path) -> Path:
    """An ELF core whose segments come in descending order; blocks of zeros become holes."""
    elf, pieces = Elf(), split(ranges_of(dump), 64 * BLOCK)[::-1]
    place = elf.header_size + len(pieces) * elf.entry_size
    with path.open("wb") as out:
        out.write(elf.header(len(pieces)))
        for start, length in pieces:
            out.write(elf.entry(1, place, start, length))
            place += length
        for start, length in pieces:
            for block in blocks(dump, start, length):
                if block == ZEROS:
                    out.seek(BLOCK, 1)
                else:
                    out.write(block)
        out.truncate()
    return path


def avml(dump: Dump, path: Path) -> Path:
    """AVML version 2: each range a header, Snappy frames, and its length once more."""
    with path.open("wb") as out:
        for start, length in ranges_of(dump):
            out.write(AVML_HEADER.pack(AVML_MAGIC, AVML_VERSION, start, start + length - 1))
            compressor = cramjam.snappy.Compressor()
            for block in blocks(dump, start, length):
                compressor.compress(block)
                out.write(bytes(compressor.flush()))
            out.write(bytes(compressor.finish()))
            out.write(struct.pack("<Q", length))
    return path


def vmem(dump: Dump, path: Path) -> Path:
    """VMware's: the flat ranges, and beside them a .vmss that says where they belong.

    Made by hand from what Volatility reads of a .vmss; no file of VMware's own was at hand.
    """
    tags, page = bytearray(), 0
    with path.open("wb") as out:
        for number, (start, length) in enumerate(ranges_of(dump)):
            for name, value in (
                ("regionPPN", start // PAGE),
                ("regionPageNum", page),
                ("regionSize", length // PAGE),
            ):
                tags += _tag(name, (number,), value)
            page += length // PAGE
            for block in blocks(dump, start, length):
                out.write(block)
    tags += _tag("regionsCount", (), len(ranges_of(dump))) + b"\0\0"
    group = struct.pack("<64sQQ", b"memory", 12 + 80, len(tags))
    path.with_suffix(".vmss").write_bytes(VMSS_MAGIC + struct.pack("<II", 0, 1) + group + tags)
    return path


def _tag(name: str, indices: tuple[int, ...], value: int) -> bytes:
    head = bytes([len(indices) << 6 | 4, len(name)]) + name.encode()
    return head + struct.pack(f"<{len(indices) + 1}I", *indices, value)


FORMS: dict[str, Callable[[Dump, Path], Path]] = {
    "raw.gz": gz,
    "raw.xz": xz,
    "raw.bz2": bz2,
    "zst": zst,
    "zip": zipped,
    "zlib.lime": lime_zlib,
    "lime": lime,
    "many.lime": lime_many,
    "gaps.lime": lime_gaps,
    "unsorted.lime": lime_unsorted,
    "unsorted.elf": elf_unsorted,
    "avml": avml,
    "vmem": vmem,
}
"""File name suffix → writer."""
