# SPDX-License-Identifier: Apache-2.0
"""`make demo` and `make test` on a Debian that has never seen the project.

    make fresh                          in a bare root of each suite
    make fresh SUITE=trixie             of one
    make fresh FRESH_ARGS="..."         with options of this command

A root is made with mmdebstrap or debootstrap, from the mirror that this machine's own apt uses, in a folder
of its own under $BTF_FRESH (or $TMPDIR, or /tmp; 10 GB each). HEAD is cloned into it, and the commands run
there as root. Whatever happens, the root is removed and nothing stays mounted. What a root is to see of this
machine (certificates, a configuration of apt or pip, a folder of wheels) is said in two variables, each a
list separated by blanks:

    BTF_FRESH_FILES    files and folders, seen at the same place, read-only
    BTF_FRESH_ENV      names of variables, or patterns (default: *_proxy *_PROXY)
"""

from __future__ import annotations

import argparse
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

from dumpmaker.errors import DumpError
from dumpmaker.packages import system_mirror
from freshroot.root import FreshError, Root, chosen

CHECKOUT = Path(__file__).resolve().parents[2]
SUITES = ("bookworm", "trixie")
COMMANDS = ("make demo", "make test")
PROGRAMS = {
    "QEMU": "qemu-system-x86_64 --version",
    "clang": "clang --version",
    "gcc": "gcc -dumpfullversion",
    "pahole": "pahole --version",
    "bpftool": "/usr/sbin/bpftool --version",
    "Python": "python3 --version",
}
"""Whose versions the report gives, and what prints them."""

_COUNTS = re.compile(r"^=* ?(\d+ (?:passed|failed|error).*?) in [\d.]+s")


@dataclass
class Run:
    """What came of one command.

    Attributes:
        command: as a shell reads it.
        seconds: on the clock.
        returncode: 0 for success.
        counts: pytest's, of its closing line; empty where there is none.
    """

    command: str
    seconds: float
    returncode: int
    counts: str = ""

    def __str__(self) -> str:
        """One line."""
        end = f"FAILED with exit code {self.returncode}" if self.returncode else "done"
        return f"{self.command}: {end} in {self.seconds:.0f} s" + (f", {self.counts}" if self.counts else "")


@dataclass
class Report:
    """What came of one suite.

    Attributes:
        suite: its name.
        versions: of the programs there that the project uses.
        runs: of the commands; after one that failed the next is run all the same.
        error: why there was no root.
    """

    suite: str
    versions: dict[str, str] = field(default_factory=dict)
    runs: list[Run] = field(default_factory=list)
    error: str = ""

    @property
    def is_good(self) -> bool:
        """Whether there were commands and all of them succeeded."""
        return not self.error and bool(self.runs) and not any(run.returncode for run in self.runs)

    def __str__(self) -> str:
        """A few lines."""
        versions = ", ".join(f"{name} {version}" for name, version in self.versions.items())
        lines = [f"{self.suite}: {self.error or versions}", *map(str, self.runs)]
        return "\n  ".join(lines)


def counts(line: str) -> str:
    """What pytest counts in its closing line; empty for any other line."""
    found = _COUNTS.match(line)
    return found[1] if found else ""


def run(root: Root, command: str, log: Path) -> Run:
    """Run a command in a root; what it says goes to the terminal and into the log."""
    started, last = time.monotonic(), ""
    print(f"\n== {root.suite}: {command}", flush=True)
    with log.open("a") as file, root.running(command) as process:
        assert process.stdout is not None
        for line in process.stdout:
            sys.stdout.write(line)
            sys.stdout.flush()
            file.write(line)
            last = counts(line) or last
        returncode = process.wait()
    return Run(command, time.monotonic() - started, returncode, last)


def versions(root: Root) -> dict[str, str]:
    """The versions of the programs that are in a root by now."""
    found = {}
    for name, command in PROGRAMS.items():
        words = root.command(f"{command} 2>/dev/null")
        said = subprocess.run(words, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        number = re.search(r"\d+(\.\d+)+", said.stdout)
        found[name] = number[0] if number else "none"
    return found


def try_suite(suite: str, folder: Path, args: argparse.Namespace) -> Report:
    """Make a root, run the commands in it, take it away; the log stays where something failed."""
    report = Report(suite)
    log = folder / f"{suite}.log"
    log.unlink(missing_ok=True)
    home = Path(tempfile.mkdtemp(prefix=f"fresh-{suite}.", dir=folder))
    root = Root(suite, home, tuple(args.files), args.environment, args.dumps)
    try:
        root.make(system_mirror(suite))
        root.clone(CHECKOUT)
        for command in args.run or COMMANDS:
            report.runs.append(run(root, command, log))
        report.versions = versions(root)
    except (FreshError, DumpError) as error:
        report.error = str(error)
    finally:
        root.remove()
    if report.is_good:
        log.unlink(missing_ok=True)
    elif log.exists():
        print(f"fresh: what was said is in {log}", file=sys.stderr)
    return report


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="fresh", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("suites", nargs="*", metavar="SUITE", help=f"default: {' '.join(SUITES)}")
    p.add_argument("--run", action="append", metavar="COMMAND", help="instead of make demo and make test")
    p.add_argument(
        "--dumps",
        type=lambda text: Path(text).resolve(),
        metavar="FOLDER",
        help="a cache of dumps to start from; it is not changed (default: none, as QEMU's version matters)",
    )
    return p


def main() -> None:
    """Entry point of tools/fresh."""
    args = parser().parse_args()
    args.files = [Path(name) for name in os.environ.get("BTF_FRESH_FILES", "").split()]
    args.environment = chosen(os.environ.get("BTF_FRESH_ENV", "*_proxy *_PROXY"))
    if os.geteuid() != 0:
        sys.exit("fresh: only root can make a root and enter it")
    if missing := [str(path) for path in [*args.files, args.dumps] if path and not path.exists()]:
        sys.exit(f"fresh: {missing[0]} is not there")
    changed = ["git", "-C", str(CHECKOUT), "status", "--porcelain"]
    if subprocess.run(changed, capture_output=True, text=True, check=True).stdout:
        print("fresh: what is not committed is not tried", file=sys.stderr)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    signal.signal(signal.SIGINT, signal.default_int_handler)
    folder = Path(os.environ.get("BTF_FRESH") or tempfile.gettempdir()).resolve()
    folder.mkdir(parents=True, exist_ok=True)
    try:
        reports = [try_suite(suite, folder, args) for suite in args.suites or SUITES]
    except KeyboardInterrupt:
        sys.exit(130)
    print("\n== On a fresh Debian")
    print("\n".join(map(str, reports)))
    if not all(report.is_good for report in reports):
        sys.exit(1)
