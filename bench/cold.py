#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What an answer costs where the image must come from the disk, beside a plain read of it.

    bench/cold.py                    8 GiB without a hole
    bench/cold.py --size 2G --rounds 5

Before each command the image is dropped from the page cache (POSIX_FADV_DONTNEED), so that each byte that is
looked at is read from the disk. Contestants, in turn, each a whole command:

    plain read      cat, into nothing
    first run       linux.pslist, nothing prepared, a new home folder each time
    later run       the same, with an earlier run's table
    linux.btfscan   the kernel's BTF alone
"""

from __future__ import annotations

import argparse
import itertools
import os
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import contest  # noqa: E402
import inputs  # noqa: E402
import report  # noqa: E402
import venvs  # noqa: E402

from dumpmaker import cache  # noqa: E402

LIMIT = 1.25
"""Times a plain read that a first answer may take."""


def dropped(image: Path, words: Sequence[str | Path]) -> Sequence[str | Path]:
    """A command, before which a file is dropped from the page cache."""
    descriptor = os.open(image, os.O_RDONLY)
    try:
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
    finally:
        os.close(descriptor)
    return words


def entrants(image: Path, root: Path) -> list[contest.Entrant]:
    """The contestants, the plain read first."""
    ours, numbers = venvs.ours(), itertools.count()
    later, scan = root / "later", root / "scan"

    def vol(home: Path, plugin: str) -> Sequence[str | Path]:
        home.mkdir(exist_ok=True)
        return dropped(image, venvs.words(ours, home, "-f", image, plugin))

    return [
        contest.Entrant("plain read", lambda: dropped(image, ["dd", f"if={image}", "of=/dev/null", "bs=4M"])),
        contest.Entrant("first run", lambda: vol(root / f"first-{next(numbers)}", "linux.pslist")),
        contest.Entrant("later run", lambda: vol(later, "linux.pslist")),
        contest.Entrant("linux.btfscan", lambda: vol(scan, "linux.btfscan")),
    ]


def race(size: int, rounds: int) -> report.Section:
    """Race on an image of this size."""
    image = inputs.dense(cache.dump("amd64-6.1"), size)
    with tempfile.TemporaryDirectory(dir=inputs.folder()) as root:
        lanes = entrants(image, Path(root))
        contest.contest(lanes, rounds)
    read, first, *_ = lanes
    wanted = [
        report.Target("first run / plain read", first.median("elapsed") / read.median("elapsed"), "≤", LIMIT)
    ]
    text = f"{size >> 20} MiB, dropped from the page cache before each command; {rounds} rounds. × is of a "
    text += f"plain read.\n\n{contest.costs_table(lanes, read)}"
    command = f"bench/cold.py --size {size >> 20}M --rounds {rounds}"
    return report.Section("Cold", command, text, wanted, contest.figures(lanes))


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--size", type=inputs.size_of, default="8G", help="512M, 2G, 8G, …")
    p.add_argument("--rounds", type=int, default=3)
    report.add_options(p)
    args = p.parse_args()
    sys.exit(report.show([race(args.size, args.rounds)], args))


if __name__ == "__main__":
    main()
