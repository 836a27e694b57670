#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Where the time of a `vol` command goes: `bench/where.py -f memory.raw linux.pslist`.

Runs it with Python's profiler, and shows what each step takes, all that it calls included. The profiler makes
Python code slower than C code, so read shares, not seconds. What the command prints goes to stderr.
"""

from __future__ import annotations

import contextlib
import cProfile
import pstats
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]

STEPS = {
    "vol": ("cli/__init__.py", "main"),
    "Volatility loads every plugin": ("framework/__init__.py", "import_files"),
    "is there any Linux": ("vol/glance.py", "glance_at"),
    "search for BTF, identify the kernel": ("vol/decision.py", "running_kernel"),
    "identify the kernel": ("kernel/identify.py", "identify_kernels"),
    "numpy is loaded": ("numpy/__init__.py", "<module>"),
    "store the table": ("vol/decision.py", "source_for"),
    "Volatility constructs layers and tables": ("automagic/construct_layers.py", "__call__"),
    "Volatility's own automagic": ("automagic/stacker.py", "__call__"),
    "the symbol table as a document": ("isf/document.py", "build_isf"),
    "declarations of the kernel's globals": ("isf/declarations.py", "match"),
    "JSON and compression": ("isf/document.py", "to_bytes"),
    "the plugin's rows": ("renderers/__init__.py", "populate"),
}
"""Step → end of the file's path, and function."""

Function = tuple[str, int, str]


def steps(stats: Mapping[Function, Any]) -> dict[str, float]:
    """Seconds of each step that was taken."""
    found = {}
    for step, (path, name) in STEPS.items():
        seconds = [row[3] for function, row in stats.items() if is_named(function, path, name)]
        if seconds:
            found[step] = max(seconds)
    return found


def is_named(function: Function, path: str, name: str) -> bool:
    """Whether a function is the one of this name in a file whose path has this end."""
    return function[2] == name and function[0].endswith("/" + path)


def main() -> None:
    """Entry point."""
    sys.path.insert(0, str(CHECKOUT))
    sys.argv[0] = "vol"
    profile = cProfile.Profile()
    with contextlib.redirect_stdout(sys.stderr), contextlib.suppress(SystemExit):
        profile.runcall(_vol)
    stats: Any = pstats.Stats(profile)
    found = steps(stats.stats)
    print("| step, all that it calls included | seconds | share |\n|---|--:|--:|")
    for step, seconds in found.items():
        print(f"| {step} | {seconds:.2f} | {100 * seconds / found['vol']:.0f} % |")


def _vol() -> None:
    from volatility3.cli import main as vol

    vol()


if __name__ == "__main__":
    main()
