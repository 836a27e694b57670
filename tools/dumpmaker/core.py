# SPDX-License-Identifier: Apache-2.0
"""QEMU's ELF core of the guest, and flat memory made from it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

BLOCK = 1 << 20
PT_LOAD = 1


def elf_loads(core: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """(file offset, physical address, size) of each PT_LOAD segment; either word size and byte order."""
    core.seek(0)
    head = core.read(64)
    wide, order = head[4] == 2, "<" if head[5] == 1 else ">"
    (table,) = struct.unpack_from(order + ("Q" if wide else "I"), head, 32 if wide else 28)
    entry, count = struct.unpack_from(order + "HH", head, 54 if wide else 42)
    core.seek(table)
    for _ in range(count):
        header = core.read(entry)
        if wide:
            kind, _, offset, _, physical, size = struct.unpack_from(order + "IIQQQQ", header)
        else:
            kind, offset, _, physical, size = struct.unpack_from(order + "IIIII", header)
        if kind == PT_LOAD:
            yield offset, physical, size


def elf_to_raw(elf: Path, raw: Path, base: int, memory: int) -> list[list[int]]:
    """Lay the core's RAM out flat, starting at guest-physical address `base`; zero blocks become holes.

    Firmware and device memory between the end of low RAM and 4 GiB is left out.

    Returns:
        [guest-physical start, length in bytes] of each range of RAM.
    """
    with elf.open("rb") as core, raw.open("wb") as out:
        ram = [
            (offset, start, size)
            for offset, start, size in elf_loads(core)
            if base <= start and (start < base + memory or start >= 1 << 32)
        ]
        for offset, start, size in ram:
            core.seek(offset)
            out.seek(start - base)
            copy_sparse(core, out, size)
        out.truncate(max(start + size for _, start, size in ram) - base)
    return [[start, size] for _, start, size in ram]


def copy_sparse(source: BinaryIO, out: BinaryIO, size: int) -> None:
    """Copy `size` bytes, leaving holes for blocks of zeros."""
    while size:
        block = source.read(min(BLOCK, size))
        if not block:
            raise EOFError("the core ends early")
        size -= len(block)
        if block.count(0) == len(block):
            out.seek(len(block), 1)
        else:
            out.write(block)
