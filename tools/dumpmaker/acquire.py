# SPDX-License-Identifier: Apache-2.0
"""Memory as responders take it: copied by tools inside a guest that works meanwhile."""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from dataclasses import replace
from pathlib import Path

from dumpmaker import initramfs, make, truth
from dumpmaker.errors import DumpError, say
from dumpmaker.machine import Boot, Guest
from dumpmaker.packages import Apt

ACQUIRE = Path(__file__).with_name("guest-acquire")

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


def make_lime(suite: str, headers: str, cache: Path, work: Path) -> Path:
    """LiME's module for a suite's kernel, from Debian's own source and headers.

    Args:
        suite: the suite.
        headers: the metapackage of the kernel's headers.
        cache: where packages are kept.
        work: an empty folder.

    Raises:
        DumpError: it cannot be built.
    """
    apt = Apt(suite, "amd64", cache)
    root = work / "headers"
    for _, tree in apt.fetch(headers, r"\blinux-(?:headers|kbuild|compiler)-\d?[^\s,|]*").values():
        shutil.copytree(tree, root, symlinks=True, dirs_exist_ok=True)
    ((_, lime),) = apt.fetch("lime-forensics-dkms", "").values()
    source = shutil.copytree(next((lime / "usr/src").iterdir()), work / "lime")
    build = next(path.parent for path in (root / "usr/src").glob("*/Module.symvers"))
    makefile = build / "Makefile"
    makefile.write_text(makefile.read_text().replace("/usr/src/", f"{root}/usr/src/"))
    done = subprocess.run(
        ["make", "-C", build, f"M={source}", "modules"], capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise DumpError(f"LiME cannot be built: {done.stderr.strip().splitlines()[-1]}")
    module = source / "lime.ko"
    subprocess.run(["strip", "--strip-debug", str(module)], check=True)
    return module


def acquire(kernel: make.Kernel, boot: Boot, bash: Path, avml: Path, lime: Path, out: Path) -> None:
    """Boot a kernel, have its memory copied in every way of `COPIES`, and fetch the copies and the truth.

    Raises:
        DumpError: there is no kernel image, or the guest failed.
    """
    out.mkdir(parents=True, exist_ok=True)
    image = kernel.find("boot/vmlinuz-*")
    if image is None:
        raise DumpError("no kernel image in " + ", ".join(kernel.packages))
    with tempfile.TemporaryDirectory(prefix=".acquire.", dir=out.parent) as folder:
        work = Path(folder)
        more = {
            "processes": initramfs.processes(rich=True) + ACQUIRE.read_bytes(),
            "copies": "".join(f"{name} {command}\n" for name, command in COPIES.items()).encode(),
            "bin/bash": bash.read_bytes(),
            "bin/avml": avml.read_bytes(),
            "modules/lime.ko": lime.read_bytes(),
        }
        modules = initramfs.pick_modules(kernel.trees, initramfs.MODULES.split())
        initramfs.make_initramfs(work / "initrd", kernel.busybox, modules, None, more)
        disk, images = work / "truth.img", work / "images.img"
        for path, size in ((disk, make.TRUTH_DISK), (images, len(COPIES) * (boot.memory + 64) << 20)):
            with path.open("wb") as file:
                file.truncate(size)
        second = ["-drive", f"file={images},if=none,id=images,format=raw,cache=unsafe"]
        second += ["-device", "virtio-blk-pci,drive=images"]
        command = replace(boot, more=(*boot.more, *second)).command(image, work / "initrd", disk, work)
        with Guest(command, out / "console.log", boot.arch.package) as guest:
            guest.expect(make.READY, STEP)
            guest.type_line("go")
            guest.expect(make.DONE, STEP)
            guest.wait(STEP)
        truth.unpack(disk, out)
        for name in COPIES:
            fetch_file(images, name, out / name)
    about = {"arch": "amd64", "packages": kernel.packages, "memory_mib": boot.memory}
    truth.summarise(out, about)
    say(f"{out}: {', '.join(COPIES)}")


def fetch_file(disk: Path, name: str, target: Path) -> None:
    """Copy a file out of an ext2 file system.

    Raises:
        DumpError: it is not there.
    """
    subprocess.run(["debugfs", "-R", f"dump /{name} {target}", str(disk)], capture_output=True, check=True)
    if not target.exists() or not target.stat().st_size:
        raise DumpError(f"the guest wrote no {name}")
    make.dig_holes(target)
