# SPDX-License-Identifier: Apache-2.0
"""What hostile images cost beside an honest one of the same size: `bench/hostile.py RAW_DUMP`.

The honest image is the part of the dump that holds its kernel. Each image has a process of its own; seconds
are of processor time. Prints a Markdown table.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tests")]

from support import bombs  # noqa: E402
from support.costs import Cost, cost_of, honest  # noqa: E402

STEPS = ("scan", "banners", "identify", "isf", "header", "text", "rows", "diff")


def row(name: str, cost: Cost, base: Cost) -> str:
    """One line of the table."""
    cells = [f"{cost.seconds[step]:.2f}" if step in cost.seconds else "–" for step in STEPS]
    times = f"{cost.total / base.total:.1f}", f"{cost.memory / base.memory:.1f}"
    return (
        f"| {name} | {' | '.join(cells)} | {cost.total:.2f} | {cost.memory >> 20} | {times[0]} | {times[1]} |"
    )


def main() -> None:
    """Measure all and print the table."""
    print("| image | " + " | ".join(STEPS) + " | s in all | MiB | times honest s | times honest MiB |")
    print("|---|" + "--:|" * (len(STEPS) + 4))
    with tempfile.TemporaryDirectory() as folder:
        base = cost_of(honest(Path(sys.argv[1]), Path(folder, "honest")))
        print(row("an honest one", base, base), flush=True)
        for name in bombs.BOMBS:
            print(row(name, cost_of(bombs.write(name, Path(folder, "bomb"))), base), flush=True)


if __name__ == "__main__":
    main()
