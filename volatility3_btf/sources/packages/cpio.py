# SPDX-License-Identifier: Apache-2.0
"""cpio archives, read from front to back: the kernel's own format "newc", and rpm's without names.

Source: Documentation/driver-api/early-userspace/buffer-format.rst; rpm's documentation, "Payload format".
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import count
from stat import S_ISDIR, S_ISREG
from typing import Final, NamedTuple

from ..errors import SourceError
from ..packed.reading import read_exactly, skip
from ..packed.stream import Read
from .members import MOST_MEMBERS

_NEW: Final = (b"070701", b"070702")
_STRIPPED: Final = b"07070X"
_FIELDS: Final = 13
_LONGEST_NAME: Final = 1 << 16
_END: Final = "TRAILER!!!"


class ListedFile(NamedTuple):
    """A file as a package's header has it: path, bytes, and `st_mode`."""

    name: str
    size: int
    mode: int


class _Counted:
    """Reads, and counts what is left of the file at hand."""

    def __init__(self, read: Read) -> None:
        self._read = read
        self.left = 0

    def read(self, size: int) -> bytes:
        """The next bytes of the file at hand."""
        piece = self._read(min(size, self.left))
        self.left -= len(piece)
        return piece


class CpioEntry(NamedTuple):
    """One entry of an archive.

    Attributes:
        name: its path.
        size: bytes of its content.
        is_regular: whether it is a regular file.
        read: hands out the content from front to back; only until the next entry is asked for.
    """

    name: str
    size: int
    is_regular: bool
    read: Read


def cpio_entries(read: Read, files: Sequence[ListedFile] = ()) -> Iterator[CpioEntry]:
    """The entries of an archive.

    Args:
        read: the archive.
        files: what the package lists, for an archive that names files by number.

    Raises:
        SourceError: it is damaged, or cut short.
    """
    counted = _Counted(read)
    for number in count():
        if number == MOST_MEMBERS:
            raise SourceError(f"the cpio archive has more than {MOST_MEMBERS} members")
        magic = read_exactly(read, 6, "the cpio archive")
        if magic == _STRIPPED:
            (place,) = _numbers(read, 1)
            if place >= len(files):
                raise SourceError("the cpio archive has a file that the package does not list")
            (name, size, mode), head = files[place], 14
            size = 0 if S_ISDIR(mode) else size
        elif magic in _NEW:
            fields = _numbers(read, _FIELDS)
            mode, size, length = fields[1], fields[6], fields[11]
            if not 0 < length <= _LONGEST_NAME:
                raise SourceError("the cpio archive is damaged")
            name = read_exactly(read, length, "the cpio archive")[:-1].decode(errors="replace")
            head = 110 + length
            if name == _END:
                return
        else:
            raise SourceError("the cpio archive is damaged")
        skip(read, -head % 4, "the cpio archive")
        counted.left = size
        yield CpioEntry(name, size, S_ISREG(mode), counted.read)
        skip(read, counted.left + -size % 4, "the cpio archive")


def _numbers(read: Read, amount: int) -> list[int]:
    """Hexadecimal numbers of eight digits each."""
    text = read_exactly(read, 8 * amount, "the cpio archive")
    try:
        return [int(text[at : at + 8], 16) for at in range(0, 8 * amount, 8)]
    except ValueError as error:
        raise SourceError("the cpio archive is damaged") from error
