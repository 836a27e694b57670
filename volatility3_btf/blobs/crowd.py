# SPDX-License-Identifier: Apache-2.0
"""How many blobs that are not sound may claim the same bytes."""

import heapq
import logging

from ..btf import Header
from ..limits import Allowance, Once
from ..memory.memory import Memory
from .blob import Blob
from .plausibility import is_like_a_kernel

log = logging.getLogger(__name__)

MOST_DAMAGED = 8
"""Blobs that are not sound and may claim one and the same byte, before no more of them are looked at."""

MOST_KERNELS_BEHIND = 32
"""Headers that are looked at all the same, since they lead to what starts and ends as a kernel's BTF does."""


class Crowd:
    """The blobs that claim the bytes at hand and are not known to be sound.

    Sound blobs do not overlap, fakes can: without a limit, headers packed side by side that each claim the
    16 MiB behind them would all be read and decoded.
    """

    def __init__(self, memory: Memory) -> None:
        self._memory = memory
        self._ends: list[int] = []
        self._behind = Allowance(MOST_KERNELS_BEHIND)
        self._crowded = Once()

    def add(self, blob: Blob) -> None:
        """Count a blob."""
        heapq.heappush(self._ends, blob.offset + blob.size)

    def admits(self, offset: int, header: Header) -> bool:
        """Whether a blob at `offset` may be looked at; calls go by ascending offset."""
        while self._ends and self._ends[0] <= offset:
            heapq.heappop(self._ends)
        if len(self._ends) < MOST_DAMAGED:
            return True
        has_room = not self._behind.is_used_up
        if has_room and is_like_a_kernel(self._memory, offset, header) and self._behind.take():
            return True
        text = "too many damaged BTF blobs overlap at %#x: more there were not looked at"
        self._crowded.warn(log, text, offset)
        return False
