#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What is printed of images as they come from real situations: the table of docs/situations.md.

`make situations` runs it. Each row makes an image of a real dump, asks the real `vol`, and
holds what is printed against what the guest said of itself. An empty or wrong list with exit code 0 and no
line, a refusal without one, and a traceback are silent faults: there must be none.

    tests/situations.py --write              all rows, into docs/situations.md
    tests/situations.py --only "after a kexec"    some of them, printed
    tests/situations.py --list               their names
"""

from __future__ import annotations

import argparse
import logging
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

from dumpmaker import cache  # noqa: E402
from support.situations import SITUATIONS, Bench, Outcome, Shared, Situation, judge  # noqa: E402
from support.volrunner import Vol  # noqa: E402

PAGE_OF_RESULTS = ROOT / "docs" / "situations.md"
BEGIN, END = "<!-- situations: begin -->", "<!-- situations: end -->"
HEADINGS = ("situation", "plugin", "printed", "exit code", "line")

Row = tuple[Situation, str, Outcome]


def try_one(situation: Situation, shared: Shared) -> Row:
    """Make the image, ask, judge, and leave nothing."""
    with tempfile.TemporaryDirectory(dir=shared.folder) as name:
        folder = Path(name)
        bench = Bench(shared, folder, Vol(folder / "vol"))
        case = situation.make(bench)
        result = bench.vol("-q", *case.options, *case.words, image=case.image, check=False)
        folders = {folder / "vol": "…", folder: "…", case.guest.folder: "…"}
        options = [str(word) for word in case.options if str(word).startswith("--")]
        return situation, " ".join([*options, case.words[0]]), judge(case, result, folders)


def run(chosen: Sequence[Situation]) -> list[Row]:
    """All of them, one after the other."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="situations.") as name:
        shared = Shared(cache.dump, Path(name))
        for situation in chosen:
            started = time.monotonic()
            rows.append(try_one(situation, shared))
            _, _, outcome = rows[-1]
            took = time.monotonic() - started
            print(
                f"{situation.group}: {situation.name}: {outcome.word}, {outcome.printed}, {took:.0f} s",
                flush=True,
            )
            for line in outcome.lines:
                print(f"    {line}")
    return rows


def table(rows: Sequence[Row]) -> str:
    """The rows in Markdown, a table for each group, and what they came to."""
    counts = Counter(outcome.word for _, _, outcome in rows)
    text = f"{len(rows)} situations: " + ", ".join(f"{count} {word}" for word, count in counts.most_common())
    for group in dict.fromkeys(situation.group for situation, _, _ in rows):
        text += f"\n\n## {group[0].upper() + group[1:]}\n\n"
        text += "| " + " | ".join(HEADINGS) + " |\n" + "|---" * len(HEADINGS) + "|"
        for situation, plugin, outcome in rows:
            if situation.group == group:
                cells = [situation.name, f"`{plugin}`", outcome.printed, str(outcome.code), cell(outcome)]
                text += "\n| " + " | ".join(cells) + " |"
    return text


def cell(outcome: Outcome) -> str:
    """The lines in one cell."""
    if outcome.word == "silent fault":
        return "**none that says so**"
    return "<br>".join(re.sub(r"([|<>*`\[\]])", r"\\\1", line) for line in outcome.lines)


def publish(text: str) -> None:
    """Put the tables between the markers of the page."""
    head, rest = PAGE_OF_RESULTS.read_text().split(BEGIN)
    tail = rest.split(END)[1]
    PAGE_OF_RESULTS.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def main() -> int:
    """Try the situations; 1 if one of them is a silent fault."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument("--only", default="", help="those whose group and name contain this")
    parser.add_argument("--cheap", action="store_true", help="those that take a second or two")
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--write", action="store_true", help="write the table into docs/situations.md")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    chosen = [
        one
        for one in SITUATIONS
        if options.only in f"{one.group}: {one.name}" and (one.is_cheap or not options.cheap)
    ]
    if options.list:
        print("\n".join(f"{one.group}: {one.name}" for one in chosen))
        return 0
    rows = run(chosen)
    print(table(rows))
    if options.write:
        publish(table(rows))
    faults = [situation for situation, _, outcome in rows if outcome.word == "silent fault"]
    for situation in faults:
        print(f"silent fault: {situation.group}: {situation.name}", file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
