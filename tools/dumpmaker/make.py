# SPDX-License-Identifier: Apache-2.0
"""Make one dump: fetch, boot, dump, collect."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from dumpmaker import core, hooks, initramfs, kexec, loader, truth
from dumpmaker.arches import ARCHES
from dumpmaker.errors import DumpError, GuestError, say
from dumpmaker.machine import Boot, Guest, Monitor
from dumpmaker.packages import Apt, unpack_deb
from dumpmaker.reset import BEFORE

TRUTH_DISK = 256 << 20  # bytes; the guest writes a tar archive of about 20 MB on it
FIRST_PROCESS = b"Run /init as init process"
"""What the kernel says when it is up (init/main.c)."""


READY, DONE = b"MAKE-DUMP READY", b"MAKE-DUMP DONE"
"""What the guest's init says."""


@dataclass(frozen=True)
class Kernel:
    """A kernel to boot, unpacked.

    Attributes:
        trees: folders its packages are unpacked in.
        busybox: a static busybox for its architecture.
        packages: what it is made of, for the record.
    """

    trees: list[Path]
    busybox: Path
    packages: dict[str, str]

    def find(self, *patterns: str) -> Path | None:
        """The first file in the trees that matches one of the patterns."""
        return next((f for t in self.trees for p in patterns for f in sorted(t.glob(p))), None)


def fetch(
    suite: str, arch: str, package: str, cache: Path, mirror: str | None = None, busybox: Path | None = None
) -> Kernel:
    """A kernel from a Debian suite, and a busybox for it where none is given."""
    found = Apt(suite, arch, cache, mirror).fetch(package)
    packages = {name: f"{fields['Version']} sha256:{fields['SHA256']}" for name, (fields, _) in found.items()}
    busybox = busybox or fetch_busybox(arch, cache, mirror)
    return Kernel([tree for _, tree in found.values()], busybox, packages)


def from_files(debs: list[Path], busybox: Path, work: Path) -> Kernel:
    """A kernel from package files."""
    trees = [work / deb.stem for deb in debs]
    for deb, tree in zip(debs, trees, strict=True):
        unpack_deb(deb, tree)
    return Kernel(trees, busybox, {deb.name: hashlib.sha256(deb.read_bytes()).hexdigest() for deb in debs})


def fetch_bash(arch: str, cache: Path, mirror: str | None = None) -> Path:
    """Debian's static bash for an architecture."""
    suite = "trixie" if arch == "riscv64" else "bookworm"
    ((_, tree),) = Apt(suite, arch, cache, mirror).fetch("bash-static", "").values()
    return next(path for path in (tree / "bin/bash-static", tree / "usr/bin/bash-static") if path.exists())


def fetch_busybox(arch: str, cache: Path, mirror: str | None = None, suite: str | None = None) -> Path:
    """Debian's static busybox for an architecture."""
    suite = suite or ("trixie" if arch == "riscv64" else "bookworm")
    ((_, tree),) = Apt(suite, arch, cache, mirror).fetch("busybox-static", "").values()
    return next(path for path in (tree / "bin/busybox", tree / "usr/bin/busybox") if path.exists())


def fetch_stub(arch: str, cache: Path, mirror: str | None = None) -> Path:
    """The EFI program that systemd puts in front of a unified kernel image."""
    ((_, tree),) = Apt("trixie", arch, cache, mirror).fetch("systemd-boot-efi", "").values()
    return next((tree / "usr/lib/systemd/boot/efi").glob("linux*.efi.stub"))


def make_dump(
    kernel: Kernel, boot: Boot, out: Path, about: dict[str, Any], modules: str = initramfs.MODULES
) -> None:
    """Boot the kernel, dump its memory and collect the truth, all into `out`.

    A guest that hangs or dies is booted once more: under emulation a boot can fail by chance.

    Raises:
        DumpError: there is no kernel image, or the second guest failed too.
    """
    started = time.time()
    out.mkdir(parents=True, exist_ok=True)
    image = kernel.find("boot/vmlinu[xz]-*", "usr/lib/modules/*/vmlinuz")
    if image is None:
        raise DumpError("no kernel image in " + ", ".join(kernel.packages))
    if config := kernel.find("boot/config-*", "usr/lib/modules/*/config"):
        shutil.copy(config, out / "config")
    with tempfile.TemporaryDirectory(prefix="make-dump.") as folder:
        work = Path(folder)
        modules = hooks.MODULES if boot.hooked else modules
        picked = initramfs.pick_modules(kernel.trees, modules.split())
        program = loader.program(about["arch"])
        more = _second_kernel(boot.kexec, kernel, image, work) if boot.kexec else {}
        if boot.told or boot.large or boot.busy or boot.bash or boot.hooked:
            rich = boot.bash is not None
            more["processes"] = initramfs.processes(boot.told, boot.large, rich, boot.busy, boot.hooked)
        more |= hooks.files() if boot.hooked else {}
        if boot.bash:
            more["bin/bash"] = boot.bash.read_bytes()
        initramfs.make_initramfs(work / "initrd", kernel.busybox, picked, program, more)
        image = initramfs.bootable(image, work)
        prepared = time.time()
        run = _twice(lambda: _run_guest(boot, image, work, out))
    ram = core.elf_to_raw(out / "memory.elf", out / "memory.raw", boot.arch.ram_base, boot.memory << 20)
    dig_holes(out / "memory.elf")
    if boot.earlier:
        core.elf_to_raw(out / "earlier.elf", out / "earlier.raw", boot.arch.ram_base, boot.memory << 20)
        (out / "earlier.elf").unlink()
    seconds = {"prepare": round(prepared - started, 1), **run.pop("seconds")}
    seconds["all"] = round(time.time() - started, 1)
    about = {**about, "packages": kernel.packages, "memory_mib": boot.memory, **run}
    truth.summarise(out, {**about, "raw_base": boot.arch.ram_base, "ram": ram, "seconds": seconds})
    if boot.kexec:
        truth.summarise(out / BEFORE, about)
    say(f"{out}: done in {seconds['all']:.0f} s")


def _second_kernel(start: kexec.Start, kernel: Kernel, image: Path, work: Path) -> dict[str, bytes]:
    """What the guest's initramfs holds so that it can start a second kernel."""
    modules = initramfs.pick_modules(kernel.trees, kexec.MODULES.split())
    initramfs.make_initramfs(work / "second-initrd", kernel.busybox, modules, loader.program("amd64"))
    return kexec.extra_files(start, image, work / "second-initrd")


def _twice(run: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    try:
        return run()
    except GuestError as error:
        say(f"{error}; once more")
        return run()


def _run_guest(boot: Boot, image: Path, work: Path, out: Path) -> dict[str, Any]:
    """One boot: the dump and the guest's own account, in `out`."""
    disk, elf, earlier = work / "truth.img", out / "memory.elf", out / "earlier.elf"
    for path in (elf, earlier):
        path.unlink(missing_ok=True)
    with disk.open("wb") as file:
        file.truncate(TRUTH_DISK)
    command = boot.command(image, work / "initrd", disk, work)
    started = time.time()
    with (
        Guest(command, out / "console.log", boot.arch.package) as guest,
        Monitor(work / "qmp", boot.timeout) as monitor,
    ):
        if boot.earlier:
            guest.expect(FIRST_PROCESS, boot.timeout)
            monitor.run("stop")
            monitor.run("dump-guest-memory", paging=False, protocol=f"file:{earlier}")
            monitor.run("cont")
        if boot.kexec:
            guest.expect(READY, boot.timeout)
            guest.type_line("go")
            guest.expect(DONE, boot.timeout)
            truth.unpack(disk, out / BEFORE)
        guest.expect(READY, boot.timeout)
        booted = time.time()
        if boot.stream:
            monitor.migrate(out / "memory.qevm")
        monitor.run("stop")
        accelerator = "kvm" if monitor.run("query-kvm")["enabled"] else "tcg"
        registers = monitor.run("human-monitor-command", **{"command-line": "info registers"})
        (out / "registers.txt").write_text(registers.replace("\r", ""))
        monitor.run("dump-guest-memory", paging=False, protocol=f"file:{elf}")
        elf.chmod(0o644)
        if boot.kdump:
            _write_kdump(monitor, out / "memory.kdump")
        monitor.run("cont")
        dumped = time.time()
        guest.type_line("go")
        guest.expect(DONE, boot.timeout)
        guest.wait(boot.timeout)
    truth.unpack(disk, out)
    if boot.kexec and truth.lies_over(out, out / BEFORE):
        raise GuestError("the second kernel came to lie on the first one")
    return {
        "accel": accelerator,
        "qemu": [word.replace(str(work), "$TMP") for word in command],
        "seconds": {"boot": round(booted - started, 1), "dump": round(dumped - booted, 1)},
    }


def _write_kdump(monitor: Monitor, path: Path) -> None:
    """Have QEMU write the stopped guest's memory as a compressed kdump file, flattened as it does."""
    path.unlink(missing_ok=True)
    monitor.run("dump-guest-memory", paging=False, protocol=f"file:{path}", format="kdump-zlib")
    path.chmod(0o644)


def dig_holes(path: Path) -> None:
    """Give back the disk space of the file's zero pages, where the file system can."""
    subprocess.run(["fallocate", "--dig-holes", str(path)], check=False, stderr=subprocess.DEVNULL)


def boot_of(arch: str, **changes: Any) -> Boot:
    """The default way to boot an architecture, changed where the caller says so (None changes nothing)."""
    return replace(Boot(ARCHES[arch]), **{key: value for key, value in changes.items() if value is not None})
