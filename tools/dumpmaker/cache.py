# SPDX-License-Identifier: Apache-2.0
"""The dumps that the tests use, made once and kept outside the repository.

    dumps list                 every name, and whether it is there
    dumps make [NAME ...]      make what is missing (all, without names)
    dumps path NAME            make it if it is missing, print its folder

They are kept in $BTF_DUMPS, or ~/.cache/volatility3-btf. A dump is made again when it is missing, incomplete,
or made from another recipe. Each recipe names a suite's metapackage, so a new dump has the suite's newest
kernel.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from dumpmaker import initramfs, loader, make
from dumpmaker.arches import ARCHES, LA57_CPU
from dumpmaker.errors import DumpError

MARKER = "recipe.json"
FILES = ("memory.raw", "memory.elf", "truth.json", "kallsyms.txt")
FORMAT = 1  # of the dumps; raise it to have all of them made again


@dataclass(frozen=True)
class Recipe:
    """What a dump is made from; None is not part of its digest."""

    suite: str
    package: str
    arch: str = "amd64"
    la57: bool = False
    memory: int = 512
    stream: bool | None = None
    earlier: bool | None = None

    @property
    def cpu(self) -> str:
        """QEMU's CPU model."""
        return LA57_CPU if self.la57 else ARCHES[self.arch].cpu

    @property
    def digest(self) -> str:
        """Changes when anything that shapes the dump does."""
        said = {key: value for key, value in asdict(self).items() if value is not None}
        shape = [FORMAT, said, self.cpu, asdict(ARCHES[self.arch]), initramfs.MODULES]
        shape += [initramfs.PROCESSES, initramfs.INIT.read_text(), (loader.program(self.arch) or b"").hex()]
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()


RECIPES: dict[str, Recipe] = {
    "amd64-5.10": Recipe("bullseye", "linux-image-amd64"),
    "amd64-6.1": Recipe("bookworm", "linux-image-amd64"),
    "amd64-6.12": Recipe("trixie", "linux-image-amd64"),
    "amd64-7": Recipe("trixie-backports", "linux-image-amd64"),
    "arm64-6.12": Recipe("trixie", "linux-image-arm64", "arm64"),
    "arm64-6.1": Recipe("bookworm", "linux-image-arm64", "arm64"),  # without CONFIG_KALLSYMS_ALL
    "s390x-6.12": Recipe("trixie", "linux-image-s390x", "s390x"),
    "s390x-6.1": Recipe("bookworm", "linux-image-s390x", "s390x"),  # built without BTF
    "amd64-6.12-la57": Recipe("trixie", "linux-image-amd64", la57=True),
    "amd64-6.1-high": Recipe("bookworm", "linux-image-amd64", memory=3584),  # 512 MiB above 4 GiB
    "amd64-6.1-stream": Recipe("bookworm", "linux-image-amd64", memory=256, stream=True),
    "amd64-6.1-torn": Recipe("bookworm", "linux-image-amd64", memory=256, earlier=True),
}


@dataclass(frozen=True)
class Dump:
    """A dump and what the guest itself said; read-only for everybody.

    Attributes:
        folder: where its files are (see `make-dump --help`).
    """

    name: str
    folder: Path

    @property
    def raw(self) -> Path:
        """Flat physical memory; its first byte is at guest-physical address truth["raw_base"]."""
        return self.folder / "memory.raw"

    @property
    def elf(self) -> Path:
        """The same memory as an ELF core."""
        return self.folder / "memory.elf"

    @property
    def stream(self) -> Path:
        """The same memory in QEMU's migration stream, where the recipe asks for one."""
        return self.folder / "memory.qevm"

    @property
    def earlier(self) -> Path:
        """The same guest's memory when its first process started, where the recipe asks for it."""
        return self.folder / "earlier.raw"

    @property
    def kallsyms(self) -> Path:
        """The guest's /proc/kallsyms."""
        return self.folder / "kallsyms.txt"

    @property
    def btf(self) -> Path:
        """Folder with the guest's /sys/kernel/btf/*; empty where the kernel has none."""
        return self.folder / "btf"

    @cached_property
    def truth(self) -> dict[str, Any]:
        """truth.json."""
        loaded: dict[str, Any] = json.loads((self.folder / "truth.json").read_text())
        return loaded


def root() -> Path:
    """Where dumps are kept."""
    chosen = os.environ.get("BTF_DUMPS")
    return Path(chosen).expanduser() if chosen else Path.home() / ".cache/volatility3-btf"


def is_complete(folder: Path, recipe: Recipe) -> bool:
    """Whether the folder holds everything its marker names, made from this recipe."""
    try:
        marker = json.loads((folder / MARKER).read_text())
        sizes: dict[str, int] = marker["sizes"]
        same = marker["digest"] == recipe.digest and set(FILES) <= set(sizes)
        return same and all((folder / name).stat().st_size == size for name, size in sizes.items())
    except (OSError, ValueError, KeyError, TypeError):
        return False


def dump(name: str, recipe: Recipe | None = None) -> Dump:
    """The dump of that name, made now if it is not there.

    Args:
        name: its folder's name.
        recipe: what it is made from, if the name is none of `RECIPES`.

    Raises:
        DumpError: there is no recipe of that name, or it cannot be made.
    """
    recipe = recipe or RECIPES.get(name)
    if recipe is None:
        raise DumpError(f"no recipe for {name!r}; there are {', '.join(RECIPES)}")
    folder = root() / name
    if not is_complete(folder, recipe):
        root().mkdir(parents=True, exist_ok=True)
        with _lock(root() / f".{name}.lock"):
            if not is_complete(folder, recipe):
                _make(recipe, folder)
    return Dump(name, folder)


@contextlib.contextmanager
def _lock(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _make(recipe: Recipe, folder: Path) -> None:
    """Make the dump aside, then put it in its place whole."""
    kernel = make.fetch(recipe.suite, recipe.arch, recipe.package, root() / "packages")
    boot = make.boot_of(
        recipe.arch, memory=recipe.memory, cpu=recipe.cpu, stream=recipe.stream, earlier=recipe.earlier
    )
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        make.make_dump(kernel, boot, aside, {"arch": recipe.arch, "suite": recipe.suite})
        files = [path for path in sorted(aside.rglob("*")) if path.is_file()]
        sizes = {str(path.relative_to(aside)): path.stat().st_size for path in files}
        (aside / MARKER).write_text(json.dumps({"digest": recipe.digest, "sizes": sizes}, indent=1) + "\n")
        aside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def main() -> None:
    """Entry point of tools/dumps."""
    p = argparse.ArgumentParser(
        prog="dumps", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("action", choices=("list", "make", "path"))
    p.add_argument("names", nargs="*", metavar="NAME")
    args = p.parse_args()
    if args.action == "path" and len(args.names) != 1:
        p.error("path takes one name")
    try:
        for name in args.names or RECIPES:
            if args.action == "list":
                there = is_complete(root() / name, RECIPES[name])
                print(f"{name:16} {'there' if there else 'not there'}  {root() / name}")
            else:
                folder = dump(name).folder
                if args.action == "path":
                    print(folder)
    except (DumpError, KeyError) as error:
        sys.exit(f"dumps: {error}")
