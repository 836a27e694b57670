# SPDX-License-Identifier: Apache-2.0
"""Debian packages: an ar archive of two tar archives (deb(5), ar(5))."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final, NamedTuple

from ...memory.memory import Memory
from ..errors import SourceError
from ..packed.reading import reader
from .members import MOST_LISTED, Package, plain_name
from .tar import tar_members, unpacked_reader

MAGIC: Final = b"!<arch>\n"
_HEADER: Final = 60
_END: Final = b"`\n"
_MOST_PARTS: Final = 16
"""Members of the outer archive; three, and a signature."""

_SUMS: Final = "md5sums"
"""The file that lists the package's files (deb-md5sums(5))."""

_MOST_SUMS: Final = 64 << 20
_LINE: Final = re.compile(rb"[0-9a-f]{32}  (.+)")


class _Part(NamedTuple):
    """A member of the outer archive: its name, and where its content lies in the file, in bytes."""

    name: str
    start: int
    length: int


def is_deb(head: bytes) -> bool:
    """Whether a file is a Debian package, and no other ar archive."""
    return head.startswith(MAGIC) and head[len(MAGIC) :].startswith(b"debian-binary")


def open_deb(data: Memory) -> Package:
    """A Debian package. Raises SourceError."""
    parts = {part.name.partition(".")[0]: part for part in _parts(data)}
    if "data" not in parts:
        raise SourceError("a Debian package without data.tar")
    names = _names(data, parts["control"]) if "control" in parts else None
    content = parts["data"]
    read = reader(data, content.start, content.length)
    packed, inner = unpacked_reader(read)
    return Package(("deb", *packed), names, tar_members(inner))


def _parts(data: Memory) -> Iterator[_Part]:
    """The members of the outer archive, each behind a header of 60 bytes and filled up to an even length."""
    at = len(MAGIC)
    for _ in range(_MOST_PARTS):
        header = data.read_available(at, _HEADER) if at < data.end else b""
        if not header:
            return
        length = header[48:58].strip()
        if len(header) < _HEADER or header[58:] != _END or not length.isdigit():
            raise SourceError("a Debian package with a damaged ar header")
        part = _Part(header[:16].decode("latin-1").strip(" /"), at + _HEADER, int(length))
        if part.start + part.length > data.end:
            raise SourceError("the Debian package ends too early")
        yield part
        at = part.start + part.length + part.length % 2


def _names(data: Memory, part: _Part) -> frozenset[str] | None:
    """The files that the package's sums list; None without a list. Raises SourceError."""
    read = reader(data, part.start, part.length)
    _, inner = unpacked_reader(read)
    for member in tar_members(inner):
        if member.name == _SUMS and member.size <= _MOST_SUMS:
            lines = member.read().split(b"\n", MOST_LISTED)[:MOST_LISTED]
            found = (_LINE.fullmatch(line) for line in lines)
            return frozenset(plain_name(match[1].decode(errors="replace")) for match in found if match)
    return None
