# SPDX-License-Identifier: Apache-2.0
"""EFI zboot: a compressed kernel behind a small EFI program (drivers/firmware/efi/libstub/zboot-header.S)."""

from __future__ import annotations

import struct
from typing import Final

from ...memory.memory import Memory
from ..errors import SourceError
from .content import Content
from .slices import part_of

MAGIC: Final = b"MZ\0\0zimg"


def is_zboot(head: bytes) -> bool:
    """Whether a file's first bytes are those of EFI zboot."""
    return head.startswith(MAGIC)


def take_payload(data: Memory) -> Content:
    """The compressed kernel in an EFI zboot image. Raises SourceError."""
    head = data.read_available(0, 16)
    if len(head) < 16:
        raise SourceError("an EFI zboot image that ends inside its header")
    offset, length = struct.unpack_from("<II", head, 8)
    if not length:
        raise SourceError("an EFI zboot image without a payload")
    return Content(part_of(data, offset, length, "the payload of an EFI zboot image"), ("EFI zboot",))
