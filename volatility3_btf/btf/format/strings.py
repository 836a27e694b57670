# SPDX-License-Identifier: Apache-2.0
"""The string section: names by offset, one at a time or many at once."""

from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...byte_search import find
from .errors import BtfError

LONGEST: Final = 1024
"""Bytes of a name that are read; the kernel's own limit (KSYM_NAME_LEN) is 512."""
MOST: Final = 1 << 25
"""Bytes of strings, base's included, that are accepted; the kernel stops at half (BTF_MAX_NAME_OFFSET)."""
MOST_STRINGS: Final = 0.25
"""Strings per byte up to which a section is split whole; in a kernel's there are about 0.05."""


class Strings:
    """The strings of one blob, numbered on from those of its base.

    Text that is not UTF-8 is decoded with replacement characters, names over `LONGEST` bytes are
    cut; neither occurs in a kernel's own BTF.

    Attributes:
        section: the blob's own string section.
        base: the strings it goes on from, if any.
        start: offset of the first own string.
        end: one past the last offset.
    """

    section: bytes
    base: "Strings | None"
    start: int
    end: int

    def __init__(self, section: bytes, base: "Strings | None" = None) -> None:
        """Take the blob's own string section.

        Args:
            section: its bytes.
            base: the strings that a split blob goes on from.

        Raises:
            BtfError: the section does not end in NUL, or, without a base, does not start with one.
        """
        self.section = section
        self.base = base
        self.start = base.end if base else 0
        self.end = self.start + len(section)
        if base is None and section[:1] != b"\0":
            raise BtfError("string section: it does not start with a NUL (split BTF without its base?)")
        if self.end > MOST:
            raise BtfError(f"string section: {self.end} bytes are more than any kernel has")
        if section and section[-1]:
            raise BtfError("string section: it does not end in a NUL")

    def raw(self, offset: int) -> bytes:
        """The bytes of the string at `offset`, without its NUL.

        Raises:
            BtfError: the offset is outside the strings.
        """
        if not 0 <= offset < self.end:
            raise BtfError(f"string offset {offset:#x} is outside the strings ({self.end:#x} bytes)")
        owner = self
        while offset < owner.start and owner.base is not None:
            owner = owner.base
        begin = offset - owner.start
        stop = owner.section.find(b"\0", begin, begin + LONGEST)
        return owner.section[begin : stop if stop >= 0 else begin + LONGEST]

    def get(self, offset: int) -> str:
        """The string at `offset` as text; BtfError when that is outside the strings."""
        return self.raw(offset).decode("utf-8", "replace")

    def many(self, offsets: NDArray[np.uint32]) -> list[str]:
        """The strings at many offsets, in the given order; BtfError when one is outside."""
        if not len(offsets):
            return []
        if int(offsets.max()) >= self.end:
            raise BtfError(f"string offset {int(offsets.max()):#x} is outside the strings")
        if not self.start and self._are_few:
            return self._own(offsets)
        texts = {int(offset): self.get(int(offset)) for offset in np.unique(offsets)}
        return [texts[offset] for offset in offsets.tolist()]

    def offsets_of(self, name: bytes, limit: int) -> list[int]:
        """Offsets, in this section and its bases, at which reading gives exactly `name`.

        Stops once there are more than `limit` (short names are the ends of many others).
        """
        found = self.base.offsets_of(name, limit) if self.base else []
        needle = name + b"\0"
        at = find(self.section, needle)
        while at >= 0 and len(found) <= limit:
            found.append(self.start + at)
            at = find(self.section, needle, at + 1)
        return found

    def starts_string(self, offsets: NDArray[np.uint32]) -> bool:
        """Whether each offset is where a string starts, in this section or a base's."""
        return (not len(offsets) or int(offsets.max()) < self.end) and not self.count_inner(offsets)

    def count_inner(self, offsets: NDArray[np.uint32]) -> int:
        """How many offsets, all of which must be below `end`, lie in the middle of a string."""
        own = offsets >= self.start
        positions = offsets[own].astype(np.int64) - self.start
        if not len(positions):
            return 0 if self.base is None else self.base.count_inner(offsets)
        before = np.frombuffer(self.section, dtype=np.uint8)[positions - 1]
        inner = int(np.count_nonzero((before != 0) & (positions != 0)))
        return inner if self.base is None else inner + self.base.count_inner(offsets[~own])

    def _own(self, offsets: NDArray[np.uint32]) -> list[str]:
        starts, texts = self._pieces
        numbers = np.searchsorted(starts, offsets, side="right") - 1
        inside = np.flatnonzero(starts[numbers] != offsets)
        found = [texts[number] for number in numbers.tolist()]
        for index in inside.tolist():
            found[index] = self.get(int(offsets[index]))
        return found

    @cached_property
    def _are_few(self) -> bool:
        """Whether the strings may all be split at once."""
        return self.section.count(b"\0") <= MOST_STRINGS * len(self.section)

    @cached_property
    def _pieces(self) -> tuple[NDArray[np.int64], list[str]]:
        ends = np.flatnonzero(np.frombuffer(self.section, dtype=np.uint8) == 0)
        starts = np.concatenate((np.zeros(1, dtype=np.int64), ends[:-1] + 1))
        if self.section.isascii() and int((ends - starts).max()) <= LONGEST:
            return starts, str(self.section[:-1], "ascii").split("\0")
        parts = self.section[:-1].split(b"\0")
        return starts, [part[:LONGEST].decode("utf-8", "replace") for part in parts]
