# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Every Linux plugin of Volatility, run with one symbol table and nothing else."""

from __future__ import annotations

import filecmp
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

TIMEOUT = 300  # seconds
PATIENCE = 1800  # seconds, for the first use of a symbol table
FIRST = "linux.boottime.Boottime"

ARGUMENTS = {
    "linux.pagecache.InodePages": ["--find", "/init"],
    "linux.vmaregexscan.VmaRegExScan": ["--pattern", "busybox"],
}
"""Plugins that do nothing without being told what to look for."""

MODULE_EXTRACT = "linux.module_extract.ModuleExtract"
"""Wants the address of a `struct module`: the first one that `linux.lsmod` shows."""

_LIST = """
import volatility3.plugins
from volatility3 import framework
framework.import_files(volatility3.plugins, True)
names = framework.list_plugins()
print("\\n".join(name for name in sorted(names) if name.startswith("linux.") and ".btf" not in name))
"""


@dataclass
class Run:
    """What one plugin did.

    Attributes:
        status: works, fails, or timeout.
        seconds: by the clock.
        error: the last line on stderr of a run that failed.
        rows: what it printed, children after their parents.
    """

    status: str
    seconds: float
    error: str = ""
    rows: list[dict[str, Any]] = field(default_factory=list)


def names() -> list[str]:
    """Volatility's own Linux plugins."""
    done = subprocess.run([sys.executable, "-c", _LIST], capture_output=True, text=True, check=True)
    return done.stdout.split()


def run_all(
    isf: Path, image: Path, folder: Path, wanted: Iterable[str], tell: Callable[[str], None], timeout: float
) -> dict[str, Run]:
    """Run plugins one after another with one ISF in an otherwise empty symbol path.

    What has been run for the same ISF and image before is read back, so that an interrupted run goes on.

    Args:
        isf: the symbol table.
        image: the dump.
        folder: where Volatility's cache, its output and the results are kept.
        wanted: names of plugins.
        tell: told about each run.
        timeout: seconds after which a run is given up.
    """
    results = folder / "results"
    symbols = folder / "symbols" / "linux"
    for path in (results, symbols, folder / "home", folder / "output", folder / "cache"):
        path.mkdir(parents=True, exist_ok=True)
    target = symbols / f"table{''.join(isf.suffixes[-2:]) if isf.suffix != '.json' else '.json'}"
    if not target.exists() or not filecmp.cmp(target, isf, shallow=False):
        shutil.rmtree(results)
        results.mkdir()
        shutil.copy(isf, target)
    if not list(results.iterdir()):  # Volatility checks a new table against its schema once, which takes long
        tell(f"first use of {isf.name}: {_run(FIRST, image, folder, PATIENCE).seconds} s")
    found: dict[str, Run] = {}
    for name in wanted:
        record = results / f"{name}.json"
        if record.exists():
            found[name] = Run(**json.loads(record.read_text()))
            continue
        found[name] = _run(name, image, folder, timeout)
        record.write_text(json.dumps(asdict(found[name])))
        tell(f"{name}: {found[name].status}, {len(found[name].rows)} rows, {found[name].seconds} s")
    return found


def _arguments(name: str, image: Path, folder: Path, timeout: float) -> list[str]:
    """What a plugin has to be told."""
    if name != MODULE_EXTRACT:
        return ARGUMENTS.get(name, [])
    listed = _run("linux.lsmod.Lsmod", image, folder, timeout)
    return ["--base", str(listed.rows[0]["Offset"])] if listed.rows else []


def _run(name: str, image: Path, folder: Path, timeout: float) -> Run:
    arguments = _arguments(name, image, folder, timeout)
    command = [str(Path(sys.executable).with_name("vol")), "-q", "-r", "json"]
    command += ["--cache-path", str(folder / "cache"), "-s", str(folder / "symbols")]
    command += ["-o", str(folder / "output"), "-f", str(image), name, *arguments]
    kept = {key: value for key, value in os.environ.items() if not key.startswith(("XDG_", "PYTHON"))}
    started = time.monotonic()
    try:
        done = subprocess.run(
            command,
            env={**kept, "HOME": str(folder / "home"), "LC_ALL": "C.UTF-8"},
            cwd=folder,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return Run("timeout", timeout)
    seconds = round(time.monotonic() - started, 1)
    error = (done.stderr.decode(errors="replace").strip().splitlines() or [""])[-1]
    try:
        rows = list(_flat(json.loads(done.stdout)))
    except ValueError:
        return Run("fails", seconds, error or "no output")
    return Run("fails" if done.returncode else "works", seconds, error if done.returncode else "", rows)


def _flat(rows: list[dict[str, Any]]) -> Iterable[dict[str, Any]]:
    for row in rows:
        yield {key: value for key, value in row.items() if key != "__children"}
        yield from _flat(row.get("__children", []))


def verdict(ours: Run, reference: Run) -> str:
    """What comparing two runs of one plugin says."""
    if reference.status != "works":
        return f"{reference.status} with both" if ours.status == reference.status else f"ours {ours.status}"
    if ours.status != "works":
        return f"ours {ours.status}, the reference works"
    if ours.rows == reference.rows:
        return "same"
    if sorted(map(str, ours.rows)) == sorted(map(str, reference.rows)):
        return "same rows in another order"
    return "different"


def first_difference(ours: Run, reference: Run) -> str:
    """The first row that is not the same in both."""
    for mine, other in zip(ours.rows, reference.rows, strict=False):
        if mine != other:
            keys = [key for key in other if mine.get(key) != other[key]]
            shown = {key: (mine.get(key), other[key]) for key in keys[:4]}
            return f"{str(shown)[:300]} (ours, reference)"
    return f"{len(ours.rows)} rows, not {len(reference.rows)}"
