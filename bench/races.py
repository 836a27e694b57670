# SPDX-License-Identifier: Apache-2.0
"""Runs contestants in turn and shows what each took, as a table and as JSON."""

from __future__ import annotations

import gc
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Any

Run = Callable[[], object]
"""Does the work once. What it returns is shown, so that one sees it was done, and must not change."""


@dataclass
class Lane:
    """One contestant in a race.

    Attributes:
        name: what is shown.
        run: the work.
        seconds: what each run took, by the clock.
        result: what the work gave.
    """

    name: str
    run: Run
    seconds: list[float] = field(default_factory=list)
    result: object = None

    @property
    def median(self) -> float:
        """Seconds; the middle one of all runs."""
        return statistics.median(self.seconds)


def race(lanes: Sequence[Lane], rounds: int) -> None:
    """Run every lane `rounds` times, in turn, each round starting with another.

    One round before does not count.

    Raises:
        RuntimeError: a lane gave another result than before.
    """
    for number in range(-1, rounds):
        start = max(0, number) % len(lanes)
        for lane in [*lanes[start:], *lanes[:start]]:
            gc.collect()
            begun = time.perf_counter()
            result = lane.run()
            seconds = time.perf_counter() - begun
            if number < 0:
                lane.result = result
                continue
            lane.seconds.append(seconds)
            if result != lane.result:
                raise RuntimeError(f"{lane.name}: {result} after {lane.result}")


def speeds(lanes: Sequence[Lane], size: int, first: str) -> str:
    """A table of medians and gigabytes a second, and each as a multiple of the lane named `first`."""
    base = next(lane.median for lane in lanes if lane.name == first)
    rows = ["| | median | spread | GB/s | × | result |", "|---|--:|--:|--:|--:|---|"]
    for lane in lanes:
        spread = f"{min(lane.seconds):.3f}–{max(lane.seconds):.3f}"
        figures = (
            f"{lane.median:.3f} s | {spread} | {size / lane.median / 1e9:.1f} | {base / lane.median:.1f}"
        )
        rows.append(f"| {lane.name} | {figures} | {lane.result} |")
    return "\n".join(rows)


def machine(*packages: str) -> dict[str, str]:
    """What the figures were measured on."""
    models = [
        line.split(":", 1)[1].strip()
        for line in Path("/proc/cpuinfo").read_text().splitlines()
        if line.startswith("model name")
    ]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return {
        "processor": f"{models[0] if models else platform.machine()}, {os.cpu_count()} threads",
        "memory": f"{memory / (1 << 30):.0f} GiB",
        "system": f"{platform.system()} {platform.release()}, Python {platform.python_version()}",
        "packages": ", ".join(f"{package} {version(package)}" for package in packages),
    }


def as_json(lanes: Sequence[Lane]) -> dict[str, Any]:
    """The lanes' figures, unrounded."""
    return {lane.name: {k: v for k, v in asdict(lane).items() if k != "run"} for lane in lanes}


def write_json(path: Path, content: Mapping[str, Any]) -> None:
    """Write figures to a file."""
    path.write_text(json.dumps(content, indent=1, default=str) + "\n")
