# SPDX-License-Identifier: Apache-2.0
"""Fair shares: how much is looked at in each MiB, so that nothing takes another's place.

Anybody can fill memory with what is looked for. What is looked at is bounded by place: a MiB full of it uses
up its own share, never all of the next one's.
"""

from __future__ import annotations

from collections.abc import Sequence


class Share:
    """Counts what a search that goes by ascending address comes upon.

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
