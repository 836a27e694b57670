# SPDX-License-Identifier: Apache-2.0
"""Flat images that are not laid out by physical address, written from a dump's."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterable
from pathlib import Path

from dumpmaker.cache import Dump
from support.images import Range

BLOCK = 1 << 20
PAGE = 4096


def system_ram(dump: Dump) -> list[Range]:
    """The guest's ranges of System RAM, as its /proc/iomem printed them: physical start, length."""
    lines = "\n".join(dump.truth["iomem_kernel"])
    found = re.findall(r"^([0-9a-f]+)-([0-9a-f]+) : System RAM$", lines, re.MULTILINE)
    return [(int(first, 16), int(last, 16) + 1 - int(first, 16)) for first, last in found]


def in_pages(ranges: Iterable[Range]) -> list[Range]:
    """The ranges, widened to whole pages."""
    ends = [(start // PAGE * PAGE, -(-(start + length) // PAGE) * PAGE) for start, length in ranges]
    return [(start, end - start) for start, end in ends]


def joined(dump: Dump, ranges: Iterable[Range], path: Path) -> Path:
    """Ranges of a dump's memory one behind the other; blocks of zeros become holes."""
    total = 0
    with dump.raw.open("rb") as source, path.open("wb") as out:
        for start, length in ranges:
            source.seek(start - dump.truth["raw_base"])
            total += length
            while length:
                block = source.read(min(BLOCK, length))
                assert block, "the range ends behind the image"
                length -= len(block)
                if any(block):
                    out.write(block)
                else:
                    out.seek(len(block), os.SEEK_CUR)
        out.truncate(total)
    return path


def shortened(dump: Dump, length: int, path: Path) -> Path:
    """The first bytes of a dump's flat image."""
    subprocess.run(["cp", "--sparse=always", str(dump.raw), str(path)], check=True)
    os.truncate(path, length)
    return path
