#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Images as they really come, against their guests' truth: the tables of docs/acquired.md.

`make machines` runs it. Guests are made once, and kept in a folder: those in which AVML and LiME copy memory
while they work, one whose crash kernel writes dumps, and large and odd machines. AVML
is built by cargo unless --avml names it; LiME needs make and gcc.

    tests/machines.py --write                    everything, into docs/acquired.md
    tests/machines.py --only "24 GiB" "lime.raw"  some of them, printed
    tests/machines.py --list                     their names
"""

from __future__ import annotations

import argparse
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT), str(ROOT / "tools"), str(ROOT / "tests")]

from dumpmaker import acquire, cache, crashdump, make  # noqa: E402
from dumpmaker.acquire import Machine  # noqa: E402
from dumpmaker.errors import DumpError  # noqa: E402
from support.truths import Answer, Checks  # noqa: E402
from support.volrunner import Vol  # noqa: E402

PAGE = ROOT / "docs" / "acquired.md"
BEGIN, END = "<!-- machines: begin -->", "<!-- machines: end -->"
SUITES = {"bookworm": "bookworm", "bookworm-backports": "trixie"}
"""Whose kernels (6.1 and 6.12) copy themselves, and where LiME for them is from. What modules are built
with runs on the headers' own suite, or on a later one."""

COPYINGS = 3
"""How often a guest is started in which a copy fails: LiME of bookworm takes a page fault now and then."""

MACHINES = {
    "6 GiB, two NUMA nodes": Machine(6144, nodes=2),
    "24 GiB": Machine(24576),
    "512 MiB and 512 MiB plugged in, nokaslr": Machine(512, plugged=512, append="nokaslr"),
    "768 MiB, mem=500M crashkernel=96M": Machine(768, append="mem=500M crashkernel=96M"),
    "300 processes in 30 memory cgroups": Machine(512, append="many-processes"),
}
"""All of them have swap, and huge pages set aside (tools/dumpmaker/guest-rich)."""


@dataclass(frozen=True)
class Case:
    """One image.

    Attributes:
        group: the table that it belongs to.
        name: what it is.
        suite: the kernel's suite.
        image: its file's name in the guest's folder.
        moments: the folders with what there was before and after.
    """

    group: str
    name: str
    suite: str
    image: str
    moments: tuple[str, str]

    @property
    def folder(self) -> str:
        """The guest's, in the folder that all are kept in."""
        return f"{self.suite}-{self.group}" + (
            f"-{list(MACHINES).index(self.name)}" if self.is_machine else ""
        )

    @property
    def is_machine(self) -> bool:
        """Whether it is a machine of its own, and not one of the copies of one guest."""
        return self.name in MACHINES


CASES = [
    Case("acquired", name, suite, name, (f"before-{name}", f"after-{name}"))
    for suite in SUITES
    for name in acquire.COPIES
]
CASES += [Case("crashed", name, "bookworm", name, ("now", "now")) for name in crashdump.DUMPS]
CASES += [Case("machine", name, "bookworm", "memory.raw", ("now", "now")) for name in MACHINES]

HEADINGS = {
    "acquired": "Copied while it works",
    "crashed": "Written by a crash kernel",
    "machine": "Large and odd machines",
}


class Maker:
    """Makes guests that are not there.

    Args:
        folder: where they are kept.
        avml: AVML's program; None to have cargo build it.
    """

    def __init__(self, folder: Path, avml: Path | None) -> None:
        self._folder, self._avml = folder, avml
        self._packages = cache.root() / "packages"

    def guest(self, case: Case) -> Path:
        """The folder of a case's guest."""
        out = self._folder / case.folder
        if not (out / "truth.json").exists():
            kernel = make.fetch(case.suite, "amd64", cache.CLOUD, self._packages)
            bash = make.fetch_bash("amd64", self._packages)
            if case.is_machine:
                boot = make.boot_of("amd64")
                acquire.make_machine(kernel, MACHINES[case.name], boot, bash, out)
            elif case.group == "crashed":
                crashdump.crash(kernel, make.boot_of("amd64"), bash, self._packages, out)
            else:
                self._acquire(case.suite, kernel, bash, out)
        return out

    def _acquire(self, suite: str, kernel: make.Kernel, bash: Path, out: Path) -> None:
        with tempfile.TemporaryDirectory() as name:
            headers = "linux-headers-cloud-amd64"
            lime = acquire.make_lime(suite, headers, SUITES[suite], self._packages, Path(name))
            boot, avml = make.boot_of("amd64", memory=384), self._build_avml()
            for tries_left in reversed(range(COPYINGS)):
                try:
                    return acquire.acquire(kernel, boot, bash, avml, lime, out)
                except DumpError:
                    if not tries_left:
                        raise

    def _build_avml(self) -> Path:
        """AVML, built so that it runs without a C library beside it."""
        program = self._avml or self._folder / "avml" / "bin" / "avml"
        if not program.exists():
            command = ["cargo", "install", "avml", "--no-default-features"]
            flags = {"RUSTFLAGS": "-C target-feature=+crt-static"}
            command += ["--root", str(self._folder / "avml"), "--target", "x86_64-unknown-linux-gnu"]
            subprocess.run(command, env={**os.environ, **flags}, check=True)
        return program


def run(cases: Sequence[Case], guest: Callable[[Case], Path]) -> list[tuple[Case, Answer]]:
    """Ask each plugin of each image, one after the other."""
    rows = []
    with tempfile.TemporaryDirectory(prefix="machines.") as name:
        for number, case in enumerate(cases):
            folder = guest(case)
            vol = Vol(Path(name) / str(number))
            for answer in Checks(vol, folder / case.image, folder, case.moments).all():
                rows.append((case, answer))
                told = f"{cell(answer)}; {answer.strange} strange"
                print(f"{case.suite} {case.name}: {answer.plugin}: {told}", flush=True)
                for line in answer.lines:
                    print(f"    {line}", flush=True)
    return rows


def table(rows: Sequence[tuple[Case, Answer]]) -> str:
    """The rows in Markdown: a table for each group, an image a row, a plugin a column; what was said."""
    text = ""
    plugins = list(dict.fromkeys(answer.plugin for _, answer in rows))
    for group, heading in HEADINGS.items():
        answers = [(case, answer) for case, answer in rows if case.group == group]
        if not answers:
            continue
        text += f"\n\n### {heading}\n\n"
        text += "| image | " + " | ".join(f"`{plugin}`" for plugin in plugins) + " |"
        text += "\n|---" + "|---" * len(plugins) + "|"
        for case in dict.fromkeys(case for case, _ in answers):
            cells = [cell(answer) for other, answer in answers if other == case]
            text += f"\n| {case.suite}, {case.name} | " + " | ".join(cells) + " |"
    return text.strip()


def cell(answer: Answer) -> str:
    """One answer in few words."""
    text = f"{answer.found} of {answer.there}"
    text += f" + {answer.more}" if answer.more else ""
    text += f", {answer.strange} that never were" if answer.strange else ""
    text += f" ({answer.note})" if answer.note else ""
    text += f", exit code {answer.code}" if answer.code else ""
    return text + (", **no line**" if answer.is_silent_fault else "")


def publish(text: str) -> None:
    """Put the tables between the markers of the page."""
    head, rest = PAGE.read_text().split(BEGIN)
    tail = rest.split(END)[1]
    PAGE.write_text(f"{head}{BEGIN}\n{text}\n{END}{tail}")


def main() -> int:
    """Make the guests, ask, and tell; 1 if something is missing, or never was, without a word."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawTextHelpFormatter)
    parser.add_argument(
        "--only", nargs="+", default=[""], help="those whose suite and name contain one of these"
    )
    parser.add_argument("--list", action="store_true", help="only name them")
    parser.add_argument("--write", action="store_true", help="write the tables into docs/acquired.md")
    parser.add_argument("--guests", type=Path, default=cache.root() / "machines", help="where they are kept")
    parser.add_argument("--avml", type=Path, help="AVML's program, statically linked")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)
    chosen = [case for case in CASES if any(word in f"{case.suite}, {case.name}" for word in options.only)]
    if options.list:
        print("\n".join(f"{case.suite}, {case.name}" for case in chosen))
        return 0
    options.guests.mkdir(parents=True, exist_ok=True)
    rows = run(chosen, Maker(options.guests, options.avml).guest)
    print(table(rows))
    if options.write:
        publish(table(rows))
    faults = [(case, answer) for case, answer in rows if answer.is_silent_fault]
    for case, answer in faults:
        print(f"silent fault: {case.suite}, {case.name}: {answer.plugin}", file=sys.stderr)
    return int(bool(faults))


if __name__ == "__main__":
    sys.exit(main())
