# SPDX-License-Identifier: Apache-2.0
"""Compressions in blocks whose packages unpack one block: legacy lz4, and LZO as lzop(1) writes it."""

from __future__ import annotations

import struct
from collections.abc import Callable
from typing import Final

from ..errors import SourceError

LZ4_MAGIC: Final = b"\x02\x21\x4c\x18"
LZ4_BLOCK: Final = 8 << 20
"""Bytes of a whole block, unpacked (lz4(1), "legacy"; lib/decompress_unlz4.c)."""

_LZ4_MOST: Final = LZ4_BLOCK + LZ4_BLOCK // 255 + 16

LZO_MAGIC: Final = b"\x89LZO\0\r\n\x1a\n"
_LZO_MOST: Final = 4 << 20
"""Bytes of a block; lzop's own have 256 KiB. What unpacks one heeds no bound, and a byte can become 255."""

_PLAIN_SUMS: Final = (0x1, 0x100)
_PACKED_SUMS: Final = (0x2, 0x200)
"""Flags of checksums (adler32, crc32): of what is unpacked, and of what is packed."""


class _Blocks:
    """Buffers input until a block is whole, and output until it is asked for.

    Attributes:
        eof: whether the last block has been handed out.
    """

    def __init__(self) -> None:
        self._input, self._output = bytearray(), bytearray()
        self._ended = False

    @property
    def eof(self) -> bool:
        """Whether the stream has ended, and all of it been handed out."""
        return self._ended and not self._output

    @property
    def may_end(self) -> bool:
        """Whether the stream may end here with its input."""
        return False

    @property
    def needs_input(self) -> bool:
        """Whether nothing more comes without more input."""
        return not self._ended and not self._output

    @property
    def unused_data(self) -> bytes:
        """What lies behind the end."""
        return bytes(self._input) if self.eof else b""

    def decompress(self, data: bytes, max_length: int = -1) -> bytes:
        """Unpack; at most `max_length` bytes come back."""
        self._input += data
        while not self._ended and not self._output and self._step():
            pass
        end = len(self._output) if max_length < 0 else max_length
        piece = bytes(self._output[:end])
        del self._output[:end]
        return piece

    def _step(self) -> bool:
        """Unpack a block, or read a header; whether there was enough input for it."""
        raise NotImplementedError

    def _take(self, length: int) -> bytes:
        piece = bytes(self._input[:length])
        del self._input[:length]
        return piece


class Lz4Legacy(_Blocks):
    """Legacy lz4: a magic, then blocks, each behind its packed length (32 bits, little-endian).

    It has no end of its own: kernels put the unpacked length behind it, which is no length of a block, and
    zeros may follow.

    Args:
        unpack: `lz4.block.decompress`.
    """

    def __init__(self, unpack: Callable[..., bytes]) -> None:
        super().__init__()
        self._unpack = unpack
        self._last = LZ4_BLOCK

    @property
    def may_end(self) -> bool:
        """Whether the stream may end here with its input."""
        return not self._input and not self._output

    def _step(self) -> bool:
        if len(self._input) < 4:
            return False
        (length,) = struct.unpack_from("<I", self._input)
        if self._input.startswith(LZ4_MAGIC):
            self._take(4)
            return True
        if self._last < LZ4_BLOCK or not 0 < length <= _LZ4_MOST:
            self._ended = True
            return True
        if len(self._input) < 4 + length:
            return False
        self._take(4)
        self._output += self._unpack(self._take(length), uncompressed_size=LZ4_BLOCK)
        self._last = len(self._output)
        return True


class Lzop(_Blocks):
    """A file of lzop(1): a header, then blocks behind their two lengths and checksums, then a length of 0.

    All numbers are big-endian (lib/decompress_unlzo.c; lzop's own checksums are not checked: the kernel does
    not either).

    Args:
        unpack: `lzallright.LZOCompressor.decompress`.
    """

    def __init__(self, unpack: Callable[..., bytes]) -> None:
        super().__init__()
        self._unpack = unpack
        self._flags: int | None = None

    def _step(self) -> bool:
        return self._header() if self._flags is None else self._block(self._flags)

    def _header(self) -> bool:
        """Versions, method, level (from 0x0940 on), flags, mode, time, name, checksum."""
        at = len(LZO_MAGIC)
        if len(self._input) < at + 2:
            return False
        (version,) = struct.unpack_from(">H", self._input, at)
        at += 2 + 2 + 2 * (version >= 0x0940) + 1 + (version >= 0x0940)
        if len(self._input) < at + 4:
            return False
        (flags,) = struct.unpack_from(">I", self._input, at)
        at += 4 + 4 * bool(flags & 0x800) + 4 + 4 + 4 * (version >= 0x0940)
        if len(self._input) < at + 1:
            return False
        at += 1 + self._input[at] + 4
        if len(self._input) < at:
            return False
        self._take(at)
        self._flags = flags
        return True

    def _block(self, flags: int) -> bool:
        if len(self._input) < 4:
            return False
        (size,) = struct.unpack_from(">I", self._input)
        if not size:
            self._take(4)
            self._ended = True
            return True
        if len(self._input) < 8:
            return False
        (packed,) = struct.unpack_from(">I", self._input, 4)
        if not 0 < packed <= size <= _LZO_MOST:
            raise SourceError("an LZO block with impossible lengths")
        head = 8 + 4 * sum(bool(flags & flag) for flag in _PLAIN_SUMS)
        head += 4 * sum(bool(flags & flag) for flag in _PACKED_SUMS) * (packed < size)
        if len(self._input) < head + packed:
            return False
        self._take(head)
        data = self._take(packed)
        plain = data if packed == size else self._unpack(data, size)
        if len(plain) != size:
            raise SourceError("an LZO block of another length than its header says")
        self._output += plain
        return True
