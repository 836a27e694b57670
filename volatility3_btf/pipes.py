# SPDX-License-Identifier: Apache-2.0
"""Output whose reader leaves before its end, as `| head` does."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterator
from typing import Final

from .system import reader_is_gone

LEFT_ALONE: Final = 141
"""The exit code that shells give a program which a closed pipe ended (128 and the number of SIGPIPE)."""


@contextlib.contextmanager
def reader_may_leave() -> Iterator[None]:
    """Write to the standard output; where its reader is gone, end the process without a word, as `cat` does.

    Raises:
        SystemExit: the reader is gone. What was not written yet is dropped.
    """
    try:
        yield
        sys.stdout.flush()
    except OSError as error:
        if not reader_is_gone(error, sys.stdout):
            raise
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())  # Python writes the rest of its buffer when it ends
        os.close(nowhere)
        raise SystemExit(LEFT_ALONE) from error
