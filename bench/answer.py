#!/usr/bin/env python3
# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""How soon a plugin answers: with nothing prepared, beside Volatility alone with a symbol file at hand.

    bench/answer.py                           linux.pslist, linux.lsof and linux.sockstat on a 6.1 dump
    bench/answer.py linux.pslist --rounds 9

Contestants, in turn, each a whole `vol` command with a home folder of its own:

    Volatility, symbol file ready    an environment without this package; the file is in the symbol path, and
                                     Volatility's cache knows it from an earlier run
    ours, first run                  nothing prepared, and a new home folder each time
    ours, later runs                 nothing prepared, but an earlier run's table is stored
    ours, the user's own file        what Volatility alone has, and this package installed too

The symbol file is dwarf2json's where that can be installed; else `dwarfref` (tools/parity) makes one of the
same content from the same DWARF. It is plain JSON, which is read faster than a compressed one.
"""

from __future__ import annotations

import argparse
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

CHECKOUT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(CHECKOUT / "tools"), str(CHECKOUT)]

import contest  # noqa: E402
import inputs  # noqa: E402
import report  # noqa: E402
import venvs  # noqa: E402

from parity import reference  # noqa: E402

PLUGINS = ("linux.pslist", "linux.lsof", "linux.sockstat")
FIRST, LATER, OWN = 1.0, 0.4, 1.1  # times what Volatility alone takes


class Folders:
    """Home folders, and the folder with the symbol file."""

    def __init__(self, root: Path, isf: Path) -> None:
        self._root = root
        self._numbers = itertools.count()
        self.symbols = root / "symbols"
        self.symbols.mkdir()
        shutil.copy(isf, self.symbols / "kernel.json")

    def home(self) -> Path:
        """A new home folder."""
        path = self._root / f"home-{next(self._numbers)}"
        path.mkdir()
        return path


def entrants(plugin: str, image: Path, folders: Folders) -> list[contest.Entrant]:
    """The contestants for one plugin, Volatility alone first."""
    stock, ours = venvs.stock(), venvs.ours()
    alone, later, own = folders.home(), folders.home(), folders.home()
    symbols = ("-s", folders.symbols)
    rest = ("-f", image, plugin)
    return [
        contest.Entrant("Volatility, symbol file ready", lambda: venvs.words(stock, alone, *symbols, *rest)),
        contest.Entrant("ours, first run", lambda: venvs.words(ours, folders.home(), *rest)),
        contest.Entrant("ours, later runs", lambda: venvs.words(ours, later, *rest)),
        contest.Entrant("ours, the user's own file", lambda: venvs.words(ours, own, *symbols, *rest)),
    ]


def targets(plugin: str, lanes: list[contest.Entrant]) -> list[report.Target]:
    """What is wanted of the elapsed time."""
    stock, *others = lanes
    limits = zip(others, (FIRST, LATER, OWN), strict=True)
    return [
        report.Target(f"{plugin}: {lane.name}", lane.median("elapsed") / stock.median("elapsed"), "≤", limit)
        for lane, limit in limits
    ]


def race(plugins: list[str], rounds: int, dwarf2json: str | None) -> report.Section:
    """Race every plugin."""
    kernel = reference.make("6.1", dwarf2json)
    contest.run(["cat", kernel.image])  # into the page cache
    tables, wanted, figures = [], [], {}
    with tempfile.TemporaryDirectory(dir=inputs.folder()) as root:
        folders = Folders(Path(root), kernel.isf)
        for plugin in plugins:
            lanes = entrants(plugin, kernel.image, folders)
            contest.contest(lanes, rounds)
            same = all(lane.output == lanes[0].output for lane in lanes)
            said = "All print the same." if same else "**Not all print the same.**"
            tables.append(f"`{plugin}`. {said}\n\n{contest.costs_table(lanes, lanes[0])}")
            wanted += targets(plugin, lanes)
            figures[plugin] = contest.figures(lanes)
    size = kernel.isf.stat().st_size / 1e6
    body = (
        f"A 512 MiB dump of Linux {kernel.isf.parent.name}, in the page cache; {rounds} rounds. "
        f"The symbol file is {kernel.producer}'s, {size:.0f} MB of JSON. × is of Volatility alone."
    )
    note = f"({kernel.note}; {kernel.producer}'s file has the same content.)" if kernel.note else ""
    text = "\n\n".join(filter(None, [body, note, *tables]))
    command = f"bench/answer.py {' '.join(plugins)} --rounds {rounds}"
    return report.Section("Answer: whole commands", command, text, wanted, figures)


def main() -> None:
    """Entry point."""
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("plugins", nargs="*", default=list(PLUGINS))
    p.add_argument("--rounds", type=int, default=5)
    p.add_argument("--dwarf2json", help="its program, if it is on this machine already")
    report.add_options(p)
    args = p.parse_args()
    sys.exit(report.show([race(args.plugins, args.rounds, args.dwarf2json)], args))


if __name__ == "__main__":
    main()
