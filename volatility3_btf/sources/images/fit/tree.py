# SPDX-License-Identifier: Apache-2.0
"""The properties of a flattened device tree (Devicetree Specification 0.4, chapter 5). All is big-endian."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from ....memory.memory import Memory
from ...errors import SourceError

MAGIC: Final = b"\xd0\x0d\xfe\xed"

MOST_TOKENS: Final = 1 << 16
"""Tokens of a tree that are gone over; one of a large board has ten thousand."""

MOST_DEPTH: Final = 32
MOST_STRINGS: Final = 1 << 20
"""Bytes of names of properties; there are some thousand."""

_VERSION: Final = 17
"""The version that dtc has made since 2007; later ones say with what they are compatible."""

_HEADER: Final = struct.Struct(">4s9I")
_BEGIN, _END, _PROPERTY, _NOP, _LAST = 1, 2, 3, 4, 9
_LONGEST_NAME: Final = 256


class Property(NamedTuple):
    """A property, with where its value lies.

    Attributes:
        path: the names of its node and those around it, from below the root on.
        name: its own.
        start: of the value, in bytes from the start of the file.
        length: of the value, in bytes.
    """

    path: tuple[str, ...]
    name: str
    start: int
    length: int


class Extent(NamedTuple):
    """The parts of a flattened tree, in bytes from its start.

    Attributes:
        total: of the whole tree.
        first: where its structure starts.
        stop: where that ends.
        strings: the names of properties.
    """

    total: int
    first: int
    stop: int
    strings: bytes


def extent_of(data: Memory) -> Extent:
    """Where the parts of a flattened tree lie. Raises SourceError: they are not all in the file."""
    head = data.read_available(0, _HEADER.size)
    if len(head) < _HEADER.size:
        raise SourceError("a device tree that ends inside its header")
    _, total, first, names, _, version, compatible, _, names_length, length = _HEADER.unpack(head)
    if version < _VERSION or compatible > _VERSION:
        raise SourceError(f"a device tree of version {version}")
    if total > data.end or first + length > total or names + names_length > total:
        raise SourceError("a device tree that reaches past the end of the file")
    if names_length > MOST_STRINGS:
        raise SourceError("a device tree with too many names")
    return Extent(total, first, first + length, data.read_available(names, names_length))


def properties_of(data: Memory, extent: Extent) -> Iterator[Property]:
    """Every property of a flattened tree, in its order. Raises SourceError: it is damaged, or too large."""
    path: list[str] = []
    at = extent.first
    for _ in range(MOST_TOKENS):
        (token,) = _words(data, at, extent.stop, 1)
        at += 4
        if token == _BEGIN:
            name, at = _node_name(data, at, extent.stop)
            path.append(name)
            if len(path) > MOST_DEPTH:
                raise SourceError(f"a device tree of more than {MOST_DEPTH} levels")
        elif token == _PROPERTY:
            length, place = _words(data, at, extent.stop, 2)
            at += 8
            if at + length > extent.stop:
                raise SourceError("a device tree with a property that reaches past its end")
            yield Property(tuple(path[1:]), _property_name(extent.strings, place), at, length)
            at += length + 3 & -4
        elif token == _END and path:
            path.pop()
        elif token == _LAST and not path:
            return
        elif token != _NOP:
            raise SourceError("a damaged device tree")
    raise SourceError(f"a device tree of more than {MOST_TOKENS} parts")


def _words(data: Memory, at: int, stop: int, count: int) -> tuple[int, ...]:
    piece = data.read_available(at, 4 * count) if at + 4 * count <= stop else b""
    if len(piece) < 4 * count:
        raise SourceError("a device tree that ends too early")
    return struct.unpack(f">{count}I", piece)


def _node_name(data: Memory, at: int, stop: int) -> tuple[str, int]:
    """A node's name, and where the next token lies."""
    piece = data.read_available(at, min(_LONGEST_NAME, stop - at)) if at < stop else b""
    length = piece.find(b"\0")
    if length < 0:
        raise SourceError("a device tree with a damaged name")
    return piece[:length].decode("latin-1"), at + (length + 4 & -4)


def _property_name(strings: bytes, place: int) -> str:
    end = strings.find(b"\0", place, place + _LONGEST_NAME)
    if end < 0:
        raise SourceError("a device tree with a damaged name")
    return strings[place:end].decode("latin-1")
