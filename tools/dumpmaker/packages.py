# SPDX-License-Identifier: Apache-2.0
"""Debian packages of any suite and architecture, through a private apt root: nothing is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from dumpmaker.errors import DumpError, say

KEYRINGS = tuple(Path("/usr/share/keyrings/debian-archive-keyring").with_suffix(s) for s in (".gpg", ".pgp"))
INDEX_MAX_AGE = 24 * 3600  # seconds; an older package list may name versions the mirror no longer has
TRIES = 4

KERNEL = r"\blinux-(?:image|binary|modules|base)-\d[^\s,|]*"
"""Pieces of a kernel: what its metapackage needs, and the binary/modules/base split of newer ones."""

Stanza = dict[str, str]


class Apt:
    """A private apt root for one suite and architecture."""

    def __init__(self, suite: str, arch: str, cache: Path, mirror: str | None = None) -> None:
        self.suite, self.arch, self.root = suite, arch, cache / "apt" / f"{suite}-{arch}"
        for folder in ("lists/partial", "state", "archives/partial"):
            (self.root / folder).mkdir(parents=True, exist_ok=True)
        (self.root / "state/status").touch()
        keyring = next((k for k in KEYRINGS if k.exists()), None)
        if keyring is None:
            raise DumpError("no Debian archive keys on this machine: install debian-archive-keyring")
        uri = mirror or os.environ.get("BTF_DEBIAN_MIRROR") or system_mirror(suite)
        source = f"deb [arch={arch} signed-by={keyring}] {uri} {suite} main\n"
        (self.root / "sources.list").write_text(source)
        if self._index_age() > INDEX_MAX_AGE:
            self.update()

    def _index_age(self) -> float:
        stamps = [p.stat().st_mtime for p in (self.root / "lists").glob("*Release")]
        have_packages = any((self.root / "lists").glob("*_Packages*"))
        stamp = self.root / "updated"
        return time.time() - stamp.stat().st_mtime if have_packages and stamps and stamp.exists() else 1e9

    def update(self) -> None:
        """Read the suite's package list, again on a transient failure.

        Raises:
            DumpError: it cannot be read and there is no older list to go on with.
        """
        for attempt in range(TRIES):
            say(
                f"reading the package list of {self.suite}/{self.arch}"
                + (f" (try {attempt + 1})" * (attempt > 0))
            )
            try:
                self.run("apt-get", "-qq", "-o", "APT::Update::Error-Mode=any", "update")
            except subprocess.CalledProcessError:
                time.sleep(3 * attempt + 1)
            else:
                (self.root / "updated").touch()
                return
        if not any((self.root / "lists").glob("*_Packages*")):
            raise DumpError(f"cannot read the package list of {self.suite}/{self.arch}")
        say("going on with the list read earlier")

    def run(self, tool: str, *args: str, capture: bool = False, cwd: Path | None = None) -> str:
        """Run an apt tool on this root and return what it printed, if captured."""
        root = self.root
        options = {
            "Dir::State": f"{root}/state",
            "Dir::State::status": f"{root}/state/status",
            "Dir::State::Lists": f"{root}/lists",
            "Dir::Cache": f"{root}",
            "Dir::Etc::SourceList": f"{root}/sources.list",
            "Dir::Etc::SourceParts": "-",
            "APT::Architecture": self.arch,
            "APT::Architectures": self.arch,
            "APT::Sandbox::User": "root",
            "Acquire::Languages": "none",
            "Acquire::Retries": "3",
        }
        command = [tool] + [word for key, value in options.items() for word in ("-o", f"{key}={value}")]
        environment = {**os.environ, "LC_ALL": "C"}
        done = subprocess.run(
            [*command, *args],
            check=True,
            text=True,
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE if capture else None,
            stderr=subprocess.PIPE if capture else None,
        )
        return done.stdout or ""

    def stanza(self, package: str) -> Stanza | None:
        """The newest version's fields, or None when the suite has no such package."""
        try:
            text = self.run("apt-cache", "show", "--no-all-versions", package, capture=True)
        except subprocess.CalledProcessError:
            return None
        lines = text.split("\n\n")[0].splitlines()
        return (
            dict(line.split(": ", 1) for line in lines if ": " in line and not line.startswith(" ")) or None
        )

    def kernels(self) -> list[str]:
        """Names of the suite's kernel packages."""
        names = self.run("apt-cache", "pkgnames", "linux-image-", capture=True)
        return sorted(n for n in names.split() if not n.endswith(("-dbg", "-template")))

    def fetch(self, package: str, pieces: str = KERNEL) -> dict[str, tuple[Stanza, Path]]:
        """Fetch and unpack a package, and those of its dependencies that it is one thing with.

        Args:
            package: its name.
            pieces: a regular expression for the names of those; none if empty.

        Returns:
            For each package its fields and the folder it is unpacked in.

        Raises:
            DumpError: there is no such package, or it cannot be fetched.
        """
        try:
            return self._fetch(package, pieces)
        except subprocess.CalledProcessError:  # most often a version that the mirror has replaced meanwhile
            self.update()
        try:
            return self._fetch(package, pieces)
        except subprocess.CalledProcessError as error:
            raise DumpError(f"cannot fetch {package} of {self.suite}/{self.arch}: {error}") from error

    def _fetch(self, package: str, pieces: str) -> dict[str, tuple[Stanza, Path]]:
        todo, found = [package], dict[str, tuple[Stanza, Path]]()
        while todo:
            name = todo.pop()
            fields = None if name in found else self.stanza(name)
            if fields is None:
                continue
            found[name] = fields, self._unpack(name, fields)
            if pieces:
                todo += re.findall(pieces, fields.get("Depends", ""))
        if not found:
            raise DumpError(f"no package {package} in {self.suite}/{self.arch} (see --list)")
        return found

    def _unpack(self, package: str, fields: Stanza) -> Path:
        tree = self.root / "trees" / f"{package}_{fields['Version'].replace(':', '%')}"
        if not tree.exists():
            say(f"fetching {package} {fields['Version']} ({int(fields['Size']) >> 20} MiB)")
            with tempfile.TemporaryDirectory(dir=self.root) as folder:
                self.run("apt-get", "-qq", "download", package, cwd=Path(folder))
                (deb,) = Path(folder).glob("*.deb")
                unpack_deb(deb, tree)
        return tree


def system_mirror(suite: str) -> str:
    """The Debian (or debian-security) archive that this machine's own apt uses.

    Raises:
        DumpError: it uses none.
    """
    want = "debian-security" if suite.endswith("-security") else "debian"
    command = ["apt-get", "indextargets", "--format", "$(REPO_URI)"]
    try:
        uris = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    except (OSError, subprocess.CalledProcessError) as error:
        raise DumpError(f"apt does not work on this machine: {error}") from error
    for uri in uris:
        if uri.rstrip("/").rsplit("/", 1)[-1] == want:
            return uri
    raise DumpError(f"apt on this machine knows no {want} archive; pass --mirror")


def unpack_deb(deb: Path, tree: Path) -> None:
    """Unpack a package file into a folder that appears only when it is whole."""
    part = tree.with_name(f"{tree.name}.part{os.getpid()}")
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir(parents=True)
    subprocess.run(["dpkg-deb", "-x", str(deb), str(part)], check=True)
    try:
        part.rename(tree)
    except OSError:  # another process was quicker
        shutil.rmtree(part)
