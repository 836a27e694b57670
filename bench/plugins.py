#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""All Linux plugins: ours, as a later run, beside Volatility alone with a symbol file ready.

    bench/plugins.py                              every plugin, on the rich 6.12 guest
    bench/plugins.py linux.pslist.PsList --rounds 5

Each is a whole `vol` command with a home folder of its own that an earlier run has filled: Volatility alone
has read its symbol file into its cache, ours has its table and memo. A plugin that takes Volatility alone
longer than a minute counts once. The symbol file is the one that `linux.btfisf` writes: dwarf2json's has no
more types, and plugins print the same with either (docs/parity.md), while no debug package is needed.
"""

from __future__ import annotations

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT / "tests"), str(CHECKOUT)]

import contest  # noqa: E402
import inputs  # noqa: E402
import report  # noqa: E402
import venvs  # noqa: E402

from dumpmaker import cache  # noqa: E402
from support.pluginruns import ARGUMENTS, MODULE_EXTRACT, linux_plugins  # noqa: E402

DUMP = "amd64-6.12"
MEDIAN, EACH, SUM, PEAK = 0.25, 0.6, 0.3, 1.0
LONG = 60  # seconds
ALONE, OURS = "Volatility, symbol file ready", "ours, later runs"


def symbol_file(image: Path, folder: Path) -> Path:
    """Write the kernel's symbol file, unpacked, as it is read soonest."""
    words = venvs.words(venvs.ours(), folder, "-o", folder, "-f", image, "linux.btfisf")
    subprocess.run([*map(str, words), "--compression", "none"], check=True, stdout=subprocess.DEVNULL)
    (made,) = folder.glob("*.json")
    symbols = folder / "symbols"
    symbols.mkdir()
    return Path(shutil.move(made, symbols / "kernel.json"))


def module_address(image: Path, home: Path) -> tuple[str, ...]:
    """What `linux.module_extract` wants: the first module that is listed."""
    words = venvs.words(venvs.ours(), home, "-r", "json", "-f", image, "linux.lsmod")
    listed = subprocess.run(list(map(str, words)), check=True, capture_output=True, text=True).stdout
    return "--base", str(json.loads(listed)[0]["Offset"])


def lanes_of(plugin: str, image: Path, homes: tuple[Path, Path], symbols: Path) -> list[contest.Entrant]:
    """The two contestants for a plugin."""
    alone, ours = homes
    arguments = ARGUMENTS.get(plugin, ())
    if plugin == MODULE_EXTRACT:
        arguments = module_address(image, ours)
    rest = ("-f", image, plugin, *arguments)
    return [
        contest.Entrant(ALONE, lambda: venvs.words(venvs.stock(), alone, "-s", symbols, "-o", alone, *rest)),
        contest.Entrant(OURS, lambda: venvs.words(venvs.ours(), ours, "-o", ours, *rest)),
    ]


def row_of(plugin: str, lanes: list[contest.Entrant]) -> list[str]:
    """A line of the table."""
    theirs, ours = lanes
    figures = [(lane.median("elapsed"), lane.median("processor"), lane.median("peak")) for lane in lanes]
    (elapsed, processor, peak), (our_elapsed, our_processor, our_peak) = figures
    return [
        f"`{plugin}`",
        f"{elapsed:.2f} s",
        f"{our_elapsed:.2f} s",
        f"{our_elapsed / elapsed:.2f}",
        f"{our_processor / processor:.2f}",
        f"{peak / 1e6:.0f} MB",
        f"{our_peak / 1e6:.0f} MB",
        "yes" if theirs.output == ours.output else "**no**",
    ]


def race(plugins: list[str], rounds: int) -> report.Section:
    """Race every plugin; one that fails with either is left out, and told."""
    image = cache.dump(DUMP).raw
    rows, raced, failed = [], {}, []
    with tempfile.TemporaryDirectory(dir=inputs.folder()) as root:
        homes = Path(root, "alone"), Path(root, "ours")
        for home in homes:
            home.mkdir()
        symbols = symbol_file(image, homes[1]).parent
        for plugin in plugins:
            lanes = lanes_of(plugin, image, homes, symbols)
            try:
                contest.contest(lanes, 1, warm=not raced)
                if rounds > 1 and lanes[0].median("elapsed") < LONG:
                    contest.contest(lanes, rounds - 1, warm=False)
            except (RuntimeError, subprocess.CalledProcessError) as error:
                print(f"{plugin}: {error}", file=sys.stderr)
                failed.append(plugin)
                continue
            raced[plugin] = lanes
            rows.append(row_of(plugin, lanes))
    heads = ["", ALONE, OURS, "× elapsed", "× processor", "peak, alone", "peak, ours", "same"]
    said = f"A {image.stat().st_size >> 20} MiB dump of {DUMP} with much in it, in the page cache."
    left = f"Left out, as they fail or do not always print the same: {', '.join(failed)}." if failed else ""
    body = "\n\n".join(filter(None, [said, left, report.table(heads, rows)]))
    figures = {plugin: contest.figures(lanes) for plugin, lanes in raced.items()}
    command = f"bench/plugins.py --rounds {rounds}"
    return report.Section("All plugins", command, body, targets(list(raced.values())), figures)


def targets(raced: list[list[contest.Entrant]]) -> list[report.Target]:
    """What is wanted of elapsed times and of memory."""
    pairs = [(theirs.median("elapsed"), ours.median("elapsed")) for theirs, ours in raced]
    peaks = [ours.median("peak") / theirs.median("peak") for theirs, ours in raced]
    ratios = [ours / theirs for theirs, ours in pairs]
    return [
        report.Target("the median plugin", statistics.median(ratios), "≤", MEDIAN),
        report.Target("the slowest beside Volatility alone", max(ratios), "≤", EACH),
        report.Target("all together", sum(b for _, b in pairs) / sum(a for a, _ in pairs), "≤", SUM),
        report.Target("peak memory, at most", max(peaks), "≤", PEAK),
    ]


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("plugins", nargs="*")
    p.add_argument("--rounds", type=int, default=3)
    report.add_options(p)
    args = p.parse_args()
    sys.exit(report.show([race(args.plugins or linux_plugins(), args.rounds)], args))


if __name__ == "__main__":
    main()
