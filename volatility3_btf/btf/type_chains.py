# SPDX-License-Identifier: Apache-2.0
"""Following chains of types, and how many bytes a type takes.

Nothing in a blob keeps a typedef from pointing at itself, so every chain is followed for a bounded
number of steps.
"""

from collections.abc import Iterator, Set
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

_TRANSPARENT: Final = MODIFIERS | {Kind.VAR, Kind.ARRAY}

LEADING_ON: Final = MODIFIERS | {Kind.PTR, Kind.ARRAY}
"""Kinds that say something of a type that is named elsewhere."""

DECLARING: Final = frozenset({Kind.CONST, Kind.VOLATILE, Kind.RESTRICT, Kind.TYPE_TAG, Kind.PTR, Kind.ARRAY})
"""Kinds that a declaration spells out around a type's name."""


class EndlessError(BtfError):
    """A chain of types that leads on and on."""

    def __init__(self, type_id: int) -> None:
        super().__init__(f"type {type_id}: its chain of types does not end")


def steps(
    types: TypeTable, type_id: int, through: Set[Kind] = LEADING_ON, most: int = DEEPEST
) -> Iterator[tuple[int, Kind]]:
    """The types of a chain with their kinds: each that leads on, then the one at which it ends.

    Args:
        types: the blob.
        type_id: the first of them.
        through: kinds that lead on: an array to its elements, others to the type they are made from.
        most: how many of them there may be.

    Raises:
        EndlessError: the chain does not end.
    """
    at = type_id
    for _ in range(most):
        kind = types.kind_of(at)
        yield at, kind
        if kind not in through:
            return
        at = _next(types, at, kind)
    raise EndlessError(type_id)


def end_of(types: TypeTable, type_id: int, through: Set[Kind] = LEADING_ON) -> int:
    """The id at which a chain ends; where it does not, one that was reached. Arguments as of `steps`."""
    at = type_id
    for _ in range(DEEPEST):
        kind = types.kind_of(at)
        if kind not in through:
            break
        at = _next(types, at, kind)
    return at


def _next(types: TypeTable, type_id: int, kind: Kind) -> int:
    return types.array_of(type_id)[0] if kind is Kind.ARRAY else types.word_of(type_id)


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
    count = 1
    for at, kind in steps(types, type_id, _TRANSPARENT):
        if kind is Kind.ARRAY:
            count = _bounded(count * types.array_of(at)[2], type_id)
    if kind is Kind.PTR:
        return _bounded(count * types.pointer_size, type_id)
    if kind in SIZED:
        return _bounded(count * types.word_of(at), type_id)
    raise BtfError(f"type {type_id}: {kind.name} {at} has no size")


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
