# SPDX-License-Identifier: Apache-2.0
"""Memory as it really comes: copied by tools inside a guest that works, or of a large or odd machine."""

from __future__ import annotations

import contextlib
import os
import re
import shutil
import subprocess
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import BinaryIO

from dumpmaker import core, initramfs, make, truth
from dumpmaker.errors import DumpError, say
from dumpmaker.machine import Boot, Guest, Monitor
from dumpmaker.packages import Apt

TELL, ACQUIRE, MACHINE, NOW = (
    Path(__file__).with_name(f"guest-{name}") for name in ("tell", "acquire", "machine", "now")
)
"""How a guest writes down what there is; and what else it does, one of the other three in each guest."""

COPIES = {
    "avml.lime": "avml acquire /images/avml.lime",
    "avml.compressed": "avml acquire --compress /images/avml.compressed",
    "avml-kcore.lime": "avml acquire --source /proc/kcore /images/avml-kcore.lime",
    "lime.lime": "insmod /modules/lime.ko path=/images/lime.lime format=lime dio=0",
    "lime.raw": "insmod /modules/lime.ko path=/images/lime.raw format=raw dio=0",
    "lime.padded": "insmod /modules/lime.ko path=/images/lime.padded format=padded dio=0",
}
"""What is written, and by which command."""

STEP = 1800.0
"""Seconds that the guest has for each of its steps."""

LOW, HIGH = 3 << 30, 4 << 30
"""What QEMU's x86-64 machine has of large memory below 4 GiB, and where the rest begins."""


@dataclass(frozen=True)
class Machine:
    """A machine that is not like the others.

    Attributes:
        memory: in MiB.
        nodes: NUMA nodes that it is split over.
        plugged: MiB in a module of memory beside it, which the guest takes when it is up.
        append: more words for the kernel's command line.
    """

    memory: int = 512
    nodes: int = 1
    plugged: int = 0
    append: str = ""

    def files(self, work: Path) -> list[tuple[Path, int]]:
        """The files that are its memory, in order, and their bytes."""
        each = (self.memory << 20) // self.nodes
        files = [(work / f"ram{number}", each) for number in range(self.nodes)]
        return files + ([(work / "plugged", self.plugged << 20)] if self.plugged else [])

    def words(self, work: Path) -> tuple[str, ...]:
        """QEMU's command line for its memory."""
        words: list[str] = []
        for path, size in self.files(work):
            words += ["-object", f"memory-backend-file,id={path.name},size={size},share=on,mem-path={path}"]
            if path.name != "plugged":
                words += ["-numa", f"node,memdev={path.name}"]
        if self.plugged:
            words += ["-m", f"{self.memory},slots=2,maxmem={self.memory + 4 * self.plugged}M"]
            words += ["-device", "pc-dimm,memdev=plugged"]
        return tuple(words)

    def segments(self, work: Path) -> list[tuple[Path, int, int, int]]:
        """Where its memory lies: file, place in it, physical address, bytes."""
        total, at, found = self.memory << 20, 0, list[tuple[Path, int, int, int]]()
        low = LOW if total > LOW else total
        for path, size in self.files(work):
            if path.name == "plugged":
                found.append((path, 0, max(HIGH, at - low + HIGH), size))
                continue
            below = max(0, min(size, low - at))
            found += [(path, 0, at, below)] if below else []
            found += [(path, below, HIGH + at + below - low, size - below)] if below < size else []
            at += size
        return found

    def write_raw(self, work: Path, raw: Path) -> list[list[int]]:
        """Lay its memory out by physical address, holes as holes.

        Returns:
            [guest-physical start, length in bytes] of each range of RAM.
        """
        ranges = []
        with raw.open("wb") as out:
            for path, place, physical, length in self.segments(work):
                with path.open("rb") as source:
                    copy_data(source, place, out, physical, length)
                ranges.append([physical, length])
            out.truncate(max(start + length for start, length in ranges))
        return ranges


def copy_data(source: BinaryIO, place: int, out: BinaryIO, to: int, length: int) -> None:
    """Copy a part of a sparse file, leaving its holes out."""
    at, end = place, place + length
    while at < end:
        try:
            at = os.lseek(source.fileno(), at, os.SEEK_DATA)
        except OSError:  # ENXIO: there is no more
            return
        hole = min(os.lseek(source.fileno(), at, os.SEEK_HOLE), end)
        source.seek(at)
        out.seek(to + at - place)
        if at < hole:
            core.copy_sparse(source, out, hole - at)
        at = hole


def make_lime(suite: str, headers: str, origin: str, cache: Path, work: Path) -> Path:
    """LiME's module for a suite's kernel, from Debian's own source and headers.

    Args:
        suite: the kernel's suite.
        headers: the metapackage of the kernel's headers.
        origin: the suite whose LiME is taken.
        cache: where packages are kept.
        work: an empty folder.

    Raises:
        DumpError: it cannot be built.
    """
    apt = Apt(suite, "amd64", cache)
    root = work / "headers"
    for _, tree in apt.fetch(headers, r"\blinux-(?:headers|kbuild|compiler)-\d?[^\s,|]*").values():
        shutil.copytree(tree, root, symlinks=True, dirs_exist_ok=True)
    ((_, lime),) = Apt(origin, "amd64", cache).fetch("lime-forensics-dkms", "").values()
    source = shutil.copytree(next((lime / "usr/src").iterdir()), work / "lime")
    build = next(path.parent for path in (root / "usr/src").glob("*/Module.symvers"))
    makefile = build / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{root}/usr/src/"))
    command = ["make", "-C", str(build), f"M={source}", "modules"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise DumpError(f"LiME cannot be built: {(done.stderr.strip().splitlines() or ['?'])[-1]}")
    module = source / "lime.ko"
    subprocess.run(["strip", "--strip-debug", str(module)], check=True)
    return module


def acquire(kernel: make.Kernel, boot: Boot, bash: Path, avml: Path, lime: Path, out: Path) -> None:
    """Boot a kernel, have its memory copied in every way, and fetch the copies and the truth.

    Args:
        kernel: the kernel.
        boot: how it is booted.
        bash: a static bash.
        avml: AVML's program, static.
        lime: LiME's module for this kernel.
        out: the folder for all of it.

    Raises:
        DumpError: there is no kernel image, or the guest or one of its copies failed.
    """
    more = {
        "processes": processes(ACQUIRE),
        "copies": "".join(f"{name} {command}\n" for name, command in COPIES.items()).encode(),
        "bin/bash": bash.read_bytes(),
        "bin/avml": avml.read_bytes(),
        "modules/lime.ko": lime.read_bytes(),
    }
    with folder_beside(out) as work:
        images = work / "images.img"
        empty(images, len(COPIES) * (boot.memory + 64) << 20)
        disk = ("-drive", f"file={images},if=none,id=images,format=raw,cache=unsafe")
        words = (*boot.more, *disk, "-device", "virtio-blk-pci,drive=images")
        _run(kernel, replace(boot, more=words), more, work, out, lambda _: None)
        _check_copies((out / "console.log").read_text(errors="replace"))
        for name in COPIES:
            fetch_file(images, name, out / name)
    truth.summarise(out, {"arch": "amd64", "packages": kernel.packages, "memory_mib": boot.memory})
    say(f"{out}: {', '.join(COPIES)}")


def make_machine(kernel: make.Kernel, machine: Machine, boot: Boot, bash: Path, out: Path) -> None:
    """Boot a kernel on a machine, and write its memory as a sparse raw file, with the truth.

    Raises:
        DumpError: there is no kernel image, or the guest failed.
    """
    more = {"processes": processes(MACHINE), "bin/bash": bash.read_bytes()}
    ranges: list[list[int]] = []
    with folder_beside(out) as work:

        def copy(monitor: Monitor) -> None:
            monitor.run("stop")
            ranges.extend(machine.write_raw(work, out / "memory.raw"))
            monitor.run("cont")

        memory = machine.memory
        boot = replace(boot, memory=memory, append=machine.append, more=machine.words(work))
        _run(kernel, boot, more, work, out, copy)
    about = {"arch": "amd64", "packages": kernel.packages, "memory_mib": memory, "raw_base": 0, "ram": ranges}
    truth.summarise(out, about)
    say(f"{out}: {machine}")


def processes(last: Path) -> bytes:
    """The guest's `processes` file: what an analyst looks for, and at the end one of the files above."""
    return initramfs.processes(rich=True) + TELL.read_bytes() + last.read_bytes()


@contextlib.contextmanager
def folder_beside(out: Path) -> Iterator[Path]:
    """A folder for a while, on the disk of another."""
    out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        yield Path(folder)


def empty(path: Path, size: int) -> None:
    """Make a file of so many bytes, all of it a hole."""
    with path.open("wb") as file:
        file.truncate(size)


def _run(
    kernel: make.Kernel,
    boot: Boot,
    more: dict[str, bytes],
    work: Path,
    out: Path,
    at_ready: Callable[[Monitor], None],
) -> None:
    """One boot; the guest's own account comes to lie in `out`."""
    image = kernel.find("boot/vmlinuz-*")
    if image is None:
        raise DumpError("no kernel image in " + ", ".join(kernel.packages))
    modules = initramfs.pick_modules(kernel.trees, initramfs.MODULES.split())
    initramfs.make_initramfs(work / "initrd", kernel.busybox, modules, None, more)
    empty(work / "truth.img", make.TRUTH_DISK)
    command = boot.command(image, work / "initrd", work / "truth.img", work)
    with (
        Guest(command, out / "console.log", boot.arch.package) as guest,
        Monitor(work / "qmp", STEP) as monitor,
    ):
        guest.expect(make.READY, STEP)
        at_ready(monitor)
        guest.type_line("go")
        guest.expect(make.DONE, STEP)
        guest.wait(STEP)
    truth.unpack(work / "truth.img", out)


def _check_copies(console: str) -> None:
    """LiME may take a page fault while it reads; what it has written by then is no image of the guest.

    Raises:
        DumpError: the guest's tools say that a copy failed.
    """
    failed = re.findall(r"^ACQUIRE (\S+) failed", console, re.MULTILINE)
    if failed:
        raise DumpError(f"the guest could not copy its memory: {', '.join(failed)}")


def fetch_file(disk: Path, name: str, target: Path) -> None:
    """Copy a file out of an ext2 file system.

    Raises:
        DumpError: it is not there.
    """
    subprocess.run(["debugfs", "-R", f"dump /{name} {target}", str(disk)], capture_output=True, check=True)
    if not target.exists() or not target.stat().st_size:
        raise DumpError(f"the guest wrote no {name}")
    make.dig_holes(target)
