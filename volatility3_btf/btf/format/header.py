# SPDX-License-Identifier: Apache-2.0
"""The BTF header: where the sections of a blob lie."""

import struct
from dataclasses import dataclass
from itertools import pairwise
from typing import Final, Literal

from .errors import BtfError

Endian = Literal["little", "big"]

MAGIC: Final[dict[bytes, Endian]] = {b"\x9f\xeb": "little", b"\xeb\x9f": "big"}
SHORTEST: Final = 24
"""Length in bytes of the header of all kernels up to 7.0."""
WITH_LAYOUT: Final = 32
"""Length from which the header places a layout section too (from 7.1, where it is enabled)."""


@dataclass(frozen=True, slots=True)
class Header:
    """`struct btf_header`; section offsets count bytes from the end of the header.

    `layout_off` and `layout_len` are zero where the header is shorter than 32 bytes.
    """

    endian: Endian
    version: int
    flags: int
    hdr_len: int
    type_off: int
    type_len: int
    str_off: int
    str_len: int
    layout_off: int = 0
    layout_len: int = 0

    @classmethod
    def parse(cls, data: bytes | memoryview, offset: int = 0) -> "Header":
        """Read the header at `offset`; the sections themselves need not be in `data`.

        Raises:
            BtfError: too few bytes, another magic or version, unknown flags, or hdr_len below 24.
        """
        raw = bytes(data[offset : offset + WITH_LAYOUT]) if offset >= 0 else b""
        if len(raw) < SHORTEST:
            raise BtfError(f"header at {offset:#x}: {len(raw)} bytes where {SHORTEST} are needed")
        endian = MAGIC.get(raw[:2])
        if endian is None:
            raise BtfError(f"header at {offset:#x}: magic is {raw[:2].hex()}")
        order = "<" if endian == "little" else ">"
        version, flags, hdr_len, *sections = struct.unpack_from(order + "BB5I", raw, 2)
        if version != 1:
            raise BtfError(f"header at {offset:#x}: version {version} is not known")
        if flags:
            raise BtfError(f"header at {offset:#x}: flags {flags:#x} are not known")
        if hdr_len < SHORTEST:
            raise BtfError(f"header at {offset:#x}: hdr_len {hdr_len} is below {SHORTEST}")
        if hdr_len >= WITH_LAYOUT and len(raw) == WITH_LAYOUT:
            sections += struct.unpack_from(order + "2I", raw, SHORTEST)
        return cls(endian, version, flags, hdr_len, *sections)

    def pack(self) -> bytes:
        """The header's bytes: those that `parse` reads, and zeros up to hdr_len where that is more."""
        order = "<" if self.endian == "little" else ">"
        magic = next(raw for raw, endian in MAGIC.items() if endian == self.endian)
        words = (self.hdr_len, self.type_off, self.type_len, self.str_off, self.str_len)
        layout = (self.layout_off, self.layout_len) if self.hdr_len >= WITH_LAYOUT else ()
        packed = struct.pack(f"{order}BB{5 + len(layout)}I", self.version, self.flags, *words, *layout)
        return (magic + packed).ljust(self.hdr_len, b"\0")

    @property
    def size(self) -> int:
        """Bytes of the whole blob, header included."""
        return self.hdr_len + max(end for _, end in self._spans())

    @property
    def type_start(self) -> int:
        """Byte offset of the type section in the blob."""
        return self.hdr_len + self.type_off

    @property
    def str_start(self) -> int:
        """Byte offset of the string section in the blob."""
        return self.hdr_len + self.str_off

    def check(self, available: int) -> None:
        """Check that the sections fit in `available` bytes and do not overlap.

        The kernel (btf_check_sec_info) refuses gaps too; here they are let pass, since a later
        header may place a section there that this reader does not know.

        Raises:
            BtfError: a section overlaps another, is out of bounds, or types are not aligned to 4.
        """
        if self.type_off % 4:
            raise BtfError(f"header: type_off {self.type_off:#x} is not a multiple of 4")
        if self.size > available:
            raise BtfError(f"header: the blob needs {self.size} bytes, {available} are there")
        spans = sorted(span for span in self._spans() if span[0] != span[1])
        for (_, end), (start, _) in pairwise(spans):
            if start < end:
                raise BtfError(f"header: sections overlap at {self.hdr_len + start:#x}")

    def _spans(self) -> tuple[tuple[int, int], ...]:
        return (
            (self.type_off, self.type_off + self.type_len),
            (self.str_off, self.str_off + self.str_len),
            (self.layout_off, self.layout_off + self.layout_len),
        )
