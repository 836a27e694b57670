# SPDX-License-Identifier: Apache-2.0
"""bzImage: the x86 kernel behind its setup code (Documentation/arch/x86/boot.rst)."""

from __future__ import annotations

import struct
from typing import Final

from ...memory.memory import Memory
from ..errors import SourceError
from .content import Content
from .slices import part_of

MAGIC: Final = b"HdrS"
MAGIC_AT: Final = 0x202
_SECTS_AT, _VERSION_AT, _PAYLOAD_AT = 0x1F1, 0x206, 0x248
_SECTOR: Final = 512
_WITH_PAYLOAD: Final = 0x0208
"""The first version of the boot protocol that tells where the payload is (2.6.26)."""


def is_bzimage(head: bytes) -> bool:
    """Whether a file's first bytes are those of a bzImage."""
    return head[MAGIC_AT : MAGIC_AT + 4] == MAGIC and head[0x1FE:0x200] == b"\x55\xaa"


def take_payload(data: Memory) -> Content:
    """The compressed kernel in a bzImage. Raises SourceError."""
    head = data.read_available(0, _PAYLOAD_AT + 8)
    if len(head) < _PAYLOAD_AT + 8:
        raise SourceError("a bzImage that ends inside its header")
    (version,) = struct.unpack_from("<H", head, _VERSION_AT)
    if version < _WITH_PAYLOAD:
        raise SourceError(f"a bzImage of boot protocol {version >> 8}.{version & 255:02}: older than 2.08")
    offset, length = struct.unpack_from("<II", head, _PAYLOAD_AT)
    start = ((head[_SECTS_AT] or 4) + 1) * _SECTOR + offset
    if not length:
        raise SourceError("a bzImage without a payload")
    return Content(part_of(data, start, length, "the payload of a bzImage"), ("bzImage",))
