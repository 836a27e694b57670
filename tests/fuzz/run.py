# SPDX-License-Identifier: Apache-2.0
"""Fuzz the readers, guided by coverage.

    python tests/fuzz/run.py types -max_total_time=60
    python tests/fuzz/run.py all -max_total_time=4

What follows the name of a target (`targets.py`), or `all` for one after the other, is libFuzzer's: folders of
a corpus, `-runs=`, `-max_total_time=` and so on. An input that breaks a reader is written into the working
folder, its name starting with that of the target. The last line for each target is its number of executions.
"""

from __future__ import annotations

import os
import re
import sys
import tempfile
import traceback
from pathlib import Path

import atheris

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

with atheris.instrument_imports(include=["volatility3_btf"]):
    from fuzz.targets import TARGETS, Target

LIMITS = ("-timeout=10", "-rss_limit_mb=1024", "-print_final_stats=1")


def dictionary(target: Target, folder: Path) -> Path:
    """The target's words as a libFuzzer dictionary."""
    lines = ('"' + "".join(f"\\x{byte:02x}" for byte in word) + '"' for word in target.words)
    path = folder / "words"
    path.write_text("\n".join(lines) + "\n")
    return path


def fuzz(name: str, options: list[str], folder: Path) -> None:
    """Fuzz one target; never returns.

    Args:
        name: of the target.
        options: libFuzzer's.
        folder: an empty one.
    """
    target, seeds = TARGETS[name], folder / "seeds"
    seeds.mkdir()
    for number, seed in enumerate(target.seeds()):
        (seeds / str(number)).write_bytes(seed)
    given = [option for option in options if not option.startswith("-")]
    flags = [
        *LIMITS,
        f"-max_len={target.longest}",
        f"-artifact_prefix={name}-",
        f"-dict={dictionary(target, folder)}",
    ]
    flags += [f"-runs={target.runs}"] * bool(target.runs)
    flags += [option for option in options if option.startswith("-")]
    atheris.Setup([sys.argv[0], *flags, *given, str(seeds)], target.run)
    atheris.Fuzz()


def _fuzz_and_exit(name: str, options: list[str], folder: Path) -> None:
    """Fuzz in a child, which must not clean up its parent's folder when it ends by an exception."""
    try:
        fuzz(name, options, folder)
    except SystemExit as end:
        os._exit(end.code if isinstance(end.code, int) else bool(end.code))
    except BaseException:
        traceback.print_exc()
        os._exit(1)


def run(name: str, options: list[str]) -> bool:
    """Fuzz one target in a child process; whether nothing broke it."""
    with tempfile.TemporaryDirectory(prefix="fuzz.") as folder:
        log = Path(folder, "log")
        child = os.fork()
        if not child:
            os.dup2(os.open(log, os.O_WRONLY | os.O_CREAT), 2)
            _fuzz_and_exit(name, options, Path(folder))
        status = os.waitpid(child, 0)[1]
        text = log.read_text(errors="replace")
    if status:
        print(text[-8000:])
    executed = re.search(r"number_of_executed_units: (\d+)", text)
    print(
        f"{name}: {executed[1] if executed else 0} executions, {'broken' if status else 'sound'}", flush=True
    )
    return not status


def main() -> int:
    """Fuzz what the command line says."""
    name, *options = sys.argv[1:]
    results = [run(each, options) for each in (TARGETS if name == "all" else [name])]
    return 0 if all(results) else 1


if __name__ == "__main__":
    sys.exit(main())
