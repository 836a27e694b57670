# SPDX-License-Identifier: Apache-2.0
"""All members, enumerators and parameters of a blob as columns, for work on many types at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from .format.kinds import Kind
from .format.records import Positions, Words
from .type_chains import strip_many
from .type_table import TypeTable


@dataclass(frozen=True, slots=True)
class MemberColumns:
    """One entry a member of every own struct and union, in order of type id and of declaration.

    Attributes:
        owner: type id of the struct or union.
        name_off: offset of the name in the strings; the empty name is an anonymous member.
        type_id: type of the member.
        bit_offset: bits from the start of the struct. In a big-endian blob a bitfield's bits are
            counted from the most significant end, as DWARF's DW_AT_data_bit_offset does.
        bit_size: width of a bitfield in bits, 0 for ordinary members.
    """

    owner: Positions
    name_off: Words
    type_id: Words
    bit_offset: Words
    bit_size: Words

    def __len__(self) -> int:
        return len(self.owner)

    def span(self, type_id: int) -> slice:
        """Where the members of one struct or union lie in these columns."""
        first, last = np.searchsorted(self.owner, [type_id, type_id + 1])
        return slice(int(first), int(last))


@dataclass(frozen=True, slots=True)
class EnumeratorColumns:
    """One entry an enumerator of every own enumeration.

    Attributes:
        owner: type id of the ENUM or ENUM64.
        name_off: offset of the name in the strings.
        value: the 64 bits of the value, sign-extended where the enumeration is signed; use
            `.view(np.uint64)` for an unsigned one.
    """

    owner: Positions
    name_off: Words
    value: NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class ParameterColumns:
    """One entry a parameter of every own function prototype.

    A last parameter with type 0 and no name stands for `...`.
    """

    owner: Positions
    name_off: Words
    type_id: Words


def int_bits(word: Words) -> tuple[Words, Words]:
    """Offset and width in bits out of the words that follow INT records."""
    shift = (word >> 16 & 0xFF).astype(np.uint32, copy=False)
    return shift, (word & 0xFF).astype(np.uint32, copy=False)


def member_columns(types: TypeTable) -> MemberColumns:
    """The members of all own structs and unions, bitfields of both encodings resolved."""
    columns = types.columns
    rows, elements = columns.elements(columns.rows_of(Kind.STRUCT, Kind.UNION), 3)
    type_id = columns.words[elements + 1]
    bit_offset = columns.words[elements + 2]
    bit_size = np.zeros(len(rows), dtype=np.uint32)
    flagged = columns.kind_flag[rows]
    bit_size[flagged] = bit_offset[flagged] >> 24
    bit_offset[flagged] &= 0xFFFFFF
    _apply_int_encoded(types, np.flatnonzero(~flagged), type_id, bit_offset, bit_size)
    return MemberColumns(rows + types.first_id, columns.words[elements], type_id, bit_offset, bit_size)


def _apply_int_encoded(
    types: TypeTable, plain: Positions, type_id: Words, bit_offset: Words, bit_size: Words
) -> None:
    stripped = strip_many(types, type_id[plain])
    is_int = types.kinds_at(stripped) == int(Kind.INT)
    plain, stripped = plain[is_int], stripped[is_int]
    shift, width = int_bits(types.extra_words_at(stripped))
    odd = (width != types.words_at(stripped) * 8) | (shift != 0)
    bit_offset[plain[odd]] += shift[odd]
    bit_size[plain[odd]] = width[odd]


def enumerator_columns(types: TypeTable) -> EnumeratorColumns:
    """The enumerators of all own ENUMs and ENUM64s, in order of type id."""
    columns = types.columns
    rows32, at32 = columns.elements(columns.rows_of(Kind.ENUM), 2)
    rows64, at64 = columns.elements(columns.rows_of(Kind.ENUM64), 3)
    words = columns.words
    low = words[at32 + 1].astype(np.int64)
    signed = columns.kind_flag[rows32] | types.old_enums
    low[signed] = words[at32[signed] + 1].view(np.int32)
    wide = words[at64 + 1].astype(np.uint64) | words[at64 + 2].astype(np.uint64) << np.uint64(32)
    owner = np.concatenate((rows32, rows64))
    order = np.argsort(owner, kind="stable")
    names = words[np.concatenate((at32, at64))]
    values = np.concatenate((low, wide.view(np.int64)))
    return EnumeratorColumns(owner[order] + types.first_id, names[order], values[order])


def parameter_columns(types: TypeTable) -> ParameterColumns:
    """The parameters of all own function prototypes, in order of type id."""
    columns = types.columns
    rows, elements = columns.elements(columns.rows_of(Kind.FUNC_PROTO), 2)
    return ParameterColumns(rows + types.first_id, columns.words[elements], columns.words[elements + 1])
