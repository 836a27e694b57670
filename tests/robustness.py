#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What is still found when an image is damaged: the matrix of docs/robustness.md.

`make robustness` runs it. Each cell damages a real dump in one way, several times in other random places, and
judges what is found by what the guest said of itself: its /proc/kallsyms and its /sys/kernel/btf/vmlinux. The
image is damaged in memory only; its file stays as it is.

    tests/robustness.py --write                    everything, into docs/robustness.md
    tests/robustness.py amd64-6.1 --only wiped     some of it, printed
"""

from __future__ import annotations

import argparse
import logging
import random
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402
from support.damages import CELLS, NOTE, Cell, Target, ranges_of  # noqa: E402
from support.overlay import Overlay  # noqa: E402
from support.verdicts import Truth, Verdict, judge  # noqa: E402
from volatility3_btf.kernel import identify_kernels  # noqa: E402

DUMPS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "amd64-6.1-torn")
PAGE_OF_RESULTS = ROOT / "docs" / "robustness.md"
BEGIN, END = "<!-- matrix: begin -->", "<!-- matrix: end -->"


@dataclass
class Row:
    """The verdicts of one cell, on all dumps."""

    cell: Cell
    verdicts: list[Verdict]

    def count(self, word: str) -> int:
        """How many tries came to this."""
        return sum(verdict.word == word for verdict in self.verdicts)

    def cells(self) -> list[str]:
        """The row of the table."""
        partial = [verdict for verdict in self.verdicts if verdict.word == "partial"]
        false = sum(verdict.false for verdict in partial)
        states = Counter(verdict.state for verdict in self.verdicts)
        return [
            self.cell.group,
            self.cell.name,
            str(len(self.verdicts)),
            *(str(self.count(word) or "") for word in WORDS),
            span(verdict.types for verdict in partial),
            span(verdict.symbols for verdict in partial),
            str(false or ""),
            ", ".join(f"{state} {count}" for state, count in states.most_common()),
        ]


def span(shares: Iterable[float]) -> str:
    """The least and the most of some shares, in percent."""
    values = [100 * share for share in shares]
    if not values:
        return ""
    low, high = f"{min(values):.1f}", f"{max(values):.1f}"
    return low if low == high else f"{low} to {high}"


WORDS = ("right", "partial", "failed", "unseen", "wrong")
HEADINGS = ("damage", "how much", "tried", *WORDS)
HEADINGS += ("structs, %", "symbols, %", "false in partial", "states")


def target_of(dump: Dump) -> Target:
    """A dump, opened to be damaged."""
    image = Overlay(dump.raw)
    kernel = identify_kernels(image)[0]
    return Target(
        image,
        kernel,
        ranges_of(image, b"OSRELEASE=", NOTE),
        ranges_of(image, b"Linux version ", 512),
        dump.earlier if dump.earlier.exists() else None,
    )


def try_cell(cell: Cell, target: Target, truth: Truth, seed: str) -> Verdict:
    """Damage the image, look, judge, and make it whole again."""
    try:
        cell.damage(target, random.Random(seed))
        verdict = judge(identify_kernels(target.image), truth)
        unseen = verdict.word == "wrong" and cell.group == "bits flipped"
        return replace(verdict, word="unseen") if unseen else verdict
    finally:
        target.image.restore()


def run(names: Sequence[str], cells: Sequence[Cell], seeds: int) -> list[Row]:
    """All cells on all dumps."""
    rows = {cell: Row(cell, []) for cell in cells}
    for name in names:
        dump = cache.dump(name)
        truth = Truth(dump.kallsyms, dump.folder / "btf" / "vmlinux")
        target = target_of(dump)
        for cell in cells:
            if cell.group == "torn" and target.earlier is None:
                continue
            for seed in range(min(seeds, cell.seeds)):
                started = time.process_time()
                verdict = try_cell(cell, target, truth, f"{name} {cell.group} {cell.name} {seed}")
                rows[cell].verdicts.append(verdict)
                took = time.process_time() - started
                print(f"{name}, {cell.group} {cell.name}, {seed}: {verdict} {took:.1f} s", flush=True)
    return [row for row in rows.values() if row.verdicts]


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown."""
    lines = ["| " + " | ".join(HEADINGS) + " |", "|" + "---|" * len(HEADINGS)]
    lines += ["| " + " | ".join(row.cells()) + " |" for row in rows]
    totals = [str(sum(row.count(word) for row in rows)) for word in WORDS]
    tried = str(sum(len(row.verdicts) for row in rows))
    lines.append("| **all** | | " + " | ".join([tried, *totals]) + " | | | | |")
    return "\n".join(lines)


def publish(text: str) -> None:
    """Put the table between the markers of the page."""
    page = PAGE_OF_RESULTS.read_text()
    head, rest = page.split(BEGIN)
    tail = rest.split(END)[1]
    PAGE_OF_RESULTS.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def main() -> int:
    """Run the matrix; 1 if anything wrong was called sound, or a cell that must be complete is not."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("dumps", nargs="*", help=f"dumps to damage (default: {' '.join(DUMPS)})")
    parser.add_argument("--only", default="", help="cells whose name contains this")
    parser.add_argument("--seeds", type=int, default=100, help="tries of each cell, at most")
    parser.add_argument("--write", action="store_true", help="write the table into docs/robustness.md")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    cells = [cell for cell in CELLS if options.only in f"{cell.group} {cell.name}"]
    rows = run(options.dumps or DUMPS, cells, options.seeds)
    text = table(rows)
    print(text)
    if options.write:
        publish(text)
    broken = [row for row in rows if row.cell.complete and row.count("right") < len(row.verdicts)]
    for row in broken:
        print(f"not complete: {row.cell}", file=sys.stderr)
    return 1 if broken or any(row.count("wrong") for row in rows) else 0


if __name__ == "__main__":
    sys.exit(main())
