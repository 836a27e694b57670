# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a run says beside its rows: warnings of plugins, of the framework, of this project."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Iterator
from typing import Final

from ...vol.lines import one_line

SOURCES: Final = ("volatility3", "volatility3_btf")
"""The loggers whose lines are for the analyst."""

MOST_LINES: Final = 100
"""Different lines that are kept of one run."""


class Listener(logging.Handler):
    """Keeps the lines that this thread's work logs at the level of a warning or above, each once.

    Attributes:
        lines: them, in order.
        more: how many lines there were beyond `MOST_LINES`.
    """

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []
        self.more = 0
        self._thread = threading.get_ident()

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        if record.thread != self._thread:
            return
        line = one_line(record.getMessage())
        if line in self.lines:
            return
        if len(self.lines) < MOST_LINES:
            self.lines.append(line)
        else:
            self.more += 1

    def told(self) -> tuple[str, ...]:
        """All that was said; the last line counts what was left out."""
        more = (f"and {self.more} more lines",) if self.more else ()
        return (*self.lines, *more)


@contextlib.contextmanager
def listening() -> Iterator[Listener]:
    """Keep what is logged as long as the context lasts.

    The lines go to the analyst with the rows, so that Python's own handler of last resort does not write them
    on stderr too; handlers of the user's own still get them.
    """
    listener = Listener()
    loggers = [logging.getLogger(name) for name in SOURCES]
    for logger in loggers:
        logger.addHandler(listener)
    try:
        yield listener
    finally:
        for logger in loggers:
            logger.removeHandler(listener)
