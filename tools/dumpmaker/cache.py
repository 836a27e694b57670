# SPDX-License-Identifier: Apache-2.0
"""The dumps that the tests use, made once and kept outside the repository.

    dumps list                 every name, and whether it is there
    dumps make [NAME ...]      make what is missing (all but a few that few need, without names)
    dumps path NAME            make it if it is missing, print its folder

They are kept in $BTF_DUMPS, or ~/.cache/volatility3-btf. A dump is made again when it is missing, incomplete,
or made from another recipe. Each recipe names a suite's metapackage, so a new dump has the suite's newest
kernel. Several are made at once, as many as there are processors.
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
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from typing import Any

from dumpmaker import hooks, initramfs, kexec, loader, make, reset, truth
from dumpmaker.arches import ARCHES, LA57_CPU
from dumpmaker.errors import DumpError, say
from dumpmaker.machine import Boot

MARKER = "recipe.json"
FILES = ("memory.raw", "memory.elf", "truth.json", "kallsyms.txt")
CLOUD = "linux-image-cloud-amd64"
OTHER_6_12 = "bookworm-backports"
FORMAT = 1  # of the dumps; raise it to have all of them made again


@dataclass(frozen=True)
class Recipe:
    """What a dump is made from; None is not part of its digest.

    Attributes:
        processor: QEMU's CPU model, where it is not the architecture's usual one.
        told: whether the guest says more of its processes.
        large: whether it has files in folios of many pages.
        rich: whether it does what an analyst looks for: a shell with a history, connections, a container.
        busy: whether it has many processes and a daemon that writes a log.
        hooked: whether it has BPF programs and hooks of netfilter.
        append: more words for the kernel's command line.
        kexec: the kernel starts another of its kind, now or in a crash, and that one is dumped.
        before: the kernel that ran in the same memory before this one, until a reset.
        otherwise: a suite with such a kernel too, for when a mirror cannot give the first one's; not part of
            the digest either, as a dump of each will do.
    """

    suite: str
    package: str
    arch: str = "amd64"
    la57: bool = False
    memory: int = 512
    stream: bool | None = None
    earlier: bool | None = None
    kdump: bool | None = None
    otherwise: str | None = None
    processor: str | None = None
    told: bool | None = None
    large: bool | None = None
    rich: bool | None = None
    busy: bool | None = None
    hooked: bool | None = None
    append: str | None = None
    kexec: kexec.Start | None = None
    before: Recipe | None = None

    @property
    def cpu(self) -> str:
        """QEMU's CPU model."""
        return self.processor or (LA57_CPU if self.la57 else ARCHES[self.arch].cpu)

    @property
    def digest(self) -> str:
        """Changes when anything that shapes the dump does."""
        said = {key: value for key, value in asdict(self).items() if value is not None}
        said.pop("otherwise", None)
        if self.before:  # whose digest holds None too, but for what recipes say only since later
            later = {
                key
                for key in ("processor", "told", "large", "rich", "busy", "hooked", "kdump")
                if said["before"][key] is None
            }
            said["before"] = {key: value for key, value in said["before"].items() if key not in later}
        shape = [FORMAT, said, self.cpu, asdict(ARCHES[self.arch]), initramfs.MODULES]
        shape += [initramfs.PROCESSES, initramfs.INIT.read_text(), (loader.program(self.arch) or b"").hex()]
        shape += [initramfs.TOLD.read_text()] if self.told else []
        shape += [initramfs.LARGE.read_text()] if self.large else []
        shape += [initramfs.RICH.read_text()] if self.rich else []
        shape += [initramfs.BUSY.read_text()] if self.busy else []
        if self.hooked:
            files = {path: data.hex() for path, data in hooks.files().items()}
            shape += [initramfs.HOOKED.read_text(), hooks.MODULES, files]
        shape += [kexec.LAST_STEP, kexec.MODULES, kexec.COMMAND_LINE] if self.kexec else []
        return hashlib.sha256(json.dumps(shape, sort_keys=True).encode()).hexdigest()

    @property
    def boot(self) -> Boot:
        """How the kernel is booted."""
        return make.boot_of(
            self.arch,
            memory=self.memory,
            cpu=self.cpu,
            append=self.append,
            stream=self.stream,
            earlier=self.earlier,
            kdump=self.kdump,
            told=self.told,
            large=self.large,
            busy=self.busy,
            hooked=self.hooked,
            kexec=self.kexec,
        )


RECIPES: dict[str, Recipe] = {
    "amd64-5.10": Recipe("bullseye", "linux-image-amd64"),
    "amd64-6.1": Recipe("bookworm", "linux-image-amd64"),
    "amd64-6.12": Recipe("trixie", "linux-image-amd64", otherwise=OTHER_6_12, told=True, rich=True),
    "amd64-7": Recipe(
        "trixie-backports", "linux-image-amd64", otherwise="sid", told=True, large=True, rich=True
    ),
    "arm64-6.12": Recipe("trixie", "linux-image-arm64", "arm64", otherwise=OTHER_6_12, told=True, rich=True),
    "arm64-6.1": Recipe("bookworm", "linux-image-arm64", "arm64"),  # without CONFIG_KALLSYMS_ALL
    "s390x-6.12": Recipe("trixie", "linux-image-s390x", "s390x", otherwise=OTHER_6_12, told=True, rich=True),
    "s390x-6.1": Recipe("bookworm", "linux-image-s390x", "s390x"),  # built without BTF
    "arm64-6.12-lpa2": Recipe(
        "trixie",
        "linux-image-arm64",
        "arm64",
        memory=256,
        processor="max,pauth-impdef=on",
        otherwise=OTHER_6_12,
        told=True,
    ),
    "arm64-6.12-16k": Recipe(
        "trixie",
        "linux-image-arm64-16k",
        "arm64",
        memory=256,
        processor="cortex-a76",  # cortex-a72 has no pages of 16 KiB
        otherwise=OTHER_6_12,
        told=True,
    ),
    "riscv64-6.12": Recipe("trixie", "linux-image-riscv64", "riscv64", told=True, rich=True),
    "ppc64el-6.12": Recipe(
        "trixie", "linux-image-powerpc64le", "ppc64el", memory=256, otherwise=OTHER_6_12, told=True, rich=True
    ),
    "ppc64el-6.12-64k": Recipe(
        "trixie", "linux-image-powerpc64le-64k", "ppc64el", memory=256, otherwise=OTHER_6_12, told=True
    ),
    "amd64-6.12-la57": Recipe("trixie", "linux-image-amd64", la57=True, otherwise=OTHER_6_12),
    "amd64-6.12-busy": Recipe(
        "trixie", "linux-image-amd64", memory=2048, otherwise=OTHER_6_12, told=True, busy=True
    ),
    "amd64-6.1-high": Recipe("bookworm", "linux-image-amd64", memory=3584),  # 512 MiB above 4 GiB
    "amd64-6.1-stream": Recipe("bookworm", "linux-image-amd64", memory=256, stream=True),
    "amd64-6.1-kdump": Recipe("bookworm", CLOUD, memory=256, kdump=True),
    "amd64-6.1-torn": Recipe("bookworm", "linux-image-amd64", memory=256, earlier=True),
    "amd64-6.12-hooked": Recipe("trixie", CLOUD, memory=256, otherwise=OTHER_6_12, hooked=True),
    "amd64-7-hooked": Recipe("trixie-backports", CLOUD, memory=256, otherwise="sid", hooked=True),
    # Two kernels in one memory each, the first of which is dead: it lies above the second, below it, or is
    # what has crashed.
    "amd64-reset": Recipe(
        "trixie",
        CLOUD,
        append="nokaslr",
        otherwise=OTHER_6_12,
        before=Recipe("bookworm", CLOUD, append="memmap=96M$16M"),
    ),
    "amd64-kexec": Recipe("bookworm", CLOUD, memory=768, append="memmap=200M$16M", kexec="reboot"),
    "amd64-crash": Recipe("bookworm", CLOUD, append="crashkernel=160M", kexec="crash"),
}

FURTHER: dict[str, Recipe] = {
    "amd64-5.10-rich": Recipe("bullseye", "linux-image-amd64", told=True, rich=True),
    "amd64-6.1-rich": Recipe("bookworm", "linux-image-amd64", told=True, rich=True),
    "amd64-5.10-hooked": Recipe("bullseye", CLOUD, memory=256, hooked=True),
    "amd64-6.1-hooked": Recipe("bookworm", CLOUD, memory=256, hooked=True),
}
"""Dumps that are made only when they are asked for by name; `make acceptance` does."""


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
    def kdump(self) -> Path:
        """The same memory in QEMU's flattened kdump file, where the recipe asks for one."""
        return self.folder / "memory.kdump"

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

    @property
    def before(self) -> Dump:
        """What the kernel said that ran in the same memory before; it has no memory of its own."""
        return Dump(self.name, self.folder / reset.BEFORE)

    @cached_property
    def truth(self) -> dict[str, Any]:
        """truth.json."""
        return truth.read(self.folder)


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
        recipe: what it is made from, if the name is none of `RECIPES` and `FURTHER`.

    Raises:
        DumpError: there is no recipe of that name, or it cannot be made.
    """
    recipe = recipe or RECIPES.get(name) or FURTHER.get(name)
    if recipe is None:
        raise DumpError(f"no recipe for {name!r}; there are {', '.join((*RECIPES, *FURTHER))}")
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
    run = _fetched(recipe)
    aside = Path(tempfile.mkdtemp(prefix=f".{folder.name}.", dir=folder.parent))
    try:
        if recipe.before is None:
            run(recipe.boot, aside)
        else:
            first = _fetched(recipe.before)
            reset.make_after_reset(first, recipe.before.boot, run, recipe.boot, aside)
        files = [path for path in sorted(aside.rglob("*")) if path.is_file()]
        sizes = {str(path.relative_to(aside)): path.stat().st_size for path in files}
        (aside / MARKER).write_text(json.dumps({"digest": recipe.digest, "sizes": sizes}, indent=1) + "\n")
        aside.chmod(0o755)
        shutil.rmtree(folder, ignore_errors=True)
        aside.rename(folder)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def _fetched(recipe: Recipe) -> reset.Run:
    """Fetch a recipe's kernel; what boots it and makes its dump."""
    suite, kernel = _fetch(recipe)
    bash = _fetch_bash(recipe) if recipe.rich else None
    about = {"arch": recipe.arch, "suite": suite}
    return lambda boot, out: make.make_dump(kernel, replace(boot, bash=bash), out, about)


def _fetch_bash(recipe: Recipe) -> Path:
    with _lock(root() / ".packages.lock"):
        return make.fetch_bash(recipe.arch, root() / "packages")


def _fetch(recipe: Recipe) -> tuple[str, make.Kernel]:
    """The kernel, and the suite that had it. One process at a time: apt's folders serve one only."""

    def of(suite: str) -> tuple[str, make.Kernel]:
        return suite, make.fetch(suite, recipe.arch, recipe.package, root() / "packages")

    with _lock(root() / ".packages.lock"):
        try:
            return of(recipe.suite)
        except DumpError as error:
            if recipe.otherwise is None:
                raise
            say(f"{error}; {recipe.otherwise} instead of {recipe.suite}")
            return of(recipe.otherwise)


def make_all(names: Iterable[str]) -> list[Dump]:
    """The dumps of those names; what is missing is made, several at once.

    Raises:
        DumpError: one of them cannot be made; those already begun are finished.
    """
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(dump, names))


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
        if args.action == "list":
            for name, recipe in {**RECIPES, **FURTHER}.items():
                if args.names and name not in args.names:
                    continue
                there = is_complete(root() / name, recipe)
                print(f"{name:16} {'there' if there else 'not there'}  {root() / name}")
            return
        for made in make_all(args.names or RECIPES):
            if args.action == "path":
                print(made.folder)
    except (DumpError, KeyError) as error:
        sys.exit(f"dumps: {error}")
