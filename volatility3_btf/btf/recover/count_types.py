# SPDX-License-Identifier: Apache-2.0
"""How many types a section has whose start is not known: what its records say of each other tells."""

from typing import Final

import numpy as np
from numpy.typing import NDArray

from ..format.kinds import COMMON_WORDS, Kind
from ..format.records import KIND_MASK, KIND_SHIFT, Positions, Words
from .work import Work

References = list[tuple[Positions, Kind]]
"""Type ids that records refer to, and the kind that all of these should have."""

_TELLING: Final = ((Kind.FUNC, Kind.FUNC_PROTO, 2), (Kind.ARRAY, Kind.INT, COMMON_WORDS + 1))
"""Kinds of records, what each refers to, and which of its words does."""

_ENOUGH: Final = 4096
"""References of a kind that are looked at."""

_SURE: Final = 0.98
"""Share of references that must point to the right kind for the number of types to be believed."""

_SAMPLE, _LIKELY = 32, 0.9
"""References of a kind that are looked at first, and the share of them that must point to the right kind."""

_MOST_OFF: Final = 4096
"""Records before the first type, or types before the first record, that there may be."""


def count_types(words: Words, chain: Positions, work: Work) -> int:
    """The number of types with which FUNCs refer to FUNC_PROTOs and arrays have integer indexes.

    Args:
        words: the type section and what lies before it.
        chain: records up to the end of the section, of which the first ones may be none.
        work: what may still be done.

    Returns:
        The number; 0 if there is none.

    Raises:
        BtfError: too much would have to be looked at.
    """
    kinds = (words[chain + 1] >> KIND_SHIFT & KIND_MASK).astype(np.uint8)
    references: References = []
    for kind, target, at in _TELLING:
        places = chain[kinds == kind]
        places = places[:: len(places) // _ENOUGH + 1]
        references.append((words[places + at].astype(np.int64), target))
    best = (0.0, 0)
    for count in _likely_counts(kinds, references, work):
        work.take(sum(len(ids) for ids, _ in references))
        right, seen = _agreeing(kinds, references, np.array([count - len(chain)]))
        if seen[0] >= 16 and right[0] / seen[0] > best[0]:
            best = float(right[0] / seen[0]), count
            if best[0] >= 0.9999:
                break
    return best[1] if best[0] >= _SURE else 0


def _likely_counts(kinds: NDArray[np.uint8], references: References, work: Work) -> list[int]:
    """Numbers of types with which some of the references agree, the nearest to that of records first."""
    total = len(kinds)
    off = np.array(sorted(range(max(1 - total, -_MOST_OFF), _MOST_OFF), key=abs), np.int64)
    some = [(ids[:: len(ids) // _SAMPLE + 1], target) for ids, target in references]
    work.take(sum(len(ids) for ids, _ in some) * len(off))
    right, seen = _agreeing(kinds, some, off)
    likely: list[int] = (total + off[(right > 0) & (right >= _LIKELY * seen)]).tolist()
    return likely


def _agreeing(
    kinds: NDArray[np.uint8], references: References, off: Positions
) -> tuple[Positions, Positions]:
    """How many references lead to what they should, and how many lead to records at all.

    Args:
        kinds: the records' kinds.
        references: the references.
        off: by how many there are more types than records; each is tried.
    """
    right, seen = np.zeros(len(off), np.int64), np.zeros(len(off), np.int64)
    for ids, target in references:
        rows = (ids[ids > 0] - 1)[:, None] - off
        inside = (rows >= 0) & (rows < len(kinds))
        rows[~inside] = 0
        seen += np.count_nonzero(inside, axis=0)
        right += np.count_nonzero(inside & (kinds[rows] == target), axis=0)
    return right, seen
