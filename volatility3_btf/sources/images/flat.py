# SPDX-License-Identifier: Apache-2.0
"""Image: a kernel without any headers of its own but the boot loader's, as arm64, riscv64 and s390x have it.

The first 64 bytes of arm64's and riscv64's are described in Documentation/arch/arm64/booting.rst and
Documentation/arch/riscv/boot-image-header.rst. Neither says at which virtual address it is linked: that
follows from the pointers in it.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...memory.memory import Memory
from .content import Laid
from .notes import find_build_id
from .relocations import relocated
from .slices import MOST_KERNEL, part_of

MAGICS: Final = {b"ARM\x64": "arm64", b"RSC\x05": "riscv64"}
MAGIC_AT: Final = 0x38
_SIZE_AT: Final = 0x10

_BEHIND: Final = 4 << 20
"""Bytes that may be appended to an Image."""

_AREAS: Final = (0x80000000, 0x08000000, 0x10000000)
_BITS: Final = (48, 47, 42, 39, 36, 52)
USUAL: Final = {
    "arm64": tuple((1 << 64) - (1 << bits - 1) + area for bits in _BITS for area in _AREAS),
    "riscv64": (0xFFFFFFFF80000000,),
    "s390x": (0x100000,),
}
"""Where kernels are linked. arm64's is KIMAGE_VADDR (asm/memory.h): behind the modules' area, whose size has
changed twice, which starts where VA_BITS_MIN says."""

_FEWEST: Final = 1 << 10
"""Pointers into an image that one address must have; a kernel has a hundred thousand."""


def machine_of_image(head: bytes) -> str | None:
    """The processor of an Image by its magic; None for other files."""
    return MAGICS.get(head[MAGIC_AT : MAGIC_AT + 4])


def goes_on_behind(head: bytes, size: int) -> bool:
    """Whether a file begins like an Image and goes on far behind the end that its header tells.

    It is memory of a machine whose boot loader put the kernel at its start. The header's `image_size` counts
    what the kernel takes in memory, more than the Image has on disk.

    Args:
        head: the first 64 bytes.
        size: of the file, in bytes.
    """
    taken = int.from_bytes(head[_SIZE_AT : _SIZE_AT + 8], "little")
    return machine_of_image(head) is not None and 0 < taken < size - _BEHIND


def lay_out_flat(data: Memory, machine: str, layers: tuple[str, ...] = ()) -> Laid:
    """A flat image, its own relocations applied as the kernel does when it starts without KASLR.

    Args:
        data: the image.
        machine: the processor.
        layers: what was taken off to come to it.

    Raises:
        SourceError: it is too large for a kernel, or cannot be read.
    """
    endian = "big" if machine == "s390x" else "little"
    whole = part_of(data, 0, data.end, "the kernel", MOST_KERNEL).read(0, data.end)
    image, base = relocated(whole, machine, endian)
    if base is None:
        base = _usual_base(image, machine, endian)
    order = "<" if endian == "little" else ">"
    return Laid(((0, image),), base, (*layers, "Image"), machine, endian, find_build_id(image, order))


def _usual_base(image: bytes, machine: str, endian: str) -> int | None:
    """Of the usual link-time addresses the one that most pointers in the image agree with."""
    words = np.frombuffer(image, "<u8" if endian == "little" else ">u8", len(image) // 8)
    counted = [
        (int(np.count_nonzero((words >= np.uint64(base)) & (words < np.uint64(base + len(image))))), base)
        for base in USUAL.get(machine, ())
    ]
    count, base = max(counted, default=(0, 0))
    return base if count >= _FEWEST else None
