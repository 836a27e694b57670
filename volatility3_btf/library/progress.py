# SPDX-License-Identifier: Apache-2.0
"""A line that tells how far a build is; on a terminal only."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Final, TextIO

_WIDTH: Final = 30
_SECONDS: Final = 0.2


class Progress:
    """A bar on standard error, drawn over itself.

    Args:
        total: how many files there are.
        stream: where it is drawn; nothing is where that is no terminal.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self._stream = stream or sys.stderr
        self._total, self._done, self._failed = total, 0, 0
        self._started = self._drawn = time.monotonic()
        self._is_shown = self._stream.isatty() and total > 0

    def step(self, name: str, is_good: bool) -> None:
        """One more file is done."""
        self._done += 1
        self._failed += not is_good
        now = time.monotonic()
        if self._is_shown and (now - self._drawn >= _SECONDS or self._done == self._total):
            self._drawn = now
            self._stream.write("\r\x1b[K" + self._line(name)[: shutil.get_terminal_size().columns - 1])
            self._stream.flush()

    def end(self) -> None:
        """Leave the line."""
        if self._is_shown:
            self._stream.write("\r\x1b[K")
            self._stream.flush()

    def _line(self, name: str) -> str:
        filled = _WIDTH * self._done // self._total
        left = (time.monotonic() - self._started) / self._done * (self._total - self._done)
        without = f", {self._failed} without a table" if self._failed else ""
        return (
            f"[{'#' * filled}{'.' * (_WIDTH - filled)}] {self._done} of {self._total}{without}, "
            f"{int(left) // 60}:{int(left) % 60:02} left  {name}"
        )
