#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Random mixtures of decoys in the free memory of real dumps: is the honest kernel still the answer?

Everything that is written could be written by an unprivileged process. Each try is identified by its dump and
number, and can be repeated. The table goes into docs/hostile.md.

    tests/decoys.py --tries 300 --write            300 mixtures on each dump
    tests/decoys.py amd64-6.1 --first 17 --tries 1 one of them again
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402
from support.decoys import Ground, mixture  # noqa: E402
from support.overlay import Overlay  # noqa: E402
from volatility3_btf.kernel import Kernel, identify_kernels, identify_running  # noqa: E402

DUMPS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "amd64-6.12-la57", "arm64-6.12", "s390x-6.12")
PAGE_OF_RESULTS = ROOT / "docs" / "hostile.md"
BEGIN, END = "<!-- decoys: begin -->", "<!-- decoys: end -->"
ALL_IN = 5
"""One in so many mixtures is also looked at as by `linux.btfscan`, which spends its time on every kernel."""

WORDS = ("honest", "honest, not exact", "another, not exact", "hidden", "wrong and exact")


@dataclass
class Row:
    """What came of the mixtures on one dump."""

    name: str
    words: Counter[str] = field(default_factory=Counter)
    slowest: float = 0.0


def answer(kernel: Kernel) -> tuple[object, ...]:
    """What must be the honest kernel's: release, places, shift, page tables, first task, types."""
    tables, symbols = kernel.page_tables, kernel.symbols
    return (
        kernel.release,
        kernel.blob.offset,
        kernel.blob.sha256,
        kernel.kaslr_shift,
        kernel.physical_shift,
        None if tables is None else (tables.root, tables.levels),
        None if symbols is None else (symbols.get("init_task"), len(symbols)),
    )


def verdict(kernels: list[Kernel], honest: Kernel) -> str:
    """One of `WORDS`."""
    if not kernels:
        return "hidden"
    first = kernels[0]
    if answer(first) == answer(honest):
        return "honest" if first.state == honest.state else "honest, not exact"
    if first.state == "exact":
        return "wrong and exact"
    return "another, not exact" if first.symbols is not None else "hidden"


def ground_of(name: str, get: Callable[[str], Dump] = cache.dump) -> Ground:
    """A dump to be written into, and the kernels of two others."""
    image = Overlay(get(name).raw)
    others = []
    for other in ("amd64-6.1", "amd64-6.12"):
        if other != name:
            there = Overlay(get(other).raw)
            others.append((there, identify_kernels(there)[0]))
    return Ground(image, identify_kernels(image)[0], others)


def run(name: str, ground: Ground, first: int, tries: int) -> Row:
    """Try mixtures on one dump."""
    row = Row(name)
    started = time.process_time()
    identify_running(ground.image)
    usual = time.process_time() - started
    for number in range(first, first + tries):
        chosen = mixture(ground, random.Random(f"{name} {number}"))
        started = time.process_time()
        word = verdict(identify_running(ground.image), ground.kernel)
        took = time.process_time() - started
        if word == "honest" and number % ALL_IN == 0:
            word = verdict(identify_kernels(ground.image), ground.kernel)
        row.slowest = max(row.slowest, took / usual)
        row.words[word] += 1
        ground.restore()
        if word != "honest" or took > 5:
            print(f"{name} {number}: {word}, {took:.1f} s: {', '.join(chosen)}", flush=True)
    return row


def table(rows: list[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| dump | mixtures | " + " | ".join(WORDS) + " |", "|---|--:|" + "--:|" * len(WORDS)]
    for row in [*rows, Row("**all**", sum((row.words for row in rows), Counter()))]:
        cells = [row.name, str(row.words.total()), *(str(row.words[word] or "") for word in WORDS)]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def main() -> int:
    """Run the mixtures; 1 if a kernel was hidden or a wrong one called exact."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dumps", nargs="*", help=f"dumps to write into (default: {' '.join(DUMPS)})")
    parser.add_argument("--tries", type=int, default=300, help="mixtures on each dump")
    parser.add_argument("--first", type=int, default=0, help="the number of the first one")
    parser.add_argument("--write", action="store_true", help="write the table into docs/hostile.md")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    rows = [run(name, ground_of(name), options.first, options.tries) for name in options.dumps or DUMPS]
    print(table(rows))
    for row in rows:
        print(f"{row.name}: the slowest took {row.slowest:.1f} times as long as without decoys")
    if options.write:
        head, rest = PAGE_OF_RESULTS.read_text().split(BEGIN)
        PAGE_OF_RESULTS.write_text(f"{head}{BEGIN}\n{table(rows)}\n{END}{rest.split(END)[1]}")
    return int(any(row.words["hidden"] or row.words["wrong and exact"] for row in rows))


if __name__ == "__main__":
    sys.exit(main())
