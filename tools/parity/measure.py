# SPDX-License-Identifier: Apache-2.0
"""What a command costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
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

    A small process of its own starts it: a child's peak memory starts with its parent's (kernel:
    fs/exec.c, exec_mmap).

    Raises:
        RuntimeError: it failed.
    """
    with tempfile.NamedTemporaryFile() as report, (output or Path(os.devnull)).open("wb") as sink:
        words = [sys.executable, "-S", __file__, report.name, *map(str, command)]
        code = subprocess.run(words, stdin=subprocess.DEVNULL, stdout=sink, check=False).returncode
        if code:
            raise RuntimeError(f"{command[0]} ended with {code}")
        return Cost(**json.load(report))


def main() -> int:
    """Run the command given behind the name of a file, write there what it cost, and end as it did."""
    report, *words = sys.argv[1:]
    started = time.monotonic()
    process = subprocess.Popen(words)
    _, status, usage = os.wait4(process.pid, 0)
    elapsed = time.monotonic() - started
    processor = usage.ru_utime + usage.ru_stime
    cost = {"elapsed": round(elapsed, 3), "processor": round(processor, 3), "peak": usage.ru_maxrss * 1024}
    Path(report).write_text(json.dumps(cost))
    process.returncode = os.waitstatus_to_exitcode(status)
    return min(abs(process.returncode), 255)


if __name__ == "__main__":
    sys.exit(main())
