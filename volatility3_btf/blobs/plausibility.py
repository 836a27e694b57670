# SPDX-License-Identifier: Apache-2.0
"""Whether types and names lie where a header says: a cheap look before anything is decoded."""

import struct

from ..btf import BtfError, Header, Kind
from ..btf.format.kinds import COMMON_WORDS, ELEMENT_WORDS, EXTRA_WORDS
from ..btf.format.records import KIND_MASK, KIND_SHIFT, VLEN_MASK, decode_columns
from ..memory.memory import Memory
from .blob import MIN_KERNEL

_FEW, _FEW_BYTES = 1000, 64 << 10
"""Types, and bytes of them; the smallest known kernel BTF has 80,000 types."""


def has_body(memory: Memory, offset: int, header: Header) -> bool:
    """Whether types or names lie where the header says; tells blobs from bare copies of a header."""
    return _has_types(memory, offset, header) or _has_names(memory, offset, header)


def is_like_a_kernel(memory: Memory, offset: int, header: Header) -> bool:
    """Whether a header leads to types and names, as many as a kernel has."""
    is_large = header.size >= MIN_KERNEL
    return is_large and _has_types(memory, offset, header) and _has_names(memory, offset, header)


def has_few_types(memory: Memory, offset: int, header: Header) -> bool:
    """Whether a header leads to whole records, fewer than any known kernel has; nothing else is read."""
    if header.type_len > _FEW_BYTES:
        return False
    length = header.type_start + header.type_len
    data = memory.read_available(offset, length)
    try:
        return len(data) == length and len(decode_columns(data, header)) < _FEW
    except BtfError:
        return False


def _has_types(memory: Memory, offset: int, header: Header) -> bool:
    start = offset + header.hdr_len + header.type_off
    return _looks_like_types(memory.read_available(start, min(header.type_len, 4096)), header)


def _has_names(memory: Memory, offset: int, header: Header) -> bool:
    """Whether the string section starts with names and, as far as it is in the image, ends so."""
    start = offset + header.hdr_len + header.str_off
    names = memory.read_available(start, min(header.str_len, 4096))
    tail = min(header.str_len, 64)
    last = memory.read_available(start + header.str_len - tail, tail)
    return _looks_like_names(names) and (len(last) < tail or (last[-1] == 0 and _looks_like_names(last)))


def _looks_like_names(data: bytes) -> bool:
    """Whether bytes are NUL-separated printable text, none of it empty but the first."""
    if not data or (data.count(0) == 0 and len(data) > 1024):
        return False
    return b"\0\0" not in data[1:] and all(
        part.isascii() and part.decode().isprintable() for part in data.split(b"\0")
    )


def _looks_like_types(types: bytes, header: Header) -> bool:
    """Whether the section starts with 16 well-formed records, or is made of fewer."""
    info = struct.Struct("<4xI4x" if header.endian == "little" else ">4xI4x")
    position = 0
    for _ in range(16):
        if position == header.type_len:
            return True
        length = _record_length(*info.unpack_from(types, position)) if position + 12 <= len(types) else 0
        if not length:
            return False
        position += length
    return True


_HIGHEST_KIND = max(Kind)


def _record_length(info: int) -> int:
    """Bytes of the record with this info word; 0 if its kind is not known."""
    number, vlen = info >> KIND_SHIFT & KIND_MASK, info & VLEN_MASK
    if not 0 < number <= _HIGHEST_KIND:
        return 0
    kind = Kind(number)
    return 4 * (COMMON_WORDS + EXTRA_WORDS.get(kind, 0) + vlen * ELEMENT_WORDS.get(kind, 0))
