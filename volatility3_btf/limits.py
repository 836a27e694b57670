# SPDX-License-Identifier: Apache-2.0
"""How much may be looked at, kept or shown; no number in an image decides that alone.

Each limit's value stands where it is used, with what an honest image has.
"""

from __future__ import annotations

import logging
from collections.abc import Sequence

log = logging.getLogger(__name__)


class Once:
    """A warning that is given once, however often there is reason for it."""

    def __init__(self) -> None:
        self._is_given = False

    def warn(self, log: logging.Logger, text: str, *words: object) -> None:
        """Give it, unless it has been given."""
        if not self._is_given:
            log.warning(text, *words)
        self._is_given = True


class Allowance:
    """So much of something, and no more.

    Args:
        amount: how much there is.
        what: the warning that is given when more is asked for the first time; none if empty.

    Attributes:
        is_used_up: whether more was asked for than was left.
    """

    def __init__(self, amount: int, what: str = "") -> None:
        self.is_used_up = False
        self._left, self._what = amount, what

    def take(self, amount: int = 1) -> bool:
        """Whether so much is left; it is left no longer then."""
        if amount <= self._left:
            self._left -= amount
            return True
        if self._what and not self.is_used_up:
            log.warning("%s", self._what)
        self.is_used_up = True
        return False

    def give_back(self, amount: int) -> None:
        """Have so much again."""
        self._left += amount


class Share:
    """Counts what a search that goes by ascending address comes upon: a fair share for each MiB.

    Anybody can fill memory with what is looked for. A MiB full of it uses up its own share, never all of the
    next one's.

    Args:
        shares: from how many in all on how many are admitted in each MiB, in descending order of the first
            number; the last one's is 0.

    Attributes:
        left_out: how many were not admitted.
        is_used_up: whether some MiB had as many as are admitted, so that there may be more.
    """

    def __init__(self, shares: Sequence[tuple[int, int]]) -> None:
        self.left_out, self.is_used_up = 0, False
        self._shares = shares
        self._mib = -1
        self._here = self._all = 0

    def admits(self, offset: int) -> bool:
        """Whether what lies at an address is looked at; it is counted either way."""
        if offset >> 20 != self._mib:
            self._mib, self._here = offset >> 20, 0
        left = next(share for start, share in self._shares if self._all >= start) - self._here
        self.is_used_up |= left <= 1
        if left <= 0:
            self.left_out += 1
            return False
        self._here += 1
        self._all += 1
        return True
