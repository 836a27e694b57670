# SPDX-License-Identifier: Apache-2.0
"""Following chains of types, and how many bytes a type takes.

Nothing in a blob keeps a typedef from pointing at itself, so every chain is followed for a bounded
number of steps.
"""

from typing import Final

import numpy as np

from .format.errors import BtfError
from .format.kinds import MODIFIERS, Kind
from .format.records import KIND_MASK, Words
from .type_table import TypeTable

DEEPEST: Final = 32
"""Steps a chain of types may take; so many allows the kernel's verifier (MAX_RESOLVE_DEPTH), 8 are needed."""
LARGEST: Final = 0xFFFFFFFF
"""Bytes the largest type may have; the kernel refuses arrays over 32 bits too."""

SIZED: Final = frozenset(
    {Kind.INT, Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT, Kind.DATASEC}
)
"""Kinds whose third word is their size in bytes."""

_TRANSPARENT: Final = MODIFIERS | {Kind.VAR}


def strip(types: TypeTable, type_id: int) -> int:
    """The type id behind typedefs, qualifiers and type tags.

    Raises:
        BtfError: the chain does not end.
    """
    at = type_id
    for _ in range(DEEPEST):
        if types.kind_of(at) not in MODIFIERS:
            return at
        at = types.word_of(at)
    raise BtfError(f"type {type_id}: its chain of typedefs and qualifiers does not end")


def size_of(types: TypeTable, type_id: int) -> int:
    """Bytes that a value of the type takes.

    Raises:
        BtfError: the type has no size (void, functions, forward declarations), its chain does not
            end, or the size is over 32 bits.
    """
    at = type_id
    count = 1
    for _ in range(DEEPEST):
        kind = types.kind_of(at)
        if kind in _TRANSPARENT:
            at = types.word_of(at)
        elif kind is Kind.ARRAY:
            at, _, elements = types.array_of(at)
            count = _bounded(count * elements, type_id)
        elif kind is Kind.PTR:
            return _bounded(count * types.pointer_size, type_id)
        elif kind in SIZED:
            return _bounded(count * types.word_of(at), type_id)
        else:
            raise BtfError(f"type {type_id}: {kind.name} {at} has no size")
    raise BtfError(f"type {type_id}: its chain of types does not end")


def _bounded(size: int, type_id: int) -> int:
    if size > LARGEST:
        raise BtfError(f"type {type_id}: its size is over 32 bits")
    return size


_IS_MODIFIER: Final = np.zeros(KIND_MASK + 1, dtype=np.bool_)
_IS_MODIFIER[sorted(MODIFIERS)] = True


def strip_many(types: TypeTable, type_ids: Words) -> Words:
    """The type ids behind typedefs, qualifiers and type tags; an endless chain stays inside itself."""
    found = np.array(type_ids, dtype=np.uint32)
    for _ in range(DEEPEST):
        modified = np.flatnonzero(_IS_MODIFIER[types.kinds_at(found)])
        if not len(modified):
            break
        found[modified] = types.words_at(found[modified])
    return found
