# SPDX-License-Identifier: Apache-2.0
"""Where the time of a search goes, step by step, by the clock."""

from __future__ import annotations

import statistics
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any
from unittest import mock

from volatility3_btf.blobs import examination
from volatility3_btf.memory import search_processes as children
from volatility3_btf.memory.memory import Memory

STEPS: dict[str, tuple[Any, str]] = {
    "child processes are started": (children.Children, "__init__"),
    "blobs are read": (Memory, "read_available"),
    "their records are found": (examination, "outline"),
    "every id and name is checked": (examination, "Types"),
    "flaws are looked for": (examination, "flaw_of"),
    "child processes are ended": (children.Children, "close"),
}
"""Step → where its function is, and the function's name. None of them calls another."""

REST = "waiting for the search, and the rest"


def medians(run: Callable[[], object], rounds: int) -> dict[str, float]:
    """Run the work, and time its steps: milliseconds of each, medians; one round before does not count."""
    taken: dict[str, list[float]] = defaultdict(list)
    for number in range(-1, rounds):
        with timed() as spent:
            begun = time.perf_counter()
            run()
            whole = time.perf_counter() - begun
        spent[REST] = whole - sum(spent.values())
        for step in (*STEPS, REST) if number >= 0 else ():
            taken[step].append(spent[step] * 1000)
    return {step: statistics.median(found) for step, found in taken.items()}


@contextmanager
def timed() -> Iterator[dict[str, float]]:
    """Seconds that each step takes in the body of `with`."""
    spent: dict[str, float] = defaultdict(float)
    with ExitStack() as stack:
        for step, (owner, name) in STEPS.items():
            stack.enter_context(mock.patch.object(owner, name, _timing(getattr(owner, name), step, spent)))
        yield spent


def _timing(function: Callable[..., Any], step: str, spent: dict[str, float]) -> Callable[..., Any]:
    def call(*args: Any, **options: Any) -> Any:
        begun = time.perf_counter()
        try:
            return function(*args, **options)
        finally:
            spent[step] += time.perf_counter() - begun

    return call


def table(found: dict[str, float]) -> str:
    """The steps as Markdown."""
    lines = ["| step of find_kernel_btf | ms |", "|---|--:|"]
    return "\n".join([*lines, *(f"| {step} | {milliseconds:.1f} |" for step, milliseconds in found.items())])
