#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a symbol table costs: from the dump with ours, from the debug package with dwarf2json.

    bench/symbol_table.py               of a 6.1 kernel
    bench/symbol_table.py 7 --rounds 9

Both make the table of the same kernel, in turn, each as a process of its own. Ours is the whole command
`vol -f dump linux.btfisf`, Volatility's own start included, with the dump in the page cache; dwarf2json reads
the vmlinux of the debug package, unpacked and in the page cache.

Where dwarf2json cannot be installed, `dwarfref` (tools/parity) stands in for it. That is another program: the
result then says nothing about dwarf2json, and says so.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import contest  # noqa: E402
import report  # noqa: E402
import venvs  # noqa: E402

from dumpmaker import cache  # noqa: E402
from parity import reference  # noqa: E402

PROCESSOR, MEMORY = 25, 15  # times less than dwarf2json
RECORD = {"processor": 52.0, "peak": 4.1e9}
"""What dwarf2json once took for a Debian 6.1 kernel on such a machine, in seconds and bytes."""

STAND_IN = (
    "dwarf2json cannot be installed on this machine ({reason}). `dwarfref` reads the same DWARF and writes "
    "the same shapes, but it is another program, and tells nothing of what dwarf2json costs. The targets are "
    "set against what dwarf2json took for a Debian 6.1 kernel when it could be had: 52 s of processor time, "
    "4.1 GB; that run cannot be repeated here."
)
NO_BTF2JSON = "btf2json is left out: the registry that cargo uses does not have it."


def ours(image: Path, folder: Path, compression: str) -> contest.Words:
    """The command that makes our table of a dump, in a folder that is emptied first."""
    output = folder / "ours"
    shutil.rmtree(output, ignore_errors=True)
    output.mkdir()
    options = ("-o", output, "-f", image, "linux.btfisf", "--compression", compression)
    return venvs.words(venvs.ours(), folder, *options)


def peer(dwarf2json: str | None, vmlinux: Path, folder: Path) -> tuple[contest.Entrant, str]:
    """What ours is measured beside, and why it is not dwarf2json, if it is not."""
    program, reason = (dwarf2json, "") if dwarf2json else reference.install()
    if program:
        return contest.Entrant("dwarf2json", lambda: [program, "linux", "--elf", vmlinux]), ""
    words = [reference.build(), vmlinux, folder / "isf.json", folder / "globals.jsonl"]
    return contest.Entrant("dwarfref", lambda: words), STAND_IN.format(
        reason=reason.partition(": ")[2].rstrip(".")
    )


def targets(mine: contest.Entrant, other: contest.Entrant) -> list[report.Target]:
    """What is wanted of processor time and memory."""
    is_peer = other.name == "dwarf2json"
    found = []
    for what, text, limit in (("processor", "processor time", PROCESSOR), ("peak", "peak memory", MEMORY)):
        theirs = other.median(what) if is_peer else RECORD[what]
        whose = "dwarf2json" if is_peer else "dwarf2json's on record"
        found.append(report.Target(f"{text}: {whose} / ours", theirs / mine.median(what), "≥", limit))
    return found


def race(args: argparse.Namespace) -> report.Section:
    """Race for one kernel."""
    recipe = reference.RECIPES[args.name]
    dump = cache.dump(f"parity-{args.name}", recipe)
    vmlinux = reference.debug_kernel(recipe, dump)
    for path in (dump.raw, vmlinux):
        contest.run(["cat", path])  # into the page cache
    with tempfile.TemporaryDirectory() as temporary:
        folder = Path(temporary)
        mine = contest.Entrant("ours", lambda: ours(dump.raw, folder, args.compression))
        other, note = peer(args.dwarf2json, vmlinux, folder)
        contest.contest([mine, other], args.rounds, warm=False)
    body = (
        f"Symbol table of Linux {dump.truth['release']}, {args.compression} for ours; {args.rounds} rounds."
    )
    shown = contest.costs_table([mine, other], mine)
    return report.Section(
        "Symbol table",
        f"bench/symbol_table.py {args.name} --rounds {args.rounds}",
        "\n\n".join(filter(None, [body, shown, note, NO_BTF2JSON])),
        targets(mine, other),
        contest.figures([mine, other]),
    )


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("name", nargs="?", default="6.1", choices=reference.RECIPES)
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--compression", default="xz", choices=("xz", "gz", "none"))
    p.add_argument("--dwarf2json", help="its program, if it is on this machine already")
    report.add_options(p)
    args = p.parse_args()
    sys.exit(report.show([race(args)], args))


if __name__ == "__main__":
    main()
