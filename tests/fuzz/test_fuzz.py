# SPDX-License-Identifier: Apache-2.0
"""Two seconds of fuzzing for each reader, and every input that ever broke a reader."""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

import pytest

from fuzz.targets import TARGETS

HERE = Path(__file__).resolve().parent
SECONDS = 2  # for each target
CRASHERS = sorted(HERE.glob("crashers/*/*"))


@pytest.mark.slow
def test_no_input_breaks_a_reader(tmp_path: Path) -> None:
    command = [sys.executable, str(HERE / "run.py"), "all", f"-max_total_time={SECONDS}"]
    done = subprocess.run(
        command, cwd=tmp_path, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout
    executed = dict(re.findall(r"^(\w+): (\d+) executions, sound$", done.stdout, re.MULTILINE))
    assert executed.keys() == TARGETS.keys()
    assert all(int(count) > 20 for count in executed.values())
    print(f"{sum(map(int, executed.values()))} executions")


@pytest.mark.parametrize("path", CRASHERS, ids=lambda path: f"{path.parent.name}/{path.name}")
def test_what_once_broke_a_reader(path: Path) -> None:
    started = time.monotonic()
    TARGETS[path.parent.name].run(path.read_bytes())
    assert time.monotonic() - started < 10


@pytest.mark.parametrize("name", TARGETS)
def test_the_seeds_are_read(name: str) -> None:
    """A seed that no reader takes for what it is would fuzz the first line only."""
    for seed in TARGETS[name].seeds():
        TARGETS[name].run(seed)
        assert 0 < len(seed) <= TARGETS[name].longest
