# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Run the real `vol` command as a user would, away from the user's own files."""

from __future__ import annotations

import importlib.metadata
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from support.checkout import CHECKOUT

TIMEOUT = 900  # seconds


@dataclass(frozen=True)
class Result:
    """What a run of `vol` did."""

    returncode: int
    stdout: str
    stderr: str
    output: Path

    @property
    def rows(self) -> list[dict[str, Any]]:
        """The rows that `-r json` printed."""
        rows: list[dict[str, Any]] = json.loads(self.stdout)
        return rows


def is_installed() -> bool:
    """Whether this environment has the package itself (not only the checkout on its path)."""
    try:
        importlib.metadata.distribution("volatility3-btf")
    except importlib.metadata.PackageNotFoundError:
        return False
    return True


@dataclass(frozen=True)
class Vol:
    """The `vol` command with a home, a cache, symbols and an output folder of its own.

    Where the package is not installed, the plugins of the checkout are used through `-p`.
    """

    folder: Path

    def __post_init__(self) -> None:
        for name in ("home", "cache", "symbols", "output"):
            (self.folder / name).mkdir(parents=True, exist_ok=True)

    @property
    def symbols(self) -> Path:
        """A folder in Volatility's symbol path; empty at first."""
        return self.folder / "symbols"

    @property
    def cache(self) -> Path:
        """The user's cache folder (XDG_CACHE_HOME), in which Volatility has its own."""
        return self.folder / "cache"

    @property
    def output(self) -> Path:
        """Where plugins write their files."""
        return self.folder / "output"

    @property
    def environment(self) -> dict[str, str]:
        """Environment variables of every run."""
        drop = ("XDG_", "PYTHON", "VOLATILITY")
        kept = {key: value for key, value in os.environ.items() if not key.startswith(drop)}
        kept.update(HOME=str(self.folder / "home"), XDG_CACHE_HOME=str(self.cache), LC_ALL="C.UTF-8")
        paths = [CHECKOUT / "tests" / "support" / "as_users_have_it"]
        paths += [] if is_installed() else [CHECKOUT]
        kept["PYTHONPATH"] = os.pathsep.join(map(str, paths))
        return kept

    def command(self, *words: str | Path, renderer: str | None = "json", tool: str = "vol") -> list[str]:
        """The command line for plugin and arguments, `vol`'s own options before them."""
        command = [str(Path(sys.executable).with_name(tool))]
        command += ["--cache-path", str(self.cache / "volatility3"), "-s", str(self.symbols)]
        command += ["-o", str(self.output)]
        if renderer:
            command += ["-r", renderer]
        if not is_installed():
            command += ["-p", str(CHECKOUT / "plugins")]
        return command + [str(word) for word in words]

    def __call__(
        self,
        *words: str | Path,
        image: Path | None = None,
        renderer: str | None = "json",
        check: bool = True,
        timeout: float = TIMEOUT,
        tool: str = "vol",
    ) -> Result:
        """Run `vol [options] -f image plugin arguments`.

        Args:
            words: more options of `vol`, the plugin, the plugin's arguments.
            image: what `-f` names.
            renderer: what `-r` names; None for Volatility's own choice.
            check: fail the test when the exit code is not 0.
            timeout: in seconds.
            tool: vol or volshell.
        """
        target = ("-f", image) if image else ()
        done = subprocess.run(
            self.command(*target, *words, renderer=renderer, tool=tool),
            env=self.environment,
            cwd=self.folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
        )
        if check:
            assert done.returncode == 0, done.stderr
        return Result(done.returncode, done.stdout, done.stderr, self.output)
