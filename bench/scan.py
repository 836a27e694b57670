#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What searching an image costs, beside Volatility's own scanners and the plain reading of the file.

    bench/scan.py                              512 MiB, 2 GiB and 8 GiB without a hole, in the page cache
    bench/scan.py --sizes 2G --forms elf       one size; raw, and ELF core beside it

All lanes run in one process and in turn, on the same raw file:

    find_kernel_btf  what linux.btfscan does: both byte orders, and kernels' BTF decoded whole
    find_btf         what linux.btfscan --all starts from: every blob decoded
    find             three bytes of BTF's signature, every occurrence
    BytesScanner, RegExScanner  Volatility's, the same three bytes
    read             the mapped file summed by numpy: about what the machine can do

and find_kernel_btf once more, timed step by step.

Then find_btf on LiME and ELF cores beside the raw file, up to 2 GiB (three of 8 GiB fit no page cache), and
the peak memory of `vol linux.btfscan`, of the processes it searches with too. Images of more than 2 GiB are
deleted again.
"""

from __future__ import annotations

import argparse
import functools
import importlib.metadata
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import inputs  # noqa: E402
import races  # noqa: E402
import report  # noqa: E402
import steps  # noqa: E402

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402
from parity import measure  # noqa: E402

SIGNATURE = b"\x9f\xeb\x01"
RATIO = 8  # times as fast as BytesScanner
LIMIT = 0.8  # of the speed of plain reading
FORM = 1.2  # of what a raw file takes
LINEAR = 1.2  # of what a byte of a smaller file takes
MOST_MEMORY = 140  # MB
SPARSE = 64 << 30
KEPT, FORMS_UP_TO = 2 << 30, 2 << 30


@contextmanager
def image(dump: Dump, size: int, form: str = "raw") -> Iterator[Path]:
    """An image in the page cache; a large one that was not there before is deleted again."""
    there = set(inputs.folder().iterdir())
    path = inputs.dense(dump, size, form)
    inputs.into_page_cache(path)
    try:
        yield path
    finally:
        if size > KEPT and path not in there:
            path.unlink()


def lanes_of(path: Path) -> list[races.Lane]:
    """The contestants, on one image file."""
    import numpy as np
    from volatility3.framework import contexts, interfaces
    from volatility3.framework.layers import physical, scanners

    from volatility3_btf import open_memory
    from volatility3_btf.blobs.scan import find_kernel_btf

    context = contexts.Context()
    context.config["file.location"] = path.as_uri()
    context.add_layer(physical.FileLayer(context, "file", "file"))
    layer = context.layers["file"]

    def scan(scanner: interfaces.layers.ScannerInterface) -> str:
        return f"{sum(1 for _ in layer.scan(context, scanner))} matches"

    def kernels() -> str:
        with open_memory(path) as memory:
            return f"{sum(1 for _ in find_kernel_btf(memory))} kernels"

    def find() -> str:
        with open_memory(path) as memory:
            return f"{sum(1 for _ in memory.find(SIGNATURE))} matches"

    def read() -> str:
        return f"sum {np.memmap(path, dtype=np.uint64, mode='r').sum():#x}"

    return [
        races.Lane("find_kernel_btf", kernels),
        races.Lane("find_btf", functools.partial(blobs, path)),
        races.Lane("find", find),
        races.Lane("BytesScanner", lambda: scan(scanners.BytesScanner(SIGNATURE))),
        races.Lane("RegExScanner", lambda: scan(scanners.RegExScanner(SIGNATURE))),
        races.Lane("read", read),
    ]


def blobs(path: Path) -> str:
    """Find all BTF of an image."""
    from volatility3_btf import find_btf, open_memory

    with open_memory(path) as memory:
        return f"{sum(1 for _ in find_btf(memory))} blobs"


def raw(dump: Dump, size: int, rounds: int) -> tuple[report.Section, dict[str, float]]:
    """The race on a raw file; the medians by name too."""
    with image(dump, size) as path:
        lanes = lanes_of(path)
        races.race(lanes, rounds)
        taken = steps.medians(lanes[0].run, rounds)
    medians = {lane.name: lane.median for lane in lanes}
    targets = []
    for name in ("find_kernel_btf", "find_btf"):
        targets += [
            report.Target(f"BytesScanner / {name}", medians["BytesScanner"] / medians[name], "≥", RATIO),
            report.Target(f"read / {name}", medians["read"] / medians[name], "≥", LIMIT),
        ]
    text = f"Raw file without a hole, in the page cache; {rounds} rounds."
    text += f"\n\n{races.speeds(lanes, size, 'BytesScanner')}\n\n{steps.table(taken)}"
    title = f"Search, {size >> 20} MiB"
    command = f"bench/scan.py --sizes {size >> 20}M --rounds {rounds}"
    return report.Section(title, command, text, targets, {**races.as_json(lanes), "steps": taken}), medians


def form(dump: Dump, size: int, name: str, rounds: int) -> tuple[list[str], report.Target, dict[str, object]]:
    """The race of another form beside a raw file: a row of a table, the target, and all figures."""
    with image(dump, size) as plain, image(dump, size, name) as other:
        lanes = [
            races.Lane("raw", functools.partial(blobs, plain)),
            races.Lane(name, functools.partial(blobs, other)),
        ]
        races.race(lanes, rounds)
    base, its = (lane.median for lane in lanes)
    what = f"{size >> 20} MiB, {name}"
    row = [what, f"{its:.3f} s", f"{base:.3f} s", f"{its / base:.2f}", str(lanes[1].result)]
    return row, report.Target(f"{what} / raw", its / base, "≤", FORM), {what: races.as_json(lanes)}


def forms(dump: Dump, sizes: list[int], names: list[str], rounds: int) -> report.Section:
    """All other forms, in all sizes that fit."""
    rows, targets, figures = [], [], {}
    for size in (size for size in sizes if size <= FORMS_UP_TO):
        for name in names:
            row, target, measured = form(dump, size, name, rounds)
            rows.append(row)
            targets.append(target)
            figures.update(measured)
    text = f"`find_btf`; {rounds} rounds.\n\n"
    text += report.table(["file", "median", "raw", "×", "found"], rows)
    command = f"bench/scan.py --forms {' '.join(names)} --rounds {rounds}"
    return report.Section("Search, other forms", command, text, targets, figures)


def growth(medians: dict[int, dict[str, float]]) -> list[report.Target]:
    """Whether cost grows linearly from the second size to the largest; in the smallest the start counts."""
    sizes = sorted(medians)[1:]
    if len(sizes) < 2:
        return []
    small, large = sizes[0], sizes[-1]
    return [
        report.Target(
            f"{name}: a byte of {large >> 20} MiB / a byte of {small >> 20} MiB",
            medians[large][name] / large * small / medians[small][name],
            "≤",
            LINEAR,
        )
        for name in ("find_kernel_btf", "find_btf")
    ]


def peak(path: Path) -> float:
    """Megabytes that `vol linux.btfscan` has resident at most."""
    command: list[str | Path] = [Path(sys.executable).with_name("vol"), "-q", "-f", path]
    if not any(importlib.metadata.Distribution.discover(name="volatility3-btf")):  # the checkout's own
        os.environ["PYTHONPATH"] = str(CHECKOUT)
        command += ["-p", CHECKOUT / "plugins"]
    return measure.run([*command, "linux.btfscan"]).peak / 1e6


def peak_of_children(path: Path) -> tuple[int, float]:
    """How many processes a search has, and the most megabytes that one of them has resident."""
    from volatility3_btf import open_memory

    seen: dict[int, int] = {}

    def look(done: float, what: str) -> None:
        for pid in Path(f"/proc/self/task/{os.getpid()}/children").read_text().split():
            for line in Path(f"/proc/{pid}/status").read_text().splitlines():
                if line.startswith("VmHWM:"):
                    seen[int(pid)] = int(line.split()[1]) << 10

    with open_memory(path) as memory:
        list(memory.search([SIGNATURE], progress=look))
    return len(seen), max(seen.values(), default=0) / 1e6


def memory(dump: Dump, sizes: list[int]) -> report.Section:
    """Peak memory by size."""
    rows, targets, figures = [], [], {}
    for size in [*sizes, SPARSE]:
        what = f"{size >> 20} MiB" if size < SPARSE else "64 GiB, sparse"
        if size < SPARSE:
            with image(dump, size) as path:
                whole, (count, each) = peak(path), peak_of_children(path)
        else:
            path = inputs.sparse(dump, size)
            whole, (count, each) = peak(path), peak_of_children(path)
            path.unlink()
        rows.append([what, f"{whole:.0f} MB", f"{count} × {each:.0f} MB"])
        targets.append(report.Target(f"{what}: peak", whole, "≤", MOST_MEMORY, "MB"))
        figures[what] = {"whole": whole, "children": count, "child": each}
    text = (
        "`vol linux.btfscan`, whole process; and the processes it searches with, of which most is shared.\n\n"
    )
    text += report.table(["file", "peak", "children"], rows)
    return report.Section("Search, memory", "bench/scan.py", text, targets, figures)


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--sizes", nargs="+", type=inputs.size_of, default=[512 << 20, 2 << 30, 8 << 30])
    p.add_argument("--forms", nargs="*", choices=sorted({*inputs.FORMS} - {"raw"}), default=["lime", "elf"])
    p.add_argument("--dump", default="amd64-6.12", choices=cache.RECIPES, help="what the images are made of")
    p.add_argument("--rounds", type=int, default=5)
    report.add_options(p)
    args = p.parse_args()
    dump = cache.dump(args.dump)
    sizes = [size for size in args.sizes if inputs.has_room(dump, size)]
    if left := set(args.sizes) - set(sizes):
        print(f"no room on this disk for {sorted(size >> 20 for size in left)} MiB", file=sys.stderr)
    medians: dict[int, dict[str, float]] = {}
    sections = []
    for size in sizes:
        section, medians[size] = raw(dump, size, args.rounds)
        sections.append(section)
    sections[-1].targets += growth(medians)
    if args.forms:
        sections.append(forms(dump, sizes, args.forms, args.rounds))
    sections.append(memory(dump, [size for size in sizes if size <= KEPT]))
    sys.exit(report.show(sections, args))


if __name__ == "__main__":
    main()
