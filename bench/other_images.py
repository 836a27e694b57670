#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What this package costs on images with no Linux in them, and on runs for other systems.

    bench/other_images.py             2 GiB of random bytes, and of zeros
    bench/other_images.py --rounds 9 --plugins windows.info

Each command is run with this package and, alternately, with its import blocked, which is what Volatility does
without it. Medians by the clock; the images are in the page cache. Exit code 1 if a run costs 0.5 s more.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import report

CHECKOUT = Path(__file__).resolve().parents[1]
LIMIT = 0.5  # seconds
BLOCK = 64 << 20
EXIT_CODES = {"linux.pslist": 1, "windows.info": 1, "mac.pslist": 1, "banners": 0}
"""Plugins to run, and how they end where there is no system of theirs."""

VOL = "import sys; sys.argv[0] = 'vol'; from volatility3.cli import main; main()"
BLOCKED = "import sys; sys.modules['volatility3_btf'] = None; " + VOL


def write_image(path: Path, size: int, random: bool) -> Path:
    """A file of random bytes or of zeros (written ones, not a hole), and so in the page cache."""
    with path.open("wb") as out:
        for _ in range(size // BLOCK):
            out.write(os.urandom(BLOCK) if random else bytes(BLOCK))
    return path


def run(code: str, image: Path, plugin: str, folder: Path) -> float:
    """Seconds that a run of `vol` takes."""
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "PYTHON"))}
    environment = {**kept, "HOME": str(folder), "XDG_CACHE_HOME": str(folder / "cache")}
    options = ["-q", "-f", str(image)]
    if not any(importlib.metadata.Distribution.discover(name="volatility3-btf")):  # the checkout's own
        environment["PYTHONPATH"] = str(CHECKOUT)
        options += ["-p", str(CHECKOUT / "plugins")]
    begun = time.monotonic()
    done = subprocess.run(
        [sys.executable, "-c", code, *options, plugin],
        env=environment,
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
    )
    seconds = time.monotonic() - begun
    if done.returncode != EXIT_CODES[plugin]:
        raise RuntimeError(f"{plugin} ended with {done.returncode}: {done.stderr.decode()[-500:]}")
    return seconds


def race(size: int, rounds: int, plugins: list[str]) -> report.Section:
    """Run the pairs on both images."""
    rows, figures, worst = [], {}, 0.0
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for kind in ("random", "zeros"):
            image = write_image(folder / kind, size << 20, kind == "random")
            for plugin in plugins:
                pairs = [
                    (run(BLOCKED, image, plugin, folder), run(VOL, image, plugin, folder))
                    for _ in range(rounds + 1)
                ][1:]
                without, with_us = (statistics.median(times) for times in zip(*pairs, strict=True))
                more = with_us - without
                worst = max(worst, more)
                rows.append([kind, f"`{plugin}`", f"{without:.2f} s", f"{with_us:.2f} s", f"{more:+.2f} s"])
                figures[f"{kind} {plugin}"] = pairs
            image.unlink()
    return report.Section(
        "Images with no Linux in them",
        f"bench/other_images.py --size {size} --rounds {rounds} --plugins {' '.join(plugins)}",
        f"{size} MiB each; {rounds} rounds, without this package and with it.\n\n"
        + report.table(["image", "", "without", "with", "more"], rows),
        [report.Target("what a run takes more, at most", worst, "≤", LIMIT, "s")],
        figures,
    )


def main() -> int:
    """Run the pairs and print a table; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--rounds", type=int, default=5, help="pairs of each kind")
    parser.add_argument("--size", type=int, default=2048, help="of an image, in MiB")
    parser.add_argument("--plugins", nargs="+", choices=EXIT_CODES, default=["linux.pslist", "mac.pslist"])
    report.add_options(parser)
    options = parser.parse_args()
    return report.show([race(options.size, options.rounds, options.plugins)], options)


if __name__ == "__main__":
    sys.exit(main())
