# SPDX-License-Identifier: Apache-2.0
"""A machine that is reset and boots another kernel, while its memory keeps what the first one left in it."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from dumpmaker.machine import Boot

BEFORE = "before"
"""Folder, in a dump's, with what the kernel said that ran in the same memory before."""

Run = Callable[[Boot, Path], None]
"""Boots a kernel in a way, and makes its dump in a folder."""


def make_after_reset(first: Run, first_boot: Boot, second: Run, second_boot: Boot, out: Path) -> None:
    """Boot one kernel, then another one in the same memory, and dump that.

    Where firmware and the second kernel's loader write is not the first one's: they use the lowest 64 MiB.
    """
    before = out / BEFORE
    with tempfile.TemporaryDirectory(prefix=".ram.", dir=out.parent) as folder:
        ram = Path(folder, "ram")
        first(replace(first_boot, ram_file=ram), before)
        for path in (before / "memory.elf", before / "memory.raw"):
            path.unlink()
        second(replace(second_boot, ram_file=ram), out)
