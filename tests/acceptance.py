#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Every Linux plugin, on every dump, in every form, with nothing prepared: `make acceptance`.

For each dump the plugins are run once as a user with an ISF of `linux.btfisf` would run them: by stock
Volatility, or, where that cannot translate 5-level page tables, with this project's layer. Then each form of
the dump (raw, ELF core, LiME, raw with VMCOREINFO zeroed) is given to a user who has nothing. Exit code, all
that is printed, and the last line of an error must be the same. It takes hours; what is in the output folder
is not done again, so start with another folder after a change.

    tests/acceptance.py --out FOLDER                       everything
    tests/acceptance.py --out FOLDER amd64-6.1 --forms raw lime
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT), str(CHECKOUT / "tools")]

from dumpmaker import cache  # noqa: E402
from dumpmaker.cache import Dump  # noqa: E402
from support.images import write_lime  # noqa: E402
from support.pluginruns import (  # noqa: E402
    give_isf,
    guest_processes,
    linux_plugins,
    make_isf,
    outcome,
    processes,
    run,
    stable,
    stock_choice,
)
from support.volrunner import Vol  # noqa: E402
from support.wiping import without_vmcoreinfo  # noqa: E402

DUMPS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "amd64-6.12-la57")
FORMS = ("raw", "elf", "lime", "wiped")

Outcome = tuple[int, str, str]


def image_of(dump: Dump, form: str, folder: Path) -> Path:
    """The dump in one of its forms, made in `folder` if it is not there."""
    target = folder / f"{dump.name}.{form}"
    if form in ("raw", "elf"):
        return dump.raw if form == "raw" else dump.elf
    if not target.exists():
        aside = target.with_suffix(".part")
        if form == "lime":
            ranges = [(start, length) for start, length in dump.truth["ram"]]
            write_lime(aside, dump.raw, dump.truth["raw_base"], ranges)
        else:
            without_vmcoreinfo(dump, aside)
        aside.rename(target)
    return target


def run_all(
    vol: Vol, plugins: Iterable[str], image: Path, options: tuple[str, ...], workers: int
) -> dict[str, Outcome]:
    """Run plugins and keep what they did in the user's folder; what is kept there is not run again."""
    record = vol.folder / "results"
    record.mkdir(exist_ok=True)

    def one(plugin: str) -> Outcome:
        file = record / f"{plugin}.json"
        if not file.exists():
            file.write_text(json.dumps(outcome(run(vol, plugin, image, *options))))
        code, printed, last = json.loads(file.read_text())
        return code, printed, last

    wanted = list(plugins)
    with ThreadPoolExecutor(workers) as pool:
        return dict(zip(wanted, pool.map(one, wanted), strict=True))


def reference(dump: Dump, folder: Path, plugins: Iterable[str], workers: int) -> dict[str, Outcome]:
    """What the plugins do with the ISF of `linux.btfisf`."""
    vol = Vol(folder / dump.name / "reference")
    if not list(vol.symbols.iterdir()):
        give_isf(vol, make_isf(vol, dump))
    options: tuple[str, ...] = ()
    if not dump.truth["la57"]:
        options = ("--no-btf", "-c", str(stock_choice(vol, dump.raw)))
    return run_all(vol, plugins, dump.raw, options, workers)


def compare(
    dump: Dump, form: str, folder: Path, expected: dict[str, Outcome], workers: int
) -> dict[str, Any]:
    """Run everything on one form of a dump; the figures of its row."""
    image = image_of(dump, form, folder)
    vol = Vol(folder / dump.name / form)
    begun = time.monotonic()
    shown = processes(vol("linux.pslist", image=image))
    found = run_all(vol, expected, image, (), workers)
    different = [name for name in expected if found[name] != expected[name]]
    return {
        "dump": dump.name,
        "form": form,
        "processes": stable(shown) == stable(guest_processes(dump.truth)),
        "plugins": len(expected),
        "same": len(expected) - len(different),
        "failing with both": sum(found[name][0] != 0 for name in expected if name not in different),
        "different": different,
        "minutes": round((time.monotonic() - begun) / 60, 1),
    }


def main() -> int:
    """Run the matrix and print a row for each form; returns the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("dumps", nargs="*", default=DUMPS, metavar="DUMP")
    parser.add_argument("--forms", nargs="+", default=FORMS, choices=FORMS)
    parser.add_argument("--plugins", nargs="+", help="only these")
    parser.add_argument("--out", type=Path, required=True, help="where images and results are kept")
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    folder = options.out.resolve()
    folder.mkdir(parents=True, exist_ok=True)
    plugins = options.plugins or linux_plugins()
    rows = []
    print("| dump | form | process list | same | failing with both | different |\n|---|---|---|--:|--:|---|")
    for name in options.dumps:
        dump = cache.dump(name)
        expected = reference(dump, folder, plugins, options.workers)
        for form in options.forms:
            row = compare(dump, form, folder, expected, options.workers)
            rows.append(row)
            state = "as ps" if row["processes"] else "WRONG"
            cells = [name, form, state, f"{row['same']} of {row['plugins']}", row["failing with both"]]
            cells.append(", ".join(row["different"]) or "none")
            print("| " + " | ".join(map(str, cells)) + " |", flush=True)
    (folder / "acceptance.json").write_text(json.dumps(rows, indent=1) + "\n")
    return any(row["different"] or not row["processes"] for row in rows)


if __name__ == "__main__":
    sys.exit(main())
