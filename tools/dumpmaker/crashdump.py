# SPDX-License-Identifier: Apache-2.0
"""Dumps that a crash kernel writes in the guest, as every distribution's kdump service does.

The guest's kernel panics; the one in the memory set aside for it starts, sees all other memory as
/proc/vmcore, and its init has makedumpfile write that onto a disk (Documentation/admin-guide/kdump).
makedumpfile is Debian 13's, which packs with zlib, LZO and zstd, and runs with the libraries of its packages.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from dumpmaker import initramfs, kexec, make, truth
from dumpmaker.acquire import NOW, STEP, empty, fetch_file, folder_beside, processes
from dumpmaker.errors import DumpError, say
from dumpmaker.machine import Boot, Guest
from dumpmaker.packages import Apt

INIT = Path(__file__).with_name("guest-crashed")
WRITTEN = b"MAKE-DUMP WRITTEN"
"""What the crash kernel's init says."""

DUMPS = {
    "kdump.zlib": "makedumpfile -c -d 1 /proc/vmcore /images/kdump.zlib",
    "kdump.lzo": "makedumpfile -l -d 17 /proc/vmcore /images/kdump.lzo",
    "kdump.zstd": "makedumpfile -z -d 1 /proc/vmcore /images/kdump.zstd",
    "kdump.flat": "makedumpfile -F -l -d 1 /proc/vmcore > /images/kdump.flat",
    "kdump.least": "makedumpfile -l -d 31 /proc/vmcore /images/kdump.least",
    "vmcore": "dd if=/proc/vmcore of=/images/vmcore bs=1M",
}
"""What is written, and by which command. Distributions choose `-d 31`: no cache, no memory of processes."""

RESERVED = "crashkernel=192M"
MODULES = "crc32c_generic virtio_pci virtio_blk ext4"
"""What the crash kernel loads."""

_SUITE, _PROGRAM = "trixie", "makedumpfile"
_LIBRARIES = "libc6 libdw1t64 libelf1t64 liblzo2-2 libzstd1 zlib1g liblzma5 libbz2-1.0"
_LOADER = "ld-linux-x86-64.so.2"


def fetch_makedumpfile(cache: Path) -> dict[str, bytes]:
    """Fetch makedumpfile for an initramfs (path → content), with what runs it with its own libraries."""
    apt = Apt(_SUITE, "amd64", cache)
    script = f'#!/bin/sh\nexec /own/{_LOADER} --library-path /own /own/{_PROGRAM} "$@"\n'
    files = {f"bin/{_PROGRAM}": script.encode()}
    for package in (_PROGRAM, *_LIBRARIES.split()):
        ((_, tree),) = apt.fetch(package, "").values()
        for path in tree.rglob("*"):
            if path.is_file() and (".so." in path.name or path.parent.name in ("bin", "sbin")):
                files[f"own/{path.name}"] = path.read_bytes()
    return {name: data for name, data in files.items() if name.endswith(_PROGRAM) or ".so." in name}


def crash(kernel: make.Kernel, boot: Boot, bash: Path, cache: Path, out: Path) -> None:
    """Boot a kernel, have it panic, and fetch what its crash kernel writes, with the truth.

    Args:
        kernel: both kernels.
        boot: how it is booted.
        bash: a static bash.
        cache: where packages are kept.
        out: the folder for all of it.

    Raises:
        DumpError: there is no kernel image, or the guest failed.
    """
    image = kernel.find("boot/vmlinuz-*")
    if image is None:
        raise DumpError("no kernel image in " + ", ".join(kernel.packages))
    with folder_beside(out) as work:
        _make_initrds(kernel, image, bash, cache, work)
        images, told = work / "images.img", work / "truth.img"
        empty(images, len(DUMPS) * boot.memory << 20)
        empty(told, make.TRUTH_DISK)
        disk = ("-drive", f"file={images},if=none,id=images,format=raw,cache=unsafe")
        words = (*boot.more, *disk, "-device", "virtio-blk-pci,drive=images")
        boot = replace(boot, append=RESERVED, more=words)
        command = boot.command(image, work / "initrd", told, work)
        with Guest(command, out / "console.log", boot.arch.package) as guest:
            guest.expect(make.READY, STEP)
            guest.type_line("go")
            guest.expect(make.DONE, STEP)
            truth.unpack(told, out)
            guest.expect(WRITTEN, STEP)
            guest.wait(STEP)
        for name in DUMPS:
            fetch_file(images, name, out / name)
    truth.summarise(out, {"arch": "amd64", "packages": kernel.packages, "memory_mib": boot.memory})
    say(f"{out}: {', '.join(DUMPS)}")


def _make_initrds(kernel: make.Kernel, image: Path, bash: Path, cache: Path, work: Path) -> None:
    """Write the first kernel's initramfs, which holds the second's, into a folder."""
    inside = {
        **fetch_makedumpfile(cache),
        "init": INIT.read_bytes(),
        "copies": "".join(f"{name} {command}\n" for name, command in DUMPS.items()).encode(),
    }
    modules = initramfs.pick_modules(kernel.trees, MODULES.split())
    initramfs.make_initramfs(work / "second-initrd", kernel.busybox, modules, None, inside)
    more = {
        "processes": processes(NOW),
        "bin/bash": bash.read_bytes(),
        **kexec.extra_files("crash", image, work / "second-initrd"),
    }
    modules = initramfs.pick_modules(kernel.trees, initramfs.MODULES.split())
    initramfs.make_initramfs(work / "initrd", kernel.busybox, modules, None, more)
