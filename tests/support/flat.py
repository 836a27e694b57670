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


def joined(dump: Dump, ranges: Iterable[Range], path: Path, raw: Path | None = None) -> Path:
    """Ranges of a dump's memory, or of a changed copy of it, one behind the other; zeros become holes."""
    total = 0
    with (raw or dump.raw).open("rb") as source, path.open("wb") as out:
        for start, length in ranges:
            source.seek(start - dump.truth["raw_base"])
            total += length
            while length:
                block = source.read(min(BLOCK, length))
                assert block, "the range ends behind the image"
                length -= len(block)
                if block.count(0) < len(block):
                    out.write(block)
                else:
                    out.seek(len(block), os.SEEK_CUR)
        out.truncate(total)
    return path


def behind_the_kernel(dump: Dump, at_least: int) -> int:
    """Where an image may be cut with the kernel's own image still in it, wherever that lies.

    Args:
        dump: a guest that told what lies where.
        at_least: the lowest physical address that will do; the end of the kernel, to the next MiB, if that is
            higher.
    """
    lines = [line for line in dump.truth["iomem_kernel"] if line.endswith(" : Kernel bss")]
    ends = [int(line.split(" : ")[0].split("-")[1], 16) + 1 for line in lines]
    symbols = dict(reversed(line.split()[::2]) for line in dump.kallsyms.read_text().splitlines())
    behind_bss = int(symbols["_end"], 16) - int(symbols["__bss_stop"], 16)
    return max(at_least, -(-(max(ends) + behind_bss) // BLOCK) * BLOCK)


def shortened(dump: Dump, length: int, path: Path) -> Path:
    """The first bytes of a dump's flat image."""
    subprocess.run(["cp", "--sparse=always", str(dump.raw), str(path)], check=True)
    os.truncate(path, length)
    return path
