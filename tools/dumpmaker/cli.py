# SPDX-License-Identifier: Apache-2.0
"""Boot a Debian kernel in a throw-away VM and dump its memory, with ground truth.

    make-dump --suite bookworm --package linux-image-amd64 --memory 512 --out DIR
    make-dump --deb linux-image-*.deb --busybox /bin/busybox --memory 512 --out DIR
    make-dump --suite sid --arch s390x --list

Nothing is installed: packages come through a private apt root (the mirror is the one this machine's own apt
uses) and are unpacked with dpkg-deb. Needs qemu-system-<arch>, apt and dpkg-deb; busybox-static is fetched
for each architecture.

The guest runs a busybox initramfs that loads modules, starts a few easily recognised processes, prints
READY and waits. The VM is then stopped and dumped over QMP, and only afterwards resumed to collect the
ground truth: so reading /proc/kallsyms or /sys/kernel/btf/* leaves no extra copies in the dump, and the
truth (same boot, same KASLR offsets) still describes it.

Files written to --out:
    memory.elf     ELF core from dump-guest-memory (paging=false)
    memory.qevm    QEMU's migration stream up to the same moment, with --stream
    memory.kdump   the same memory as a compressed, flattened kdump file (zlib), with --kdump
    earlier.raw    memory when the guest's first process started, with --earlier
    memory.raw     flat physical memory from truth.json's "raw_base", sparse
    truth.json     summary: kernel, addresses, modules, processes, BTF sizes/hashes
    kallsyms.txt   /proc/kallsyms, unrestricted
    btf/           every /sys/kernel/btf/* file, byte for byte
    proc/          version, modules, iomem, ps, meminfo, cpuinfo, dmesg, ...
    sections.txt   module section addresses from /sys/module/*/sections
    registers.txt  QEMU's `info registers` at the moment of the dump
    config         the kernel's build configuration
    console.log    serial console
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from dumpmaker import initramfs, make
from dumpmaker.arches import ARCHES, LA57_CPU
from dumpmaker.errors import DumpError
from dumpmaker.packages import Apt


def parser() -> argparse.ArgumentParser:
    """The command line."""
    p = argparse.ArgumentParser(
        prog="make-dump", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    p.add_argument("--suite", help="Debian suite, for instance bookworm, trixie-backports, sid")
    p.add_argument("--package", help="kernel package or metapackage of that suite")
    p.add_argument(
        "--deb",
        action="append",
        type=Path,
        default=[],
        help="use these kernel package files instead (repeat for a split kernel)",
    )
    p.add_argument("--arch", default="amd64", choices=ARCHES)
    p.add_argument("--memory", type=int, help="guest memory in MiB (default 512)")
    p.add_argument("--out", type=Path, help="output folder")
    p.add_argument("--list", action="store_true", help="list the suite's kernel packages and stop")
    p.add_argument("--modules", default=initramfs.MODULES, help="modules to load, blank separated")
    p.add_argument("--append", help="more kernel command line (nokaslr, ...)")
    cpu = p.add_mutually_exclusive_group()
    cpu.add_argument("--cpu", help="QEMU CPU model")
    cpu.add_argument("--la57", action="store_true", help="give the guest 5-level page tables (amd64)")
    p.add_argument("--machine", help="QEMU machine")
    p.add_argument("--smp", type=int, help="processors of the guest (default 2)")
    p.add_argument("--accel", help="accelerators to try, in order (default kvm,tcg)")
    p.add_argument("--busybox", type=Path, help="static busybox for the guest's architecture")
    p.add_argument("--busybox-suite", help="suite to take busybox-static from")
    p.add_argument("--mirror", help="archive to use instead of this machine's own")
    p.add_argument("--cache", type=Path, default=Path.home() / ".cache/volatility3-btf/packages")
    p.add_argument("--timeout", type=float, help="seconds to wait for each guest step (default 300)")
    p.add_argument("--stream", action="store_true", help="write QEMU's migration stream too")
    p.add_argument("--kdump", action="store_true", help="write QEMU's compressed kdump file too")
    p.add_argument("--earlier", action="store_true", help="write memory of an earlier moment too")
    p.add_argument("--no-elf", action="store_true", help="keep only memory.raw")
    p.add_argument("--no-raw", action="store_true", help="keep only memory.elf")
    return p


def run(args: argparse.Namespace, work: Path) -> None:
    """Do what the command line says."""
    cache = args.cache.resolve()
    busybox = args.busybox
    if busybox is None and (args.deb or args.busybox_suite):
        busybox = make.fetch_busybox(args.arch, cache, args.mirror, args.busybox_suite)
    if args.deb:
        kernel = make.from_files(args.deb, busybox, work)
    else:
        kernel = make.fetch(args.suite, args.arch, args.package, cache, args.mirror, busybox)
    boot = make.boot_of(
        args.arch,
        memory=args.memory,
        processors=args.smp,
        machine=args.machine,
        cpu=LA57_CPU if args.la57 else args.cpu,
        append=args.append,
        accelerators=tuple(args.accel.split(",")) if args.accel else None,
        timeout=args.timeout,
        stream=args.stream,
        earlier=args.earlier,
        kdump=args.kdump,
    )
    out = args.out.resolve()
    make.make_dump(kernel, boot, out, {"arch": args.arch, "suite": args.suite}, args.modules)
    if args.no_elf:
        (out / "memory.elf").unlink()
    if args.no_raw:
        (out / "memory.raw").unlink()


def main() -> None:
    """Entry point of tools/make-dump."""
    p = parser()
    args = p.parse_args()
    if not args.list and (not args.out or not (args.deb or (args.suite and args.package))):
        p.error("give --out, and either --deb or --suite and --package")
    if args.la57 and args.arch != "amd64":
        p.error("--la57 is amd64's")
    try:
        if args.list:
            print("\n".join(Apt(args.suite, args.arch, args.cache.resolve(), args.mirror).kernels()))
            return
        with tempfile.TemporaryDirectory(prefix="make-dump.") as folder:
            run(args, Path(folder))
    except DumpError as error:
        sys.exit(f"make-dump: {error}")
