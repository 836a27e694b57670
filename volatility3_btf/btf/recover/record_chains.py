# SPDX-License-Identifier: Apache-2.0
"""Where records lead that could start at each word, and over how many others.

The way from a record to the next leads forwards only. So the words are gone over once, from the last to the
first, in blocks that stay in the processor's cache: what lies behind a block is known when its turn comes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from ...arrays import Int32s
from ..format.records import Positions, Words, record_lengths

_BLOCK: Final = 1 << 14


@dataclass(frozen=True)
class Chains:
    """The chains of records that end where they are to end.

    Attributes:
        end: for each word, the index of the end that a chain from there leads to; -1 where it leads to none.
        steps: for each word that leads to one, how many records that takes.
        longest: for each end, the most records that lead to it.
    """

    end: NDArray[np.int16]
    steps: Int32s
    longest: Int32s

    def left(self, end: int) -> Int32s:
        """For each word, how many records lead from there to an end; 0 where none do."""
        return np.where(self.end == end, self.steps, 0)


def following(words: Words) -> Int32s:
    """For each word, where a record that starts there ends: at `len(words) + 1` if not among them."""
    size = len(words)
    nowhere = size + 1
    found = np.full(size, nowhere, np.int32)
    for low in range(0, size - 1, _BLOCK):
        lengths = record_lengths(words[low : low + _BLOCK + 1])
        targets = np.arange(low, low + len(lengths)) + lengths
        sound = (lengths > 0) & (targets <= size)
        found[low : low + len(lengths)] = np.where(sound, targets, nowhere)
    return found


def follow(after: Int32s, ends: Sequence[int]) -> Chains:
    """Follow every chain.

    Args:
        after: as `following` gives it.
        ends: the words at which a chain may end, the one behind the last word among them.
    """
    size = len(after)
    end, steps = np.full(size + 2, -1, np.int16), np.zeros(size + 2, np.int32)
    end[list(ends)] = np.arange(len(ends))
    is_end = end >= 0
    for low in range((size - 1) // _BLOCK * _BLOCK, -1, -_BLOCK):
        high = min(low + _BLOCK, size)
        last, count = _within(after[low:high] - low, is_end[low:high])
        leaves = after[low:high][last]
        stays = is_end[low:high][last]
        end[low:high] = np.where(stays, end[low:high][last], end[leaves])
        steps[low:high] = np.where(stays, count, count + 1 + steps[leaves])
    end, steps = end[:size], steps[:size]
    longest = np.zeros(len(ends), np.int32)
    np.maximum.at(longest, end[end >= 0], steps[end >= 0])
    return Chains(end, steps, longest)


def _within(after: Int32s, is_end: NDArray[np.bool_]) -> tuple[Positions, Int32s]:
    """For each word of a block, the last one of its chain that lies in the block, and the steps to it."""
    size = len(after)
    stays = (after < size) & ~is_end
    last = np.where(stays, after, np.arange(size, dtype=np.int64))
    count = stays.astype(np.int32)
    while True:
        further = last[last]
        if (further == last).all():
            return last, count
        count += count[last]
        last = further
