# SPDX-License-Identifier: Apache-2.0
"""Kernels as boot loaders of small machines have them: U-Boot's uImage, and Android's boot images."""

from __future__ import annotations

import struct
from typing import Final

from ...memory.memory import Memory
from ..errors import SourceError
from .content import Content
from .slices import part_of

UIMAGE: Final = b"\x27\x05\x19\x56"
_UIMAGE_HEADER: Final = 64
_KERNELS: Final = (2, 14)
"""ih_type of a kernel, and of one that needs not be loaded where the header says (U-Boot's image.h)."""

ANDROID: Final = b"ANDROID!"
_OLD_HEADER: Final = 48
_PAGE: Final = 4096
"""Bytes of a page in boot images from version 3 on."""

_MOST_PAGE: Final = 1 << 20


def is_uimage(head: bytes) -> bool:
    """Whether a file's first bytes are those of U-Boot's legacy image."""
    return head.startswith(UIMAGE)


def take_uimage(data: Memory) -> Content:
    """The kernel in U-Boot's legacy image, behind a header of 64 bytes, big-endian. Raises SourceError."""
    head = data.read_available(0, _UIMAGE_HEADER)
    if len(head) < _UIMAGE_HEADER:
        raise SourceError("a uImage that ends inside its header")
    (size,) = struct.unpack_from(">I", head, 12)
    if head[30] not in _KERNELS:
        raise SourceError("a uImage of something else than a kernel")
    return Content(part_of(data, _UIMAGE_HEADER, size, "the kernel of a uImage"), ("uImage",))


def is_android(head: bytes) -> bool:
    """Whether a file's first bytes are those of an Android boot image."""
    return head.startswith(ANDROID)


def take_android(data: Memory) -> Content:
    """The kernel in an Android boot image of any version, behind the header's page, little-endian.

    Source: the Android documentation, "Boot image header". Raises SourceError.
    """
    head = data.read_available(0, _OLD_HEADER)
    if len(head) < _OLD_HEADER:
        raise SourceError("an Android boot image that ends inside its header")
    size, page, version = (struct.unpack_from("<I", head, at)[0] for at in (8, 36, 40))
    page = _PAGE if version in (3, 4) else page
    if not size or not _UIMAGE_HEADER <= page <= _MOST_PAGE:
        raise SourceError("an Android boot image without a kernel")
    return Content(part_of(data, page, size, "the kernel of an Android boot image"), ("Android boot",))
