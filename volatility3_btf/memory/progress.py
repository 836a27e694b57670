# SPDX-License-Identifier: Apache-2.0
"""How far a search is, told to whoever asked for it."""

from __future__ import annotations

from collections.abc import Callable

Progress = Callable[[float, str], None]
"""Takes a percentage (0–100) and what is being done; Volatility's own callbacks fit."""


class Teller:
    """Tells a callback how far a search is, in steps of a hundredth."""

    def __init__(self, progress: Progress | None, what: str, start: int, stop: int) -> None:
        self._progress, self._what, self._start = progress, what, start
        self._total = max(1, stop - start)
        self._next = 0.0

    def __call__(self, offset: int) -> None:
        """The search has come to this address."""
        done = min(100.0, 100 * (offset - self._start) / self._total)
        if self._progress is not None and done >= self._next:
            self._next = min(100.0, done + 1)
            self._progress(done, self._what)
