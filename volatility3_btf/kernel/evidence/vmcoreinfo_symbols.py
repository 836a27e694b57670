# SPDX-License-Identifier: Apache-2.0
"""Which VMCOREINFO agrees with kallsyms: every SYMBOL line of every note in an image, in columns.

A kernel writes about forty lines, but a process can write half a million, and all are compared with each
reading of each kallsyms.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from ...arrays import Int64s, Uint64s
from ...bits import ALL_BITS
from ..kallsyms.addresses import Addresses
from ..kallsyms.kallsyms import Kallsyms
from .vmcoreinfo import NOT_ADDRESSES, Vmcoreinfo


@dataclass(frozen=True)
class Agreement:
    """How far a note agrees with a reading.

    Attributes:
        note: the note.
        agreed: symbols that have the same address in both, and
        told: those that both have.
        added: what makes run-time addresses of the reading's values.
    """

    note: Vmcoreinfo
    agreed: int
    told: int
    added: int


class Notes:
    """The SYMBOL lines of all notes.

    Attributes:
        notes: the notes.
        names: every name that one of them has, by its number.
        note: for each line the index of its note,
        name: the number of its name,
        address: and the address.
    """

    def __init__(self, notes: Sequence[Vmcoreinfo]) -> None:
        self.notes = notes
        self.names: dict[str, int] = {}
        lines = [
            (index, self.names.setdefault(name, len(self.names)), address & ALL_BITS)
            for index, note in enumerate(notes)
            for name, address in note.symbols.items()
            if name not in NOT_ADDRESSES
        ]
        self.note = np.array([note for note, _, _ in lines], np.int64)
        self.name = np.array([name for _, name, _ in lines], np.int64)
        self.address = np.array([address for _, _, address in lines], np.uint64)

    def listed_by(self, kallsyms: Kallsyms) -> Listed:
        """Those of the lines whose name a kallsyms has."""
        name, position = kallsyms.occurrences(self.names)
        return Listed(self, name, kallsyms.names.numbers[position])


@dataclass(frozen=True)
class Listed:
    """Lines that can be compared with one kallsyms.

    Attributes:
        lines: all lines.
        name: for each symbol of kallsyms that has a name out of these the number of that name,
        number: and its own.
    """

    lines: Notes
    name: Int64s
    number: Int64s

    def agreeing(self, reading: Addresses, added: int | None) -> Agreement | None:
        """The note that agrees with most symbols, and with more than half of those that it has.

        Args:
            reading: the addresses.
            added: what makes run-time addresses of its values; None if the notes are to tell.
        """
        lines = self.lines
        known, value = self._values(reading)
        rows = np.flatnonzero(known[lines.name])
        if not len(rows):
            return None
        note, apart = lines.note[rows], lines.address[rows] - value[lines.name[rows]]
        first, agreed = _most_frequent(note, apart) if added is None else _as_told(note, apart, added)
        told = np.bincount(note)[note[first]]
        agreed[2 * agreed <= told] = 0
        best = int(np.argmax(agreed))
        if not agreed[best]:
            return None
        row = rows[first[best]]
        if added is None:
            added = int(lines.address[row]) - int(value[lines.name[row]])
        return Agreement(lines.notes[int(lines.note[row])], int(agreed[best]), int(told[best]), added)

    def _values(self, reading: Addresses) -> tuple[npt.NDArray[np.bool_], Uint64s]:
        """Which names stand once in a reading, absolute values left out, and what they have there."""
        moves = reading.sound[self.number] & ~reading.fixed[self.number]
        name, number = self.name[moves], self.number[moves]
        value = np.zeros(len(self.lines.names), np.uint64)
        value[name] = reading.values[number]
        return np.bincount(name, minlength=len(value)) == 1, value


def _as_told(note: Int64s, apart: Uint64s, added: int) -> tuple[Int64s, Int64s]:
    """For each note the index of its first line, and how many of its lines are `added` apart."""
    first = np.unique(note, return_index=True)[1]
    agreed = np.bincount(note, apart == np.uint64(added & ALL_BITS)).astype(np.int64)
    return first, agreed[note[first]]


def _most_frequent(note: Int64s, apart: Uint64s) -> tuple[Int64s, Int64s]:
    """For each distance in each note the index of a line that has it, and how many have."""
    order = np.lexsort((apart, note))
    new = np.ones(len(order), np.bool_)
    new[1:] = (np.diff(note[order]) != 0) | (np.diff(apart[order]) != 0)
    starts = np.flatnonzero(new)
    return order[starts], np.diff(np.append(starts, len(order)))
