# SPDX-License-Identifier: Apache-2.0
"""Images of any size for the races, made of a real dump and kept beside the dumps."""

from __future__ import annotations

import os
import shutil
import struct
from collections.abc import Callable
from pathlib import Path

from dumpmaker import cache
from dumpmaker.cache import Dump

BLOCK = 16 << 20
UNITS = {"M": 1 << 20, "G": 1 << 30}
SPARE = 4 << 30
"""Bytes of the disk that are left free."""

LARGE = 4 << 30
"""Bytes of an image above which it is made anew the next time."""

SIGNATURES = (b"\x9f\xeb\x01", b"\xeb\x9f\x01")

Header = Callable[[int], bytes]


def no_header(size: int) -> bytes:
    """A raw file."""
    return b""


def lime_header(size: int) -> bytes:
    """A LiME file of one range."""
    return struct.pack("<IIQQ8x", 0x4C694D45, 1, 0, size - 1)


def elf_header(size: int) -> bytes:
    """An ELF core with one PT_LOAD, its memory at the next page of the file."""
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    header = ident + struct.pack("<HHIQQQI6H", 4, 62, 1, 0, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    return (header + struct.pack("<II6Q", 1, 6, 4096, 0, 0, size, size, 4096)).ljust(4096, b"\0")


FORMS: dict[str, Header] = {"raw": no_header, "lime": lime_header, "elf": elf_header}


def folder() -> Path:
    """Where the images are kept."""
    path = cache.root() / "bench"
    path.mkdir(parents=True, exist_ok=True)
    return path


def size_of(text: str) -> int:
    """512M or 2G in bytes."""
    return int(text[:-1]) * UNITS[text[-1].upper()]


def has_room(dump: Dump, size: int, form: str = "raw") -> bool:
    """Whether there is an image of this size, or room for it."""
    return _path(dump, size, form).exists() or shutil.disk_usage(folder()).free > size + SPARE


def _path(dump: Dump, size: int, form: str) -> Path:
    return folder() / f"{dump.name}-{size >> 20}.{form}"


def dense(dump: Dump, size: int, form: str = "raw") -> Path:
    """An image of `size` bytes without a hole: the dump, then its content again and again with no BTF in it.

    So it has one kernel's BTF and its modules', as a guest of that size would.
    """
    path = _path(dump, size, form)
    header = FORMS[form](size)
    if path.exists() and path.stat().st_size == len(header) + size:
        return path
    aside = path.with_suffix(".part")
    with aside.open("wb") as out:
        out.write(header)
        left, first = size, True
        while left:
            with dump.raw.open("rb") as source:
                while left and (block := source.read(min(BLOCK, left))):
                    out.write(block if first else without_btf(block))
                    left -= len(block)
            first = False
    aside.rename(path)
    return path


def drop_large() -> None:
    """Delete the images that are too large to be kept for another day."""
    for path in folder().iterdir():
        if path.is_file() and path.stat().st_size > LARGE:
            path.unlink()


def without_btf(block: bytes) -> bytes:
    """The block with the signatures in it broken."""
    for signature in SIGNATURES:
        block = block.replace(signature, b"\x9f\x9f\x9f")
    return block


def sparse(dump: Dump, size: int) -> Path:
    """A raw image of `size` bytes that is the dump, and then 1 MiB of its content in each GiB of holes."""
    path = folder() / f"{dump.name}-{size >> 20}-sparse.raw"
    with dump.raw.open("rb") as source, path.open("wb") as out:
        while block := source.read(BLOCK):
            if block.count(0) == len(block):
                out.seek(len(block), os.SEEK_CUR)
            else:
                out.write(block)
        source.seek(0)
        filler = without_btf(source.read(1 << 20))
        for start in range(1 << 30, size, 1 << 30):
            out.seek(start)
            out.write(filler)
        out.truncate(size)
    return path


def into_page_cache(path: Path) -> None:
    """Read a file once."""
    with path.open("rb", buffering=0) as file:
        buffer = bytearray(BLOCK)
        while file.readinto(buffer):
            pass
