#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a symbol table costs: from the dump with ours, from the debug package with dwarf2json.

    bench/symbol_table.py             of a 6.1 kernel
    bench/symbol_table.py 7 --runs 5

Both make the table of the same kernel, alternately, each as a process of its own. Ours is the whole command
`vol -f dump linux.btfisf`, Volatility's own start included, with the dump in the page cache; dwarf2json reads
the vmlinux of the debug package, unpacked and in the page cache. Medians of processor time and peak memory.

Where dwarf2json cannot be installed, `dwarfref` (tools/parity) stands in for it. That is another program: the
result then says nothing about dwarf2json, and the line that names it says so.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools")]

from dumpmaker import cache  # noqa: E402
from parity import measure, reference  # noqa: E402

LIMIT = 10  # times less processor time and memory than dwarf2json


def ours(image: Path, folder: Path, compression: str) -> list[str | Path]:
    """The command that makes our table of a dump."""
    command: list[str | Path] = [Path(sys.executable).with_name("vol"), "-q", "-o", folder, "-f", image]
    if not any(importlib.metadata.Distribution.discover(name="volatility3-btf")):  # the checkout's own
        os.environ["PYTHONPATH"] = str(CHECKOUT)
        command += ["-p", CHECKOUT / "plugins"]
    return [*command, "linux.btfisf", "--compression", compression]


def peer(dwarf2json: str | None, vmlinux: Path, folder: Path) -> tuple[str, list[str | Path]]:
    """The name and the command of what ours is measured beside."""
    program = dwarf2json or reference.install()[0]
    if program:
        return "dwarf2json", [program, "linux", "--elf", vmlinux]
    return "dwarfref", [reference.build(), vmlinux, folder / "isf.json", folder / "globals.jsonl"]


def medians(costs: Sequence[measure.Cost]) -> dict[str, float]:
    """The median of each figure of several runs."""
    rows = [asdict(cost) for cost in costs]
    return {key: statistics.median(row[key] for row in rows) for key in rows[0]}


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", nargs="?", default="6.1", choices=reference.RECIPES)
    p.add_argument("--runs", type=int, default=1)
    p.add_argument("--compression", default="xz", choices=("xz", "gz", "none"))
    p.add_argument("--dwarf2json", help="its program, if it is on this machine already")
    p.add_argument("--json", type=Path, help="write the figures here too")
    args = p.parse_args()
    recipe = reference.RECIPES[args.name]
    dump = cache.dump(f"parity-{args.name}", recipe)
    vmlinux = reference.debug_kernel(recipe, dump)
    runs: dict[str, list[measure.Cost]] = {}
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        name, command = peer(args.dwarf2json, vmlinux, folder)
        commands = {"ours": ours(dump.raw, folder, args.compression), name: command}
        for path in (dump.raw, vmlinux):
            measure.run(["cat", path])  # into the page cache
        for _ in range(args.runs):
            for who, words in commands.items():
                runs.setdefault(who, []).append(measure.run(words, folder / "output"))
    figures = {who: medians(costs) for who, costs in runs.items()}
    show(figures, name, dump.truth["release"])
    if args.json:
        args.json.write_text(json.dumps(figures, indent=1) + "\n")
    ratios = [figures[name][key] / figures["ours"][key] for key in ("processor", "peak")]
    sys.exit(1 if name == "dwarf2json" and min(ratios) < LIMIT else 0)


def show(figures: dict[str, dict[str, float]], name: str, release: str) -> None:
    """Print the figures as a table."""
    print(f"Symbol table of {release}, on {platform.machine()}, Python {platform.python_version()}\n")
    print("| | processor time | peak memory | elapsed |")
    print("|---|--:|--:|--:|")
    for who, cost in figures.items():
        print(
            f"| {who} | {cost['processor']:.2f} s | {cost['peak'] / 1e6:.0f} MB | {cost['elapsed']:.2f} s |"
        )
    mine, other = figures["ours"], figures[name]
    processor, peak = other["processor"] / mine["processor"], other["peak"] / mine["peak"]
    print(f"\nOurs takes 1/{processor:.1f} of {name}'s processor time and 1/{peak:.1f} of its memory.")
    if name != "dwarf2json":
        print(f"dwarf2json could not be installed: {name} is another program and tells nothing of its cost.")


if __name__ == "__main__":
    main()
