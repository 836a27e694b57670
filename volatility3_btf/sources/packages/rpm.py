# SPDX-License-Identifier: Apache-2.0
"""RPM packages: a lead, two headers of tagged values, a compressed cpio archive.

All numbers are big-endian. Source: the rpm project's documentation, "RPM V4 Package format" and "RPM Tags".
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import partial
from stat import S_ISREG
from typing import Final, NamedTuple

from ...memory.memory import Memory
from ..errors import SourceError
from ..packed.reading import read_exactly, reader
from ..packed.stream import Read
from .cpio import CpioEntry, ListedFile, cpio_entries
from .members import MOST_LISTED, Member, Package, plain_name
from .tar import unpacked_reader

MAGIC: Final = b"\xed\xab\xee\xdb"
_LEAD: Final = 96
_HEADER_MAGIC: Final = b"\x8e\xad\xe8\x01"
_PREAMBLE: Final = 16
_ENTRY: Final = 16
_MOST_ENTRIES: Final = 1 << 16
_MOST_STORE: Final = 256 << 20
"""Bytes; rpm itself allows as many (`HEADER_DATA_MAX`)."""

_LONGEST_PATH: Final = 1 << 13
"""Characters; Linux allows 4096 bytes. A folder's name stands for many files."""

_BASENAMES, _DIRNAMES, _DIRINDEXES, _FORMAT = 1117, 1118, 1116, 1124
_SIZES, _LONG_SIZES, _MODES, _FLAGS = 1028, 5008, 1030, 1037
_GHOST: Final = 1 << 6
"""The flag of a file that is listed and not in the package (RPMFILE_GHOST)."""

_TEXTS: Final = (6, 8)
_WIDTHS: Final = {3: "H", 4: "I", 5: "Q"}
"""Types of values: a text, texts; numbers of 16, 32 and 64 bits."""


class _Value(NamedTuple):
    """A tagged value: its type, place in the store, and number of items."""

    kind: int
    offset: int
    items: int


class _Header(NamedTuple):
    """A header: values by tag, their store, and the address in the file behind it."""

    values: dict[int, _Value]
    store: bytes
    end: int

    def numbers(self, tag: int) -> tuple[int, ...]:
        """Numbers of 16, 32 or 64 bits; none without the tag. Raises SourceError."""
        value = self.values.get(tag)
        if value is None:
            return ()
        letter = _WIDTHS.get(value.kind)
        length = struct.calcsize(f">{letter}") * value.items if letter else 0
        if letter is None or value.items > MOST_LISTED or value.offset + length > len(self.store):
            raise SourceError("an RPM package with a damaged header")
        return struct.unpack_from(f">{value.items}{letter}", self.store, value.offset)

    def texts(self, tag: int) -> list[str]:
        """Texts; none without the tag. Raises SourceError."""
        value = self.values.get(tag)
        if value is None:
            return []
        if value.kind not in _TEXTS or value.items > MOST_LISTED:
            raise SourceError("an RPM package with a damaged header")
        found = self.store[value.offset :].split(b"\0", value.items)
        if len(found) <= value.items:
            raise SourceError("an RPM package with a damaged header")
        return [text.decode(errors="replace") for text in found[: value.items]]


def open_rpm(data: Memory) -> Package:
    """An RPM package. Raises SourceError."""
    signature = _header(data, _LEAD)
    header = _header(data, signature.end + -signature.end % 8)
    if header.texts(_FORMAT) not in ([], ["cpio"]):
        raise SourceError(
            f"an RPM package whose payload is no cpio archive: {header.texts(_FORMAT)[0][:20]!r}"
        )
    files = _files(header)
    read = reader(data, header.end)
    packed, inner = unpacked_reader(read)
    flags = header.numbers(_FLAGS) or (0,) * len(files)
    held = zip(files, flags, strict=False)
    names = frozenset(file.name for file, flag in held if S_ISREG(file.mode) and not flag & _GHOST)
    return Package(("rpm", *packed), names if files else None, _members(inner, files))


def _header(data: Memory, at: int) -> _Header:
    """The header at an address: a magic, counts, an index of values, and their store."""
    preamble = data.read_available(at, _PREAMBLE)
    if len(preamble) < _PREAMBLE or not preamble.startswith(_HEADER_MAGIC):
        raise SourceError("an RPM package with a damaged header")
    count, size = struct.unpack_from(">II", preamble, 8)
    if count > _MOST_ENTRIES or size > _MOST_STORE:
        raise SourceError("an RPM package with a damaged header")
    body = data.read_available(at + _PREAMBLE, _ENTRY * count + size)
    if len(body) < _ENTRY * count + size:
        raise SourceError("the RPM package ends too early")
    index = struct.iter_unpack(">IIII", body[: _ENTRY * count])
    values = {tag: _Value(kind, offset, items) for tag, kind, offset, items in index}
    return _Header(values, body[_ENTRY * count :], at + _PREAMBLE + len(body))


def _files(header: _Header) -> list[ListedFile]:
    """Each file that the header lists. Raises SourceError."""
    folders, names = header.texts(_DIRNAMES), header.texts(_BASENAMES)
    places = header.numbers(_DIRINDEXES)
    sizes = header.numbers(_LONG_SIZES) or header.numbers(_SIZES)
    modes = header.numbers(_MODES)
    longest = max(map(len, folders), default=0) + max(map(len, names), default=0)
    is_whole = len(names) == len(places) == len(sizes) == len(modes)
    if not is_whole or max(places, default=-1) >= len(folders) or longest > _LONGEST_PATH:
        raise SourceError("an RPM package with a damaged list of files")
    paths = (plain_name(folders[place] + name) for place, name in zip(places, names, strict=True))
    return [ListedFile(*file) for file in zip(paths, sizes, modes, strict=True)]


def _members(read: Read, files: list[ListedFile]) -> Iterator[Member]:
    for entry in cpio_entries(read, files):
        if entry.is_regular:
            yield Member(plain_name(entry.name), entry.size, partial(_content, entry))


def _content(entry: CpioEntry) -> bytes:
    return read_exactly(entry.read, entry.size, "a file in the package")
