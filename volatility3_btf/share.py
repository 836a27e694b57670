# SPDX-License-Identifier: Apache-2.0
"""Fair shares: how many small blobs are looked at in each MiB, so that none of them takes another's place.

Anybody can fill memory with whole BTF of a few bytes. What is looked at is bounded by place: a MiB full of
them uses up its own share, never all of the next one's.
"""

from __future__ import annotations

import logging
from typing import Final

log = logging.getLogger(__name__)

SHARES: Final = ((1 << 14, 4), (1 << 11, 16), (0, 64))
"""From how many small blobs in all on how many are looked at in each MiB; an honest image has a hundred in
all, and a dozen in a MiB."""


class Share:
    """Counts the small blobs of one search, which goes by ascending address."""

    def __init__(self) -> None:
        self._mib = -1
        self._here = self._all = self._left_out = 0

    def admits(self, offset: int) -> bool:
        """Whether the small blob at an address may be looked at; it is counted either way."""
        if offset >> 20 != self._mib:
            self._mib, self._here = offset >> 20, 0
        if self._here >= next(share for start, share in SHARES if self._all >= start):
            self._left_out += 1
            return False
        self._here += 1
        self._all += 1
        return True

    def tell(self) -> None:
        """Say in one line how many were left out, if any were."""
        if self._left_out:
            log.warning(
                "Searching BTF: %d small blobs, too many for one place, were not looked at", self._left_out
            )
