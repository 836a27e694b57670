# SPDX-License-Identifier: Apache-2.0
"""When processes started, and when files were changed and read, on one axis."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta, timezone
from typing import Any, Final

from matplotlib.axes import Axes
from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

from .figure import INK, TEXT_SIZE, Picture, label_rows, light, plain
from .rows import moment, number, rows_of, text

PROCESS, THREAD = "process started", "kernel thread started"
LANES: Final = (PROCESS, THREAD, "file changed (content)", "file changed (status)", "file read")
"""From top to bottom; the last three are mtime, ctime and atime."""

_FILE_TIMES: Final = (
    ("file changed (content)", ("modificationtime", "modification_time")),
    ("file changed (status)", ("changetime", "change_time")),
    ("file read", ("accesstime", "access_time")),
)
_MARKS: Final = ("|", "|", "D", "s", "o")

MOST_NAMES: Final = 24
"""Processes that are named in the picture."""

KTHREADD: Final = 2
"""PID of the parent of all kernel threads."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=timezone.utc)
_MARGIN: Final = timedelta(seconds=1)


@dataclass(frozen=True, order=True)
class Event:
    """Something that happened.

    Attributes:
        when: its time, with zone.
        lane: what it was, one of `LANES`.
        what: the process and its PID, or the file's path.
    """

    when: datetime
    lane: str
    what: str


def timeline(
    processes: Any = None,
    files: Any = None,
    start: datetime | None = None,
    end: datetime | None = None,
) -> Picture:
    """Draw when processes started and files were changed and read.

    Args:
        processes: rows of `linux.pslist`: COMM, PID, PPID and CREATION TIME.
        files: rows of `linux.pagecache.Files`: FilePath, ModificationTime, ChangeTime and AccessTime.
        start: the first moment shown; by default the start of the first process, or the first event.
        end: the last moment shown; by default the last event.

    Returns:
        A lane for each kind of event, times in UTC. The larger a mark, the more events it stands for.
        Processes are labelled if there is room. Times come from the image: whoever controlled the machine may
        have set them.
    """
    events = events_of(processes, files)
    shown = within(events, start, end)
    picture = Picture("Timeline", 9.0, 3.8)
    axes = light(picture.add_subplot())
    for row, lane in enumerate(LANES):
        times = Counter(_days(event.when) for event in shown if event.lane == lane)
        sizes = [min(16 + 4 * many, 160) for many in times.values()]
        axes.scatter(list(times), [row] * len(times), s=sizes, marker=_MARKS[row], color=INK, alpha=0.6)
    label_rows(axes, [f"{lane}\n{sum(event.lane == lane for event in shown)}" for lane in LANES])
    axes.set_ylim(len(LANES) - 0.5, -1.6)
    if shown:
        first, last = shown[0].when, shown[-1].when
        margin = max(_MARGIN, (last - first) / 50)
        axes.set_xlim(_days(first - margin), _days(last + margin))
        locator = AutoDateLocator(tz=timezone.utc, maxticks=9)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_locator(locator)
        written = ConciseDateFormatter(locator, tz=timezone.utc)  # type: ignore[no-untyped-call]
        axes.xaxis.set_major_formatter(written)
        axes.xaxis.get_offset_text().set_fontsize(TEXT_SIZE)
        _name_some(axes, shown)
    axes.set_xlabel("UTC", fontsize=TEXT_SIZE)
    picture.description = _described(shown, len(events) - len(shown))
    return picture


def events_of(processes: Any = None, files: Any = None) -> list[Event]:
    """All events, in order of time; rows without a time have none."""
    events: list[Event] = []
    for row in [] if processes is None else rows_of(processes):
        when = moment(row, "creation_time", "start_time")
        if when is not None:
            lane = THREAD if KTHREADD in (number(row, "pid"), number(row, "ppid")) else PROCESS
            events.append(Event(when, lane, f"{text(row, 'comm', 'name')} {number(row, 'pid')}"))
    for row in [] if files is None else rows_of(files):
        for lane, columns in _FILE_TIMES:
            when = moment(row, *columns)
            if when is not None:
                events.append(Event(when, lane, text(row, "filepath", "path")))
    return sorted(events)


def within(events: Iterable[Event], start: datetime | None, end: datetime | None) -> list[Event]:
    """The events between two moments; without the first, from the first start of a process or thread on.

    The kernel's threads start with the machine, so that what was packed into files long before is not shown.
    """
    events = sorted(events)
    starts = [event.when for event in events if event.lane in (PROCESS, THREAD)]
    low = start or (starts[0] if starts else None)
    return [e for e in events if (low is None or e.when >= low) and (end is None or e.when <= end)]


def _name_some(axes: Axes, shown: list[Event]) -> None:
    """Name processes above their lane, slanted; those too near to the one before are passed over."""
    low, high = axes.get_xlim()
    before, named = None, 0
    for event in shown:
        at = _days(event.when)
        is_near = before is not None and at - before < (high - low) / MOST_NAMES
        if event.lane == PROCESS and not is_near and named < MOST_NAMES:
            label = plain(event.what, 24)
            axes.text(at, -0.3, label, rotation=40, fontsize=TEXT_SIZE - 1, color=INK, parse_math=False)
            before, named = at, named + 1


def _days(when: datetime) -> float:
    """A time as matplotlib counts it, in days."""
    return (when - _EPOCH) / timedelta(days=1)


def _described(shown: list[Event], outside: int) -> str:
    if not shown:
        return f"Timeline without an event; {outside} lie outside of it."
    words = [f"Timeline from {shown[0].when:%Y-%m-%d %H:%M:%S} to {shown[-1].when:%Y-%m-%d %H:%M:%S} UTC."]
    for lane in LANES:
        its = [event for event in shown if event.lane == lane]
        if its:
            last = f"{its[-1].when:%H:%M:%S}, {plain(its[-1].what)}"
            words.append(f"{lane[:1].upper()}{lane[1:]}: {len(its)} times, the last at {last}.")
    if outside:
        words.append(f"{outside} events lie outside of it.")
    return " ".join(words)
