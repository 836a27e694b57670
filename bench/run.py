#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""All races, one after the other: what `make bench` runs.

    bench/run.py                              everything
    bench/run.py answer symbols --rounds 9    two of the races, with more rounds
    bench/run.py --docs                       write the results into docs/performance.md too

Results are kept race by race, in results.json and results.md of the cache's bench folder: a race that fails
takes nothing with it, and one that is not run this time keeps its last result in the document. The exit code
is 1 if a race failed; a target that is not met is told and fails nothing.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import inputs  # noqa: E402
import races  # noqa: E402
import report  # noqa: E402

DOCUMENT = CHECKOUT / "docs" / "performance.md"
RACES = {
    "scan": "scan.py",
    "mquire": "beside_mquire.py",
    "symbols": "symbol_table.py",
    "answer": "answer.py",
    "plugins": "plugins.py",
    "other": "other_images.py",
    "cold": "cold.py",
}


def run(name: str, rounds: int) -> list[report.Section]:
    """Run one race in a process of its own; what it gave, or one section that says how it failed."""
    command = f"bench/{RACES[name]} --rounds {rounds}"
    print(f"--- {name}: {command}", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory() as folder:
        figures = Path(folder, "figures.json")
        words = [sys.executable, CHECKOUT / "bench" / RACES[name], "--rounds", str(rounds), "--json", figures]
        done = subprocess.run(words, stdout=subprocess.PIPE, stdin=subprocess.DEVNULL, text=True, check=False)
        taken = time.strftime("%Y-%m-%d")
        if done.returncode not in (0, 1) or not figures.exists():
            body = f"**Failed**, exit code {done.returncode}.\n\n{done.stdout}".strip()
            return [report.Section(name, command, body, failed=True, taken=taken)]
        return [replace(section, taken=taken) for section in read(name, command, figures, done.stdout)]


def read(name: str, command: str, figures: Path, text: str) -> list[report.Section]:
    """A race's sections; of one that writes figures in a form of its own, what it printed."""
    content = json.loads(figures.read_text())
    if isinstance(content, list):
        return report.load(figures)
    return [report.Section(name.capitalize(), command, text.strip(), figures=content)]


def document(results: dict[str, list[report.Section]], machine: dict[str, str]) -> str:
    """All results as Markdown, in the order of the races."""
    parts = [report.machine_lines(machine)]
    parts += [section.markdown for name in RACES for section in results.get(name, [])]
    return "\n\n".join(parts)


def keep(path: Path, results: dict[str, list[report.Section]], name: str) -> None:
    """Write a race's result beside the others'."""
    aside = path.with_suffix(".part")
    report.save_all(aside, {**report.load_all(path), name: results[name]})
    aside.rename(path)


def main() -> int:
    """Run the races; returns the exit code."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("races", nargs="*", metavar="RACE", help=f"of {', '.join(RACES)}; all of them without")
    p.add_argument("--rounds", type=int, default=5, help="pairs that count, of each race")
    p.add_argument("--docs", action="store_true", help="write the results into docs/performance.md")
    p.add_argument("--keep", action="store_true", help="keep the images of 8 GiB for the next time")
    p.add_argument("--json", type=Path, help="write everything measured here too")
    args = p.parse_args()
    if unknown := set(args.races) - set(RACES):
        p.error(f"no race {', '.join(sorted(unknown))}")
    kept, begun = inputs.folder() / "results.json", time.monotonic()
    machine = races.machine("volatility3", "numpy", "stringzilla")
    results: dict[str, list[report.Section]] = {}
    for name in args.races or RACES:
        results[name] = run(name, args.rounds)
        keep(kept, results, name)
        print("\n\n".join(section.markdown for section in results[name]) + "\n", flush=True)
    if not args.keep:
        inputs.drop_large()
    everything = document(report.load_all(kept), machine)
    (inputs.folder() / "results.md").write_text(everything + "\n")
    if args.docs:
        DOCUMENT.write_text(report.replace_block(DOCUMENT.read_text(), everything))
    if args.json:
        report.save_all(args.json, results)
    sections = [section for found in results.values() for section in found]
    print(report.summary(sections))
    print(f"{(time.monotonic() - begun) / 60:.0f} minutes; kept in {kept}")
    return int(any(section.failed for section in sections))


if __name__ == "__main__":
    sys.exit(main())
