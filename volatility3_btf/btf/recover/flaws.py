# SPDX-License-Identifier: Apache-2.0
"""Damage that decodes: what no encoder writes, though kinds are known and references have targets.

None of it occurs in the BTF of a sound kernel or of its modules (looked at in three hundred blobs of 5.10
to 7.3).
"""

from typing import TYPE_CHECKING, Final

import numpy as np

from ..format.kinds import Kind
from ..spelling import counted
from .record_rules import kinds_table, sound_records

if TYPE_CHECKING:
    from ..types import Types

_IN_NAMES: Final = b"\0abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.$ ()[],:;<>&*-+='\"/"


_SIZED: Final = kinds_table(Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.FLOAT)
_NO_TEXT: Final = bytes({*range(0x20), 0x7F} - {*b"\0\t\n\r"})


def is_text(section: bytes) -> bool:
    """Whether strings could be a program's: names, and the lines of its source (BTF.ext's line_info)."""
    return len(section.translate(None, _NO_TEXT)) == len(section)


def flaw_of(types: "Types") -> str:
    """What is wrong with the blob's own strings and records; empty if nothing is.

    Changed letters of a name, and numbers that still fit, cannot be seen.
    """
    section = types.strings.section
    empty = section.find(b"\0\0")
    if empty >= 0:
        return f"a part of its strings is missing, at {empty + 1:#x} of the string section"
    if section.translate(None, _IN_NAMES):
        return "its strings hold bytes that no name has"
    if types.inner_names:
        return f"{counted(types.inner_names, 'name')} inside other names, which no kernel has"
    unsound = int(np.count_nonzero(~sound_records(types.columns, types.strings.end)))
    if unsound:
        return f"{counted(unsound, 'type')} with values that the kernel refuses"
    overlaps = _count_overlaps(types)
    return f"overlapping members in {counted(overlaps, 'struct')}" if overlaps else ""


def _count_overlaps(types: "Types") -> int:
    """Structs of which a member with a size of its own reaches into the next one, or over the end."""
    columns = types.columns
    rows, at = columns.elements(columns.rows_of(Kind.STRUCT, Kind.UNION), 3)
    if not len(rows):
        return 0
    ids, offsets = columns.words[at + 1], columns.words[at + 2].astype(np.int64)
    flagged = columns.kind_flag[rows]
    is_bitfield = flagged & (offsets >> 24 > 0)
    offsets = np.where(flagged, offsets & 0xFFFFFF, offsets)
    following = columns.size_or_type[rows].astype(np.int64) * 8
    same = (rows[1:] == rows[:-1]) & (columns.kind[rows[1:]] == Kind.STRUCT)
    following[:-1][same] = offsets[1:][same]
    sizes = 8 * _sizes(types)[np.minimum(ids, types.end_id - 1)]
    sizes[is_bitfield] = 0
    wrong = offsets + sizes > following
    return len(np.unique(rows[wrong]))


def _sizes(types: "Types") -> "np.ndarray[tuple[int], np.dtype[np.int64]]":
    """Bytes of each type by id; 0 where its record alone does not tell."""
    found = np.zeros(types.end_id, np.int64)
    columns = types.columns
    own = found[types.first_id :]
    np.multiply(columns.size_or_type, _SIZED[columns.kind], out=own, dtype=np.int64)
    own[columns.kind == Kind.PTR] = types.pointer_size
    return found
