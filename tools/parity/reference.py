# SPDX-License-Identifier: Apache-2.0
"""The kernel's own debug information as an ISF: what ours is compared with.

The reference is dwarf2json's, if that tool can be had (it is installed with Go, from the module proxy that
the machine uses). Where it cannot, `dwarfref` of this folder reads the same DWARF and writes the same shapes;
what depends on dwarf2json itself (its name, its own peculiarities, its cost) is then not measured, and the
report says so. `dwarfref` is needed in any case: it knows the names that compile units define differently.
"""

from __future__ import annotations

import json
import os
import subprocess
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from dumpmaker import cache
from dumpmaker.errors import DumpError, say
from dumpmaker.packages import Apt
from parity import measure

DWARF2JSON = "github.com/volatilityfoundation/dwarf2json@latest"
DWARFREF = Path(__file__).with_name("dwarfref")

# The cloud flavour: its debug package is the smallest.
RECIPES = {
    "5.10": cache.Recipe("bullseye", "linux-image-cloud-amd64"),
    "6.1": cache.Recipe("bookworm", "linux-image-cloud-amd64"),
    "6.12": cache.Recipe("trixie", "linux-image-cloud-amd64"),
    "7": cache.Recipe("trixie-backports", "linux-image-cloud-amd64"),
    "arm64": cache.Recipe("trixie", "linux-image-cloud-arm64", "arm64"),
}


@dataclass(frozen=True)
class Reference:
    """A dump and what the DWARF of its kernel says.

    Attributes:
        image: the dump.
        isf: the reference's ISF.
        variants: names that several compile units define differently → each definition.
        producer: what made the ISF.
        note: why it is not dwarf2json, if it is not.
        cost: what making the ISF cost, if it was made now or is on record.
    """

    image: Path
    isf: Path
    variants: dict[str, list[dict[str, Any]]]
    producer: str
    note: str
    cost: dict[str, float]


def make(name: str, dwarf2json: str | None = None) -> Reference:
    """The reference for one of the recipes, from the cache where it is there.

    Args:
        name: one of `RECIPES`.
        dwarf2json: its program, if it is on this machine already.

    Raises:
        DumpError: the dump or the debug package cannot be had.
    """
    recipe = RECIPES[name]
    dump = cache.dump(f"parity-{name}", recipe)
    vmlinux = debug_kernel(recipe, dump)
    folder = cache.root() / "parity" / vmlinux.parent.name / dump.truth["release"]
    folder.mkdir(parents=True, exist_ok=True)
    own, listed = folder / "dwarfref.json", folder / "dwarfref.jsonl"
    costs = folder / "costs.json"
    if not (own.exists() and listed.exists()):
        _record(costs, "dwarfref", measure.run([build(), vmlinux, own, listed]))
    program, note = (dwarf2json, "") if dwarf2json else install()
    isf, producer = own, "dwarfref"
    if program:
        isf, producer = folder / "dwarf2json.json", "dwarf2json"
        if not isf.exists():
            aside = isf.with_suffix(".part")
            _record(costs, "dwarf2json", measure.run([program, "linux", "--elf", vmlinux], aside))
            aside.rename(isf)
    cost = json.loads(costs.read_text()).get(producer, {}) if costs.exists() else {}
    return Reference(dump.raw, isf, read_variants(listed), producer, note, cost)


def debug_kernel(recipe: cache.Recipe, dump: cache.Dump) -> Path:
    """The vmlinux with DWARF of the very kernel that a dump was taken of.

    Raises:
        DumpError: the suite has no debug package of that kernel any more.
    """
    release = dump.truth["release"]
    apt = Apt(recipe.suite, recipe.arch, cache.root() / "packages")
    package = f"linux-image-{release}-dbg"
    fields, tree = apt.fetch(package, "")[package]
    versions = {about.split()[0] for about in dump.truth["packages"].values()}
    if fields["Version"] not in versions:
        raise DumpError(f"the dump is of {versions}, {package} of {fields['Version']}: delete the dump")
    found = [path for path in sorted(tree.rglob("vmlinux*")) if path.is_file() and not path.is_symlink()]
    if not found:
        raise DumpError(f"no vmlinux in {package}")
    return found[0]


def install() -> tuple[str | None, str]:
    """Install dwarf2json into the cache; its path, or None and why not."""
    folder = cache.root() / "bin"
    program = folder / "dwarf2json"
    if program.exists():
        return str(program), ""
    done = subprocess.run(
        ["go", "install", DWARF2JSON],
        env={**os.environ, "GOBIN": str(folder)},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0 and program.exists():
        return str(program), ""
    reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1].strip()
    say(f"dwarf2json cannot be installed ({reason}); going on with dwarfref")
    return None, f"dwarf2json cannot be installed: {reason}"


def build() -> Path:
    """Build dwarfref into the cache."""
    program = cache.root() / "bin" / "dwarfref"
    program.parent.mkdir(parents=True, exist_ok=True)
    subprocess.run(["go", "build", "-o", str(program), "."], cwd=DWARFREF, check=True)
    return program


def _record(path: Path, producer: str, cost: measure.Cost) -> None:
    known = json.loads(path.read_text()) if path.exists() else {}
    path.write_text(json.dumps({**known, producer: asdict(cost)}, indent=1) + "\n")


def read_variants(listed: Path) -> dict[str, list[dict[str, Any]]]:
    """The names with several definitions from the list that dwarfref writes."""
    variants: dict[str, list[dict[str, Any]]] = {}
    with listed.open() as lines:
        for line in lines:
            if line.startswith('{"definitions"'):
                entry = json.loads(line)
                variants.setdefault(entry["variants"], []).extend(entry["definitions"])
    return variants
