# SPDX-License-Identifier: Apache-2.0
"""A kernel's clock: when it was booted, and what time it had when it was last asked."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timezone
from typing import Final

from ...memory.addresses import Place
from ...memory.memory import Memory
from ..kernel import Kernel
from ..structures import Record, member_at, struct_of

_SECOND: Final = 1_000_000_000  # nanoseconds
_LATEST: Final = 1 << 34
"""Seconds since 1970; some 540 years."""

_SYMBOLS: Final = ("tk_core", "timekeeper_data")
"""What holds the timekeeper; the second from 7.0 on, an array whose first element is the system's clock."""

_BEHIND_COUNT: Final = 8
"""Where the timekeeper lies in a `tk_core` without a type of its own (before 6.13): behind a seqcount."""


@dataclass(frozen=True)
class Clock:
    """The time that a kernel has lived through, in seconds since 1970 by its own clock.

    Attributes:
        booted: when it was booted.
        last: the time at its last tick.
    """

    booted: int
    last: int

    @property
    def uptime(self) -> int:
        """Seconds."""
        return self.last - self.booted

    def is_before(self, other: Clock) -> bool:
        """Whether this one stopped when the other one's kernel was booted, or before.

        A clock is set to the second at boot and drifts, so the two may have lived at once for half of the
        shorter one's time at most.
        """
        both = self.last - other.booted
        later = other.booted > self.booted and other.last > self.last
        return later and 2 * both <= min(self.uptime, other.uptime)


def clock_of(memory: Memory, kernel: Kernel) -> Clock | None:
    """Read a kernel's `struct timekeeper` (include/linux/timekeeper_internal.h); None if that cannot be."""
    place = next((at for at in map(kernel.find, _SYMBOLS) if at is not None), None)
    if place is None:
        return None
    core = struct_of(kernel.blob.types, "tk_data")
    inside = None if core is None else member_at(core, "timekeeper")
    offset = _BEHIND_COUNT if inside is None else inside[0]
    keeper = Record.read(memory, kernel.blob.types, "timekeeper", Place(place + offset))
    if keeper is None:
        return None
    last, real, boot = (keeper.number(name) for name in ("xtime_sec", "offs_real", "offs_boot"))
    if last is None or real is None or boot is None:
        return None
    booted = (_signed(real) - _signed(boot)) // _SECOND
    return Clock(booted, last) if 0 <= booted <= last < _LATEST else None


def date(seconds: int) -> str:
    """A time for a sentence."""
    return datetime.fromtimestamp(seconds, timezone.utc).strftime("%Y-%m-%d %H:%M:%S UTC")


def _signed(value: int) -> int:
    return value - (value >> 63 << 64)
