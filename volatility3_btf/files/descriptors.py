# SPDX-License-Identifier: Apache-2.0
"""Image files as the system has them: opened without waiting, read at any place, on every system."""

from __future__ import annotations

import os
import stat
from typing import Final

from ..system import READ_FLAGS, read_at
from .formats import FormatError

MOST_AT_ONCE: Final = 16 << 20
"""Bytes that are asked for in one call; systems give 2 GiB at most."""

_NO_FILES: Final = {
    stat.S_IFIFO: "a pipe",
    stat.S_IFSOCK: "a socket",
    stat.S_IFDIR: "a folder",
    stat.S_IFCHR: "a device",
}


def open_file(path: str | os.PathLike[str]) -> int:
    """Open a regular file or block device for reading, without waiting for anything.

    Raises:
        FormatError: it is something else.
        OSError: it cannot be opened.
    """
    if reason := no_file(os.stat(path).st_mode):
        raise FormatError(reason)
    descriptor = os.open(path, READ_FLAGS)
    try:
        if reason := no_file(os.fstat(descriptor).st_mode):  # it may be another one by now
            raise FormatError(reason)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def no_file(mode: int) -> str:
    """What something is that is no file to be read at any place, for a message; "" if it is one.

    Args:
        mode: its `st_mode`.
    """
    if stat.S_ISREG(mode) or stat.S_ISBLK(mode):
        return ""
    return f"not an image file but {_NO_FILES.get(stat.S_IFMT(mode), 'something else')}"


def read_some(descriptor: int, offset: int, length: int) -> bytes:
    """Read from a file at a place, as much as one call gives: 0 bytes at its end only.

    Where the system cannot do that at once (Windows), the descriptor's offset moves. Raises OSError.
    """
    return read_at(descriptor, offset, min(length, MOST_AT_ONCE))


def read_from(descriptor: int, offset: int, length: int) -> bytes:
    """Read from a file at a place, less than `length` bytes at its end only. Raises OSError."""
    pieces = []
    while length:
        piece = read_some(descriptor, offset, length)
        if not piece:
            break
        pieces.append(piece)
        offset, length = offset + len(piece), length - len(piece)
    return pieces[0] if len(pieces) == 1 else b"".join(pieces)
