# SPDX-License-Identifier: Apache-2.0
"""The processes as a tree, each under its parent."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from .figure import FAINT, INK, TEXT_SIZE, Picture, bare, plain
from .rows import Row, moment, number, rows_of, text

MOST_LINES: Final = 400
"""Processes that are drawn; the description says how many are left out."""

KTHREADD: Final = 2
"""PID of the parent of all kernel threads (kernel/kthread.c)."""


@dataclass(frozen=True)
class Line:
    """A process in the tree.

    Attributes:
        depth: how many ancestors it has in the list.
        pid: its PID.
        name: its name (`comm`).
        note: what stands behind the name.
        parent: number of its parent's line; None at the top.
    """

    depth: int
    pid: int
    name: str
    note: str = ""
    parent: int | None = None


def process_tree(processes: Any, kernel_threads: bool = False) -> Picture:
    """Draw the tree of processes.

    Args:
        processes: rows of `linux.pslist`, `linux.psscan` or the like: PID, PPID, COMM, and CREATION TIME and
            EXIT_STATE if there are any.
        kernel_threads: whether to draw each kernel thread; otherwise one line gives their number.

    Returns:
        A line for each process, under its parent. A process whose parent is not in the list is at the left
        margin, with a note.
    """
    lines, left_out = tree_of(rows_of(processes), kernel_threads)
    picture = Picture("Process tree", 7.5, 0.4 + 0.175 * max(1, len(lines)))
    axes = bare(picture.add_subplot())
    axes.set_xlim(0, 40)
    axes.set_ylim(len(lines) - 0.5, -0.5)
    for at, line in enumerate(lines):
        if line.parent is not None:
            x = line.depth - 0.65
            axes.plot([x, x], [line.parent + 0.4, at], color=FAINT, linewidth=0.8)
            axes.plot([x, x + 0.5], [at, at], color=FAINT, linewidth=0.8)
        label = f"{plain(line.name, 24)}  {line.pid}"
        axes.text(line.depth, at, label, fontsize=TEXT_SIZE, color=INK, va="center", parse_math=False)
        if line.note:
            axes.text(
                40,
                at,
                line.note,
                fontsize=TEXT_SIZE - 1,
                color="#555555",
                va="center",
                ha="right",
                parse_math=False,
            )
    picture.description = _described(lines, left_out)
    return picture


def tree_of(rows: list[Row], kernel_threads: bool = False) -> tuple[list[Line], int]:
    """The lines from top to bottom, and how many processes are left out."""
    processes = {pid: row for row in rows if (pid := number(row, "pid")) is not None}
    parents = {pid: number(row, "ppid") for pid, row in processes.items()}
    children: dict[int | None, list[int]] = defaultdict(list)
    for pid in sorted(processes):
        parent = parents[pid]
        children[parent if parent in processes and parent != pid else None].append(pid)
    lines: list[Line] = []
    at: dict[int | None, int] = {}
    hidden = 0
    for pid, depth, above in _walk(children):
        if len(lines) >= MOST_LINES:
            break
        row = processes[pid]
        threads = children[pid] if pid == KTHREADD and not kernel_threads else []
        hidden += len(threads)
        note = f"{len(threads)} kernel threads" if threads else _note(row, parents[pid], depth)
        if parents[pid] == KTHREADD and depth and not kernel_threads:
            continue
        at[pid] = len(lines)
        lines.append(Line(depth, pid, text(row, "comm", "name"), note, at.get(above)))
    return lines, max(0, len(processes) - len(lines) - hidden)


def _walk(children: dict[int | None, list[int]]) -> Iterator[tuple[int, int, int | None]]:
    """Each PID, its depth and its parent, parents first.

    Of processes that are each other's ancestors, as a damaged image may have them, the lowest comes first.
    """
    seen: set[int] = set()
    tops = list(children[None])
    everybody = sorted(pid for pids in list(children.values()) for pid in pids)
    for top in (*tops, *everybody):
        waiting: list[tuple[int, int, int | None]] = [(top, 0, None)] if top not in seen else []
        while waiting:
            pid, depth, above = waiting.pop()
            if pid in seen:
                continue
            seen.add(pid)
            yield pid, depth, above
            waiting += [(child, depth + 1, pid) for child in reversed(children.get(pid, []))]


def _note(row: Row, parent: int | None, depth: int) -> str:
    start = moment(row, "creation_time", "start_time")
    words = [] if start is None else [f"{start:%Y-%m-%d %H:%M:%S}"]
    state = text(row, "exit_state")
    if any(word in state.upper() for word in ("DEAD", "ZOMBIE")):
        words.append(plain(state, 24))
    if depth == 0 and parent not in (0, None):
        words.append(f"parent {parent} is not in the list")
    return ", ".join(words)


def _described(lines: list[Line], left_out: int) -> str:
    tops = [f"{plain(line.name, 24)} ({line.pid})" for line in lines if line.depth == 0]
    orphans = [f"{plain(line.name, 24)} ({line.pid})" for line in lines if "is not in the list" in line.note]
    deepest = max(lines, key=lambda line: line.depth, default=None)
    words = [f"Tree of {len(lines)} processes; at its top {', '.join(tops[:8]) or 'none'}."]
    words += [
        f"{line.name} ({line.pid}) has {line.note}." for line in lines if line.note.endswith("kernel threads")
    ]
    if deepest is not None and deepest.depth:
        words.append(f"The longest line of descent ends in {plain(deepest.name, 24)} ({deepest.pid}).")
    if orphans:
        words.append(f"Parents are not in the list of {', '.join(orphans[:8])}.")
    if left_out:
        words.append(f"{left_out} more are left out: the limit.")
    return " ".join(words)
