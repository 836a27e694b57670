# SPDX-License-Identifier: Apache-2.0
"""A bare root of a Debian suite in a folder, and commands in it."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path

PACKAGES = ("ca-certificates", "git", "make")
"""What somebody has installed who has just cloned the project."""
PLACE = "/root/volatility3-btf"
"""Where the clone lies in a root."""
DUMPS = "/root/.cache/volatility3-btf"
PRIVATE = ("setpriv", "--pdeathsig", "KILL", "unshare", "--mount", "--pid", "--fork", "--kill-child")
"""Mounts and processes end with the command, and that with this process, however they end."""

_ENTER = """
root=$1 dumps=$2 aside=$3; shift 3
mount -t proc proc "$root/proc"
mount --rbind /dev "$root/dev"
if [ -n "$dumps" ]; then
    mkdir -p "$aside/upper" "$aside/work" "$root$DUMPS"
    mount -t overlay -o "lowerdir=$dumps,upperdir=$aside/upper,workdir=$aside/work" overlay "$root$DUMPS"
fi
while [ "$1" != -- ]; do
    if [ -d "$1" ]; then mkdir -p "$root$1"; else mkdir -p "$(dirname "$root$1")"; touch "$root$1"; fi
    mount --bind "$1" "$root$1"
    mount -o remount,bind,ro "$root$1"
    shift
done
shift
exec chroot "$root" "$@"
"""


class FreshError(Exception):
    """A root cannot be made; the message says why, for the person at the terminal."""


@dataclass(frozen=True)
class Root:
    """A suite's root.

    Attributes:
        suite: its name.
        folder: the root is in it.
        files: of this machine, seen at the same place in the root, read-only.
        environment: more variables that commands see.
        dumps: a cache of dumps that the root sees; what it writes there is its own. None for an empty one.
    """

    suite: str
    folder: Path
    files: tuple[Path, ...] = ()
    environment: Mapping[str, str] = field(default_factory=dict)
    dumps: Path | None = None

    @property
    def path(self) -> Path:
        """The root itself."""
        return self.folder / "root"

    def make(self, mirror: str) -> None:
        """Fill it with a minimal system.

        Args:
            mirror: the URI of a Debian archive.

        Raises:
            FreshError: this machine has no tool for it, or the tool fails.
        """
        tool = next(filter(shutil.which, ("mmdebstrap", "debootstrap")), None)
        if tool is None:
            raise FreshError("neither mmdebstrap nor debootstrap is on this machine: install one of them")
        words = ["--variant=minbase", f"--include={','.join(PACKAGES)}", self.suite, str(self.path), mirror]
        if subprocess.run([*PRIVATE, tool, *words], stdin=subprocess.DEVNULL, check=False).returncode:
            raise FreshError(f"{tool} cannot make a root of {self.suite}")
        for name in ("resolv.conf", "hosts"):
            if Path("/etc", name).exists():
                shutil.copy(Path("/etc", name), self.path / "etc" / name)

    def clone(self, checkout: Path) -> None:
        """Put a clean clone of the checkout's HEAD into it.

        Raises:
            FreshError: git fails.
        """
        command = ["git", "clone", "-q", "--no-local", str(checkout), f"{self.path}{PLACE}"]
        if subprocess.run(command, check=False).returncode:
            raise FreshError(f"git cannot clone {checkout}")

    def command(self, text: str) -> list[str]:
        """The words that run a shell's command in the clone in the root."""
        variables = {
            "HOME": "/root",
            "PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
            "LC_ALL": "C.UTF-8",
            **self.environment,
        }
        enter = ["sh", "-euc", f"DUMPS={DUMPS}\n{_ENTER}", "sh"]
        enter += [str(self.path), str(self.dumps or ""), str(self.folder), *map(str, self.files), "--"]
        inside = ["env", "-i", *(f"{name}={value}" for name, value in variables.items())]
        return [*PRIVATE, *enter, *inside, "sh", "-c", f"cd {shlex.quote(PLACE)} && {text}"]

    @contextmanager
    def running(self, text: str) -> Iterator[subprocess.Popen[str]]:
        """A command in the root, what it says in one pipe; it ends with the block."""
        process = subprocess.Popen(
            self.command(text),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
        with process:
            try:
                yield process
            finally:
                process.kill()
                assert process.stdout is not None
                process.stdout.read()  # until all that it started are gone

    def remove(self) -> None:
        """Take it away; nothing is mounted in it when no command runs.

        What was killed a moment ago may still write.
        """
        command = ["rm", "-rf", "--one-file-system", str(self.folder)]
        for pause in (1, 5, 0):
            if subprocess.run(command, check=not pause, stderr=subprocess.DEVNULL).returncode == 0:
                return
            time.sleep(pause)


def chosen(patterns: str, environment: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The variables whose names match one of some shell patterns, separated by blanks."""
    wanted = patterns.split()
    return {
        name: value
        for name, value in environment.items()
        if any(fnmatchcase(name, pattern) for pattern in wanted)
    }
