#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Finding a kernel's BTF, beside mquire: the search alone, and the whole command.

    bench/beside_mquire.py                      the search in 512 MiB, 2 GiB and 8 GiB of raw file
    bench/beside_mquire.py --sizes 2G --rounds 9

The search: `find_kernel_btf` of this package, which looks for both byte orders, and mquire's own, which looks
for one; each opens the image anew and goes over all of it. The command: `vol linux.btfscan` and
`mquire query … "SELECT * FROM os_version"`, and what `vol` takes to start at all, `vol --help`. Without
cargo, which builds mquire, ours run alone.
"""

from __future__ import annotations

import argparse
import functools
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import contest  # noqa: E402
import inputs  # noqa: E402
import mquire  # noqa: E402
import races  # noqa: E402
import report  # noqa: E402
import venvs  # noqa: E402

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402

FASTER = 5  # times as fast as mquire's search
OVER_START = 0.5  # seconds that linux.btfscan takes more than `vol --help`
QUERY = "SELECT * FROM os_version"
SMALL = 512 << 20


def search(dump: Dump, sizes: list[int], rounds: int) -> report.Section:
    """Race the search alone, size by size."""
    rows, wanted, figures = [], [], {}
    finder = mquire.Search()
    try:
        for size in sizes:
            if not inputs.has_room(dump, size):
                rows.append([f"{size >> 20} MiB: no room on this disk", *["–"] * 6])
                continue
            image = inputs.dense(dump, size)
            inputs.into_page_cache(image)
            lanes = [races.Lane("ours", functools.partial(_ours, image)), finder.lane(image)]
            races.race(lanes, rounds)
            mine, theirs = lanes
            ratio = theirs.median / mine.median
            rows += [_row(size, lane, lane.median / mine.median) for lane in lanes]
            wanted.append(report.Target(f"{size >> 20} MiB: mquire / ours", ratio, "≥", FASTER))
            figures[str(size)] = races.as_json(lanes)
    finally:
        finder.close()
    header = ["raw file", "", "median", "spread", "GB/s", "×", "found"]
    body = f"{mquire.version()}; files without a hole, in the page cache; {rounds} rounds."
    text = f"{body}\n\n{report.table(header, rows)}"
    return report.Section("Search, beside mquire's", _command(sizes, rounds), text, wanted, figures)


def whole(dump: Dump, sizes: list[int], rounds: int) -> report.Section:
    """Race the whole commands on the smallest size."""
    image = inputs.dense(dump, SMALL)
    inputs.into_page_cache(image)
    with tempfile.TemporaryDirectory() as name:
        vol = functools.partial(venvs.words, venvs.ours(), Path(name))
        lanes = [
            contest.Entrant("vol --help", lambda: vol("--help")),
            contest.Entrant("vol linux.btfscan", lambda: vol("-f", image, "linux.btfscan")),
        ]
        note = ""
        try:
            program = mquire.program()
            lanes.append(contest.Entrant("mquire os_version", lambda: [program, "query", image, QUERY]))
        except mquire.MissingError as error:
            note = f"\n\n{error}"
        contest.contest(lanes, rounds)
    start, ours, *_ = lanes
    over = ours.median("elapsed") - start.median("elapsed")
    target = report.Target("linux.btfscan over vol --help", over, "≤", OVER_START, "s")
    text = f"{SMALL >> 20} MiB of raw file, in the page cache; {rounds} rounds."
    text += f"\n\n{contest.costs_table(lanes, ours)}{note}"
    figures = contest.figures(lanes)
    return report.Section("Whole commands", _command(sizes, rounds), text, [target], figures)


def _ours(image: Path) -> str:
    from volatility3_btf import open_memory
    from volatility3_btf.blobs.scan import find_kernel_btf

    with open_memory(image) as memory:
        return f"{sum(1 for _ in find_kernel_btf(memory))} kernels"


def _row(size: int, lane: races.Lane, ratio: float) -> list[str]:
    spread = f"{min(lane.seconds):.3f}–{max(lane.seconds):.3f}"
    speed = f"{size / lane.median / 1e9:.1f}"
    return [
        f"{size >> 20} MiB",
        lane.name,
        f"{lane.median:.3f} s",
        spread,
        speed,
        f"{ratio:.1f}",
        str(lane.result),
    ]


def _command(sizes: list[int], rounds: int) -> str:
    named = " ".join(f"{size >> 20}M" for size in sizes)
    return f"bench/beside_mquire.py --sizes {named} --rounds {rounds}"


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", nargs="+", type=inputs.size_of, default=[512 << 20, 2 << 30, 8 << 30])
    p.add_argument("--dump", default="amd64-6.12", choices=cache.RECIPES, help="what the images are made of")
    p.add_argument("--rounds", type=int, default=5)
    report.add_options(p)
    args = p.parse_args()
    dump = cache.dump(args.dump)
    sections = [whole(dump, args.sizes, args.rounds)]
    try:
        sections.append(search(dump, args.sizes, args.rounds))
    except mquire.MissingError as error:
        print(error)
    sys.exit(report.show(sections, args))


if __name__ == "__main__":
    main()
