# SPDX-License-Identifier: Apache-2.0
"""Every type id and name offset that a blob's records hold, checked at once."""

from typing import Final

import numpy as np

from .errors import BtfError
from .kinds import COMMON_WORDS, REFERRING, Kind
from .records import Columns, Positions, Words
from .strings import Strings

References = list[tuple[Positions, Words]]
"""Pairs of rows and what stands there: type ids, or offsets of names."""

ELEMENTS_WITH_TYPES: Final = (
    ((Kind.STRUCT, Kind.UNION), 3, 1),
    ((Kind.FUNC_PROTO,), 2, 1),
    ((Kind.DATASEC,), 3, 0),
)
"""Kinds whose elements hold a type id, the words an element takes, and which of them the id is."""

MOST_INNER: Final = 1 << 14
"""Names that may be ends of longer ones; no encoder makes any, and a million ends of one string of 1 MB
would take 1 GB as texts."""


Places = list[tuple[Positions, Positions]]
"""Pairs of rows and where something of theirs stands: indices in the words of the type section."""


def id_places(columns: Columns) -> Places:
    """Where type ids stand in records."""
    referring = columns.rows_of(*sorted(REFERRING))
    found = [(referring, _starts(columns, referring) + 2)]
    arrays = columns.rows_of(Kind.ARRAY)
    first = _starts(columns, arrays) + COMMON_WORDS
    found += [(arrays, first), (arrays, first + 1)]
    for kinds, stride, at in ELEMENTS_WITH_TYPES:
        rows, elements = columns.elements(columns.rows_of(*kinds), stride)
        found.append((rows, elements + at))
    return found


def name_places(columns: Columns) -> Places:
    """Where name offsets stand in records and their elements."""
    every = np.arange(len(columns), dtype=np.int64)
    found = [(every, _starts(columns, every))]
    for kinds, stride in (
        ((Kind.STRUCT, Kind.UNION, Kind.ENUM64), 3),
        ((Kind.ENUM, Kind.FUNC_PROTO), 2),
    ):
        found.append(columns.elements(columns.rows_of(*kinds), stride))
    return found


def _starts(columns: Columns, rows: Positions) -> Positions:
    """The first word of each of some records."""
    return columns.record[rows].astype(np.int64) // 4


def referenced_ids(columns: Columns) -> References:
    """The type ids in records, as pairs of rows and the ids that stand there."""
    return [(rows, columns.words[places]) for rows, places in id_places(columns)]


def referenced_names(columns: Columns) -> References:
    """The name offsets in records and their elements, as pairs of rows and offsets."""
    return [(rows, columns.words[places]) for rows, places in name_places(columns)]


def check(ids: References, names: References, first_id: int, end_id: int, strings: Strings) -> int:
    """Check that every type id and name offset points somewhere.

    Args:
        ids: `referenced_ids` of the records.
        names: `referenced_names` of them.
        first_id: type id of row 0.
        end_id: one past the last type id.
        strings: the strings, base's included.

    Returns:
        How many names start in the middle of others.

    Raises:
        BtfError: naming the first type id that holds a wrong reference; or many names are parts of others.
    """
    _check_below(ids, end_id, first_id, "refers to type")
    _check_below(names, strings.end, first_id, "has a name at string offset")
    inner = sum(strings.count_inner(offsets) for _, offsets in names)
    if inner > MOST_INNER:
        raise BtfError(f"{inner} names start in the middle of strings")
    return inner


def _check_below(found: References, limit: int, first_id: int, what: str) -> None:
    for rows, values in found:
        if len(values) and int(values.max()) >= limit:
            index = int(np.flatnonzero(values >= limit)[0])
            raise BtfError(
                f"type {first_id + int(rows[index])} {what} {int(values[index])}, "
                f"which is not below {limit} (split BTF without its base?)"
            )
