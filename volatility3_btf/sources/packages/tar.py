# SPDX-License-Identifier: Apache-2.0
"""tar archives, read from front to back: Debian's packages hold one, Arch's are one."""

from __future__ import annotations

import io
import tarfile
from collections.abc import Iterator
from functools import partial
from itertools import count
from typing import Final

from ...btf.spelling import printable
from ..errors import SourceError
from ..packed.codecs import LONGEST_START, codec_of
from ..packed.reading import read_exactly
from ..packed.stream import PIECE, Read, UnpackedStream
from .members import MOST_MEMBERS, Member, plain_name

MAGIC: Final = b"ustar"
MAGIC_AT: Final = 257
HEADER: Final = 512

_DAMAGE: Final = (tarfile.TarError, ValueError, EOFError, OverflowError, KeyError, IndexError, RecursionError)
"""What tarfile raises on damaged headers."""


class _Rest(io.RawIOBase):
    """What `read` gives, as a file; some bytes that were read ahead come first."""

    def __init__(self, head: bytes, read: Read) -> None:
        self._head, self._next = head, read

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        size = PIECE if size < 0 else size
        head, self._head = self._head[:size], self._head[size:]
        return head or self._next(size)


def is_tar(head: bytes) -> bool:
    """Whether data starts with the first `HEADER` bytes of a tar archive."""
    return head[MAGIC_AT : MAGIC_AT + len(MAGIC)] == MAGIC


def unpacked_reader(read: Read, head: bytes = b"") -> tuple[tuple[str, ...], Read]:
    """The content of data that may be compressed, and how it was.

    Args:
        read: the data behind `head`.
        head: its first bytes, if they have been read.

    Raises:
        SourceError: what unpacks it is not installed.
    """
    head = head or read(HEADER)
    rest = _Rest(head, read)
    codec = codec_of(head[:LONGEST_START])
    if codec is None:
        return (), rest.read
    return (codec.name,), UnpackedStream(rest.read, codec).read


def tar_members(read: Read, head: bytes = b"") -> Iterator[Member]:
    """The regular files in a tar archive.

    Args:
        read: the archive, behind
        head: its first bytes.

    Raises:
        SourceError: it is damaged, or cut short.
    """
    try:
        with tarfile.open(fileobj=_Rest(head, read), mode="r|", bufsize=PIECE) as archive:
            for number in count():
                entry = archive.next()
                if entry is None:
                    return
                if number == MOST_MEMBERS:
                    raise SourceError(f"the tar archive has more than {MOST_MEMBERS} members")
                if entry.isreg():
                    yield Member(plain_name(entry.name), entry.size, partial(_read, archive, entry))
                archive.members.clear()  # type: ignore[attr-defined]  # kept for random access
    except SourceError:
        raise
    except _DAMAGE as error:
        raise SourceError(f"the tar archive is damaged: {error}") from error


def _read(archive: tarfile.TarFile, entry: tarfile.TarInfo) -> bytes:
    """All of one file. Raises SourceError."""
    try:
        file = archive.extractfile(entry)
        if file is None:
            raise SourceError("the tar archive is damaged: no regular file")
        return read_exactly(file.read, entry.size, f"{printable(entry.name)} in the package")
    except SourceError:
        raise
    except _DAMAGE as error:
        raise SourceError(f"the tar archive is damaged: {error}") from error
