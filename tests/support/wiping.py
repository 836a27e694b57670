# SPDX-License-Identifier: Apache-2.0
"""Copies of dumps from which something is missing."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

from dumpmaker.cache import Dump
from volatility3_btf import open_memory

NOTE = 4096  # bytes; VMCOREINFO is one page at most


def without_vmcoreinfo(dump: Dump, target: Path) -> Path:
    """A copy of the raw image in which every VMCOREINFO text is zeros."""
    shutil.copyfile(dump.raw, target)
    with open(target, "r+b") as image:
        for offset in open_memory(dump.raw).find(b"OSRELEASE="):
            image.seek(offset)
            length = image.read(NOTE).find(b"\0")
            image.seek(offset)
            image.write(bytes(NOTE if length < 0 else length))
    return target


def wiped(dump: Dump, target: Path, offset: int, length: int) -> Path:
    """A copy of the raw image, holes and all, with zeros in one place."""
    subprocess.run(["cp", "--sparse=always", str(dump.raw), str(target)], check=True)
    with target.open("r+b") as image:
        image.seek(offset)
        image.write(bytes(length))
    return target
