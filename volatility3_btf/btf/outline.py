# SPDX-License-Identifier: Apache-2.0
"""A blob's records without their meaning: what can be said of split BTF whose base is not known."""

from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import numpy as np

from .format.errors import BtfError
from .format.header import Header
from .format.kinds import Kind
from .format.records import Columns, Words, decode_columns
from .format.references import References, referenced_ids, referenced_names
from .format.strings import Strings


class Base(Protocol):
    """What split BTF may stand on."""

    @property
    def end_id(self) -> int:
        """One past its last type id."""

    @property
    def strings(self) -> Strings:
        """Its strings."""


def counts_of(columns: Columns) -> dict[Kind, int]:
    """How many records of each kind there are, kinds that occur only, in order of kind."""
    return {Kind(kind): count for kind, count in enumerate(np.bincount(columns.kind).tolist()) if count}


@dataclass(frozen=True)
class Outline:
    """The records of one blob; ids and names are not resolved.

    Attributes:
        header: its header.
        data: its bytes.
        section: its own string section.
    """

    header: Header
    data: bytes
    section: bytes

    @classmethod
    def of(cls, data: bytes | memoryview) -> "Outline":
        """Take the blob at the start of `data`; BtfError for a bad header or sections out of bounds."""
        header = Header.parse(data)
        header.check(len(data))
        section = bytes(data[header.str_start : header.str_start + header.str_len])
        return cls(header, bytes(data[: header.size]), section)

    @cached_property
    def columns(self) -> Columns:
        """Its records.

        Raises:
            BtfError: a kind that is not known, or records that do not fill the type section exactly.
        """
        return decode_columns(self.data, self.header)

    @cached_property
    def ids(self) -> References:
        """The type ids in its records."""
        return referenced_ids(self.columns)

    @cached_property
    def names(self) -> References:
        """The name offsets in its records."""
        return referenced_names(self.columns)

    @property
    def counts(self) -> dict[Kind, int]:
        """Records of each kind that occurs."""
        return counts_of(self.columns)

    @cached_property
    def split(self) -> bool:
        """Whether the blob needs a base: its strings, ids or names do not stand by themselves."""
        return (
            self.section[:1] != b"\0"
            or self._highest_id > len(self.columns)
            or self._highest_name >= len(self.section)
        )

    @property
    def own_strings_ok(self) -> bool:
        """Whether the own string section ends in NUL (or is empty, which a split blob's may be)."""
        return not self.section or not self.section[-1]

    def fits(self, base: Base) -> bool:
        """Whether every type id exists on top of `base` and every name is a whole string.

        A base of another build fails this, since the names then start in the middle of strings.
        """
        if self._highest_id >= base.end_id + len(self.columns) or not self._ends_on(base.strings.end):
            return False
        try:
            strings = Strings(self.section, base.strings)
        except BtfError:
            return False
        return strings.starts_string(self._name_offsets)

    def _ends_on(self, end: int) -> bool:
        """Whether the highest name is a whole one, if the own strings go on from `end`: a quick look."""
        own = self._highest_name - end
        return own <= 0 or (own < len(self.section) and not self.section[own - 1])

    @cached_property
    def _highest_id(self) -> int:
        return max(int(ids.max(initial=0)) for _, ids in self.ids)

    @cached_property
    def _highest_name(self) -> int:
        return int(self._name_offsets.max(initial=0))

    @cached_property
    def _name_offsets(self) -> Words:
        return np.concatenate([offsets for _, offsets in self.names])


def outline(data: bytes | memoryview) -> Outline:
    """Decode the records of the blob at the start of `data`.

    Raises:
        BtfError: bad header, sections out of bounds, a kind that is not known, or records that do
            not fill the type section exactly.
    """
    found = Outline.of(data)
    _ = found.columns
    return found
