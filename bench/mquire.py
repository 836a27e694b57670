# SPDX-License-Identifier: Apache-2.0
"""mquire, which looks for BTF in memory images too: its program, and its search alone.

Both are built into the cache folder, from the newest release on the registry that cargo uses. Its library
keeps the search to itself; `pub` is written before that one module of a copy, so that it can be called.
Nothing else of it is changed.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path

import inputs
import races

from dumpmaker import cache

SOURCE = Path(__file__).with_name("mquire_scan")
CRATE = "mquire"
PRIVATE = Path("src", "operating_system", "linux", "mod.rs")


class MissingError(Exception):
    """mquire cannot be had; the message says why."""


def program() -> Path:
    """Its command, installed if it is not there.

    Raises:
        MissingError: it cannot be built here.
    """
    path = cache.root() / "bin" / CRATE
    if not path.exists():
        _cargo(["install", CRATE, "--locked", "--root", str(cache.root())], cache.root())
    return path


def version() -> str:
    """What the command says of its version."""
    words = [program(), "--version"]
    return subprocess.run(words, check=True, capture_output=True, text=True).stdout.strip()


class Search:
    """Its search for BTF, in a process of its own that is told which image to go over.

    Raises:
        MissingError: it cannot be built here.
    """

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [_driver()], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, bufsize=1
        )

    def __call__(self, image: Path) -> str:
        """Search an image whose suffix is raw, lime or elf; how much was found."""
        assert self._process.stdin and self._process.stdout
        self._process.stdin.write(f"{image}\n")
        self._process.stdin.flush()
        answer = self._process.stdout.readline().split()
        if len(answer) != 2:
            raise RuntimeError(f"mquire cannot search {image}")
        return f"{answer[1]} kernels"

    def lane(self, image: Path) -> races.Lane:
        """The search as a contestant."""
        return races.Lane("mquire", lambda: self(image))

    def close(self) -> None:
        """End the process."""
        self._process.communicate()


def _driver() -> Path:
    """The program that calls its search."""
    built = inputs.folder() / "mquire-scan"
    done = built / "mquire-scan"
    source = (SOURCE / "src" / "main.rs").read_bytes()
    if done.exists() and (built / "src" / "main.rs").read_bytes() == source:
        return done
    shutil.rmtree(built, ignore_errors=True)
    shutil.copytree(SOURCE, built)
    _open_module(built)
    _cargo(["build", "--release"], built)
    (built / "target" / "release" / done.name).rename(done)
    shutil.rmtree(built / "target")
    return done


def _open_module(built: Path) -> None:
    """Copy its library beside the driver, with the module public."""
    packages = json.loads(_cargo(["metadata", "--format-version", "1"], built))["packages"]
    manifest = next(Path(package["manifest_path"]) for package in packages if package["name"] == CRATE)
    copy = built / CRATE
    shutil.copytree(manifest.parent, copy)
    text = (copy / PRIVATE).read_text()
    (copy / PRIVATE).write_text(text.replace("\nmod btf;", "\npub mod btf;"))
    wanted = built / "Cargo.toml"
    wanted.write_text(wanted.read_text().replace('version = "1"', f'path = "{CRATE}"'))


def _cargo(words: list[str], folder: Path) -> str:
    """Run cargo; what it prints."""
    environment = {**os.environ, "CARGO_TERM_COLOR": "never"}
    try:
        done = subprocess.run(
            ["cargo", *words],
            cwd=folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError as error:
        raise MissingError("mquire is left out: cargo, which builds it, is not installed") from error
    if done.returncode:
        reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
        raise MissingError(f"mquire is left out: cargo {words[0]}: {reason}")
    return done.stdout
