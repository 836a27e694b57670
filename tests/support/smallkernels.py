# SPDX-License-Identifier: Apache-2.0
"""Writes memory images of 2 MiB with a whole kernel in each: as many different ones as a test needs."""

from __future__ import annotations

from pathlib import Path

from support.btfwriter import every_kind
from support.kernelwriter import BANNER, BTF, DATA, LAYOUTS, RODATA, build
from volatility3_btf.blobs.blob import MIN_KERNEL

PHYSICAL = 0x20000
"""Where the kernel lies in the image."""

TEXT = 0xFFFFFFFF81000000
ROOM = DATA - BTF


def small_btf(number: int) -> bytes:
    """BTF as large as a kernel's must be; each number has its own layout of one struct."""
    writer = every_kind("little")
    word = writer.integer("unsigned long", 8)
    writer.struct("numbered", 8 * (number % 7 + 1), [("first", word, 0)])
    count = 0
    while len(writer.blob()) < ROOM - 200:
        writer.struct(f"filler_{count}", 16, [("one", word, 0), ("two", word, 64)])
        count += 1
    writer.string("p" * (ROOM - len(writer.blob()) - 1))
    assert len(writer.blob()) == ROOM >= MIN_KERNEL
    return writer.blob()


def write_small_kernel(path: Path, number: int = 0, shift: int = 0) -> Path:
    """Write an image.

    Args:
        path: the file.
        number: which kernel it is.
        shift: by how much KASLR has moved it; the same kernel moved is the same kernel.
    """
    names = [f"function_{number}_{index}" for index in range(300)]
    image = build(LAYOUTS["6.4"], text=TEXT + shift, physical=PHYSICAL, names=names, kernel_offset=shift)
    banner = BANNER.replace(b"6.6.6-test", b"6.6.%d-test" % number)
    image.data[RODATA : RODATA + len(banner)] = banner
    image.data[BTF:DATA] = small_btf(number)
    note = image.note.replace(b"6.6.6-test", b"6.6.%d-test" % number)
    data = bytes(PHYSICAL - 0x10000) + note.ljust(0x10000, b"\0") + bytes(image.data)
    path.write_bytes(data)
    return path
