# SPDX-License-Identifier: Apache-2.0
"""Whole commands in turn: what each takes of time and memory, and that it always says the same."""

from __future__ import annotations

import hashlib
import statistics
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from report import table

from parity import measure

Words = Sequence["str | Path"]


@dataclass
class Entrant:
    """One contestant.

    Attributes:
        name: what is shown.
        command: gives the words of the next run's command, and prepares what that wants.
        costs: what the runs took.
        output: hash of what it printed.
    """

    name: str
    command: Callable[[], Words]
    costs: list[measure.Cost] = field(default_factory=list)
    output: str = ""

    def median(self, what: str) -> float:
        """The middle one of a figure of all runs: `elapsed` or `processor` in seconds, `peak` in bytes."""
        return float(statistics.median(getattr(cost, what) for cost in self.costs))


def contest(entrants: Sequence[Entrant], rounds: int, warm: bool = True) -> None:
    """Run everybody's command `rounds` times, in turn, each round starting with another.

    Args:
        entrants: the contestants; gets their costs.
        rounds: how many runs count.
        warm: whether one round before does not count.

    Raises:
        RuntimeError: a command failed, or printed something else than before.
    """
    for number in range(-1 if warm else 0, rounds):
        start = max(0, number) % len(entrants)
        for entrant in [*entrants[start:], *entrants[:start]]:
            cost, output = run(entrant.command())
            if entrant.output not in ("", output):
                raise RuntimeError(f"{entrant.name} does not always print the same")
            entrant.output = output
            if number >= 0:
                entrant.costs.append(cost)
        print(".", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)


def run(command: Words) -> tuple[measure.Cost, str]:
    """Run a command; what it cost, and the hash of what it printed."""
    with tempfile.NamedTemporaryFile() as output:
        cost = measure.run(command, Path(output.name))
        return cost, hashlib.sha256(Path(output.name).read_bytes()).hexdigest()


def costs_table(entrants: Sequence[Entrant], base: Entrant) -> str:
    """Medians of each, and as multiples of one's."""
    rows = []
    for entrant in entrants:
        elapsed, processor = entrant.median("elapsed"), entrant.median("processor")
        times = [cost.elapsed for cost in entrant.costs]
        rows.append(
            [
                entrant.name,
                f"{elapsed:.2f} s",
                f"{min(times):.2f}–{max(times):.2f}",
                f"{elapsed / base.median('elapsed'):.2f}",
                f"{processor:.2f} s",
                f"{processor / base.median('processor'):.2f}",
                f"{entrant.median('peak') / 1e6:.0f} MB",
            ]
        )
    return table(["", "elapsed", "spread", "×", "processor", "×", "peak memory"], rows)


def figures(entrants: Sequence[Entrant]) -> dict[str, list[dict[str, float]]]:
    """Every run's cost, by name."""
    return {entrant.name: [vars(cost) for cost in entrant.costs] for entrant in entrants}
