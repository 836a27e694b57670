# SPDX-License-Identifier: Apache-2.0
"""What a command costs."""

from __future__ import annotations

import os
import subprocess
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Cost:
    """What one run of a command took.

    Attributes:
        elapsed: seconds by the clock.
        processor: seconds of processor time, user and system, children that it waited for included.
        peak: bytes that were resident at most.
    """

    elapsed: float
    processor: float
    peak: int


def run(command: Sequence[str | Path], output: Path | None = None) -> Cost:
    """Run a command to its end and measure it; what it prints goes into a file, if one is given.

    Raises:
        RuntimeError: it failed.
    """
    started = time.monotonic()
    words = [str(word) for word in command]
    with (output or Path(os.devnull)).open("wb") as sink:
        process = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=sink)
        _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{words[0]} ended with {process.returncode}")
    elapsed = time.monotonic() - started
    return Cost(round(elapsed, 2), round(usage.ru_utime + usage.ru_stime, 2), usage.ru_maxrss * 1024)
