# SPDX-License-Identifier: Apache-2.0
"""Integers and floating-point types as C names them, and how a compiler aligns them."""

from typing import TYPE_CHECKING, Final

from .format.integers import plain
from .format.kinds import Kind

if TYPE_CHECKING:
    from .type_space import TypeSpace

_FLOATS: Final = {"float": 4, "double": 8, "long double": 16, "_Float128": 16, "__float128": 16}
_BY_SIZE: Final = {1: "char", 2: "short", 4: "int", 8: "long long", 16: "__int128"}
_FLOATS_BY_SIZE: Final = {4: "float", 8: "double", 16: "long double"}


def fitting_name(types: "TypeSpace", type_id: int) -> str | None:
    """C's name of an integer or floating-point type that has the size and sign of an INT or FLOAT, if any."""
    size = types.word_of(type_id)
    if types.kind_of(type_id) is Kind.FLOAT:
        return _FLOATS_BY_SIZE.get(size)
    word = _BY_SIZE.get(size)
    signed = types.element_word(type_id, 0) >> 24 & 1
    return word and f"{'signed' if signed else 'unsigned'} {word}"


class Scalars:
    """The rules of the architecture that a blob is for.

    All 64-bit Linux architectures align scalars to their size, but that s390x aligns 16-byte ones to 8.
    Of the 32-bit ones i386 aligns 8-byte members to 4, which a blob shows.
    """

    def __init__(self, types: "TypeSpace") -> None:
        self._types = types
        self._pointer = types.pointer_size
        self._widest = 8 if types.header.endian == "big" else 16
        if self._pointer == 4 and _has_half_aligned_words(types):
            self._widest = 4

    def align_of(self, size: int) -> int:
        """Bytes that a scalar of this size is aligned to."""
        return min(size & -size, self._widest) or 1

    def spell(self, type_id: int) -> str | None:
        """The C name of an INT or FLOAT: its own where C knows it with that size, else one that fits.

        None when there is no C type of its size.
        """
        types = self._types
        name, size = types.name_of(type_id), types.word_of(type_id)
        if _FLOATS.get(name) == size or self._size_of_words(name.split(" ")) == size:
            return name
        return fitting_name(types, type_id)

    def _size_of_words(self, words: list[str]) -> int | None:
        """Bytes of the integer that C's words spell; None if they spell none."""
        if words == ["_Bool"]:
            return 1
        rest = tuple(word for word in plain(words) if word not in ("signed", "unsigned"))
        sizes = {
            ("int",): 4,
            ("char",): 1,
            ("short",): 2,
            ("long",): self._pointer,
            ("long", "long"): 8,
            ("__int128",): 16,
        }
        return sizes.get(rest or ("int",)) if words else None


def _has_half_aligned_words(types: "TypeSpace") -> bool:
    members = types.member_columns
    whole = (members.bit_size == 0) & (members.bit_offset % 64 == 32)
    ids = members.type_id[whole]
    wide = (types.kinds_at(ids) == int(Kind.INT)) & (types.words_at(ids) == 8)
    return int(wide.sum()) > 16
