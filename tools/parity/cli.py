# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Compare our symbol tables with the kernels' own debug information.

    parity                        every kernel: types, symbols and all plugins
    parity 6.1 --only types       one of them, without running plugins
    parity 6.1 --ours FILE        another ISF than the one that this checkout makes

It fetches a kernel and its debug package, takes a dump of that very kernel, makes the reference's ISF and
ours, and compares. What can be used again is kept in $BTF_DUMPS or ~/.cache/volatility3-btf. The result is
written to the output folder: parity.json and parity.md. Exit code 1 when something differs without an
explanation.
"""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import Any

from dumpmaker import cache
from dumpmaker.errors import DumpError, say
from parity import documents, plugins, reference, report


def compare(name: str, args: argparse.Namespace) -> dict[str, Any]:
    """Everything that is to be compared for one kernel."""
    ref = reference.make(name, args.dwarf2json)
    folder = cache.root() / "parity" / name
    folder.mkdir(parents=True, exist_ok=True)
    ours = args.ours or make_ours(ref.image, folder)
    result: dict[str, Any] = {"reference": ref.producer, "note": ref.note, "cost of the reference": ref.cost}
    mine = documents.Isf.load(ours)
    result["ours"] = mine.producer
    if args.only in (None, "types"):
        other = documents.Isf.load(ref.isf)
        result["types"] = documents.compare_types(mine, other, ref.variants).summary()
        result["enums"] = documents.compare_enums(mine, other, ref.variants).summary()
        result["symbols"] = documents.compare_symbols(mine, other).summary()
    if args.only in (None, "plugins"):
        result["plugins"] = compare_plugins(ours, ref, folder, args)
    return result


def compare_plugins(
    ours: Path, ref: reference.Reference, folder: Path, args: argparse.Namespace
) -> dict[str, Any]:
    """Every plugin with each ISF."""
    wanted = args.plugins.split(",") if args.plugins else plugins.names()
    runs = {
        who: plugins.run_all(isf, ref.image, folder / who, wanted, lambda text: say(text), args.timeout)
        for who, isf in (("reference", ref.isf), ("ours", ours))
    }
    table = {}
    for name in wanted:
        mine, other = runs["ours"][name], runs["reference"][name]
        verdict = plugins.verdict(mine, other)
        table[name] = {
            "verdict": verdict,
            "rows": len(mine.rows),
            "ours": mine.seconds,
            "reference": other.seconds,
            "remark": plugins.first_difference(mine, other) if verdict == "different" else mine.error,
        }
    return table


def make_ours(image: Path, folder: Path) -> Path:
    """The ISF that this checkout makes of a dump."""
    from volatility3_btf.files.images import open_memory
    from volatility3_btf.isf import build_isf
    from volatility3_btf.kernel import identify_kernels

    kernels = identify_kernels(open_memory(image))
    if not kernels:
        raise DumpError(f"no kernel found in {image}")
    written = build_isf(kernels[0]).write(folder, compression="none")
    return written.rename(folder / "ours.json")


def is_good(result: dict[str, Any]) -> bool:
    """Whether nothing differs without an explanation, and our types of symbols keep what is promised."""
    types = all(not result[part]["unexplained"] for part in ("types", "enums") if part in result)
    symbols = result.get("symbols", {})
    kept = not symbols or (symbols["agreement"] >= 0.995 and symbols["share typed the same"] >= 0.3)
    bad = ("different", "ours fails, the reference works", "ours timeout, the reference works")
    return types and kept and not any(run["verdict"] in bad for run in result.get("plugins", {}).values())


def main() -> None:
    """Entry point of tools/parity."""
    p = argparse.ArgumentParser(
        prog="parity", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(reference.RECIPES)}")
    p.add_argument("--ours", type=Path, help="our ISF, made before (one NAME)")
    p.add_argument("--dwarf2json", help="its program, if it is on this machine already")
    p.add_argument("--only", choices=("types", "plugins"))
    p.add_argument("--plugins", help="these plugins only, comma separated")
    p.add_argument("--timeout", type=float, default=plugins.TIMEOUT, help="seconds a plugin may take")
    p.add_argument("--out", type=Path, default=Path("build/parity"))
    args = p.parse_args()
    if args.ours and len(args.names) != 1:
        p.error("--ours goes with one NAME")
    if unknown := set(args.names) - set(reference.RECIPES):
        p.error(f"no kernel {', '.join(sorted(unknown))}")
    results = {}
    try:
        for name in args.names or reference.RECIPES:
            results[name] = compare(name, args)
    except DumpError as error:
        sys.exit(f"parity: {error}")
    args.out.mkdir(parents=True, exist_ok=True)
    (args.out / "parity.json").write_text(json.dumps(results, indent=1) + "\n")
    (args.out / "parity.md").write_text(report.page(results))
    print(report.page(results))
    sys.exit(0 if all(map(is_good, results.values())) else 1)
