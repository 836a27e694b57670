# SPDX-License-Identifier: Apache-2.0
"""The kinds of BTF records and how long each record is (include/uapi/linux/btf.h)."""

import enum
from typing import Final


class Kind(enum.IntEnum):
    """What a BTF record describes; VOID is type id 0 and has no record."""

    VOID = 0
    INT = 1
    PTR = 2
    ARRAY = 3
    STRUCT = 4
    UNION = 5
    ENUM = 6
    FWD = 7
    TYPEDEF = 8
    VOLATILE = 9
    CONST = 10
    RESTRICT = 11
    FUNC = 12
    FUNC_PROTO = 13
    VAR = 14
    DATASEC = 15
    FLOAT = 16
    DECL_TAG = 17
    TYPE_TAG = 18
    ENUM64 = 19


COMMON_WORDS: Final = 3
"""Words of 4 bytes that every record starts with: name_off, info, size or type."""

EXTRA_WORDS: Final[dict[Kind, int]] = {Kind.INT: 1, Kind.ARRAY: 3, Kind.VAR: 1, Kind.DECL_TAG: 1}
"""Words that follow once, whatever vlen says."""

ELEMENT_WORDS: Final[dict[Kind, int]] = {
    Kind.STRUCT: 3,
    Kind.UNION: 3,
    Kind.ENUM: 2,
    Kind.FUNC_PROTO: 2,
    Kind.DATASEC: 3,
    Kind.ENUM64: 3,
}
"""Words that follow vlen times."""

COMPOSITES: Final = (Kind.STRUCT, Kind.UNION)
"""Kinds with members."""

ENUMS: Final = (Kind.ENUM, Kind.ENUM64)
"""Kinds with enumerators."""

MODIFIERS: Final = frozenset(
    {Kind.TYPEDEF, Kind.VOLATILE, Kind.CONST, Kind.RESTRICT, Kind.TYPE_TAG},
)
"""Kinds that name or qualify one other type without changing its layout."""

REFERRING: Final = MODIFIERS | {Kind.PTR, Kind.FUNC, Kind.FUNC_PROTO, Kind.VAR, Kind.DECL_TAG}
"""Kinds whose third word is a type id and not a size."""

LOOKUP_ORDER: Final = (
    Kind.STRUCT,
    Kind.UNION,
    Kind.ENUM,
    Kind.ENUM64,
    Kind.TYPEDEF,
    Kind.INT,
    Kind.FLOAT,
    Kind.FWD,
    Kind.FUNC,
    Kind.VAR,
    Kind.DATASEC,
    Kind.TYPE_TAG,
    Kind.DECL_TAG,
)
"""Which kind a bare name means when several types have it, most wanted first."""
