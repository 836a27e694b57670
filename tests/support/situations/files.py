# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Files that are no image, or no whole one, or of a format that our own readers read."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Callable
from pathlib import Path

from dumpmaker.cache import Dump
from support import forms, vmcores
from support.cores import Elf, xen
from support.situations.bench import Bench, Case, Situation

GROUP = "files"
SMALL, KDUMP = "amd64-6.1-stream", "amd64-6.1-kdump"
PAGE, MIB = 4096, 1 << 20
HEADS = {
    "zstd, nothing but its first bytes": b"\x28\xb5\x2f\xfd" + bytes(60),
    "lz4": b"\x04\x22\x4d\x18" + bytes(60),
    "kdump, nothing but its first bytes": b"KDUMP   " + struct.pack("<I", 6),
    "kdump in pieces, of which there are none": b"makedumpfile".ljust(16, b"\0") + struct.pack(">QQ", 1, 1),
    "qcow2": b"QFI\xfb" + struct.pack(">I", 3),
    "VMDK": b"KDMV" + struct.pack("<I", 1),
    "E01": b"EVF\t\r\n\xff\0",
}
"""What such files begin with; the rest is zeros."""

CHEAP = ("zstd, nothing but its first bytes", "qcow2")

Write = Callable[[Dump, Path], Path]


def _form(name: str, write: Write, bench: Bench, keep: float = 1.0, guest_name: str = SMALL) -> Case:
    """A guest in one form, or the first part of such a file."""
    guest = bench.dump(guest_name)
    path = write(guest, bench.folder / name)
    if keep < 1:
        os.truncate(path, int(path.stat().st_size * keep))
    return Case(path, guest)


def _core(guest: Dump, path: Path) -> Path:
    subprocess.run(["cp", "--sparse=always", guest.elf, path], check=True)
    return path


def _stream(guest: Dump, path: Path) -> Path:
    subprocess.run(["cp", guest.stream, path], check=True)
    return path


def _pages(guest: Dump) -> list[tuple[int, bytes]]:
    raw = guest.raw.read_bytes()
    return [(at // PAGE, raw[at : at + PAGE]) for at in range(0, len(raw), PAGE)]


def _xen(guest: Dump, path: Path) -> Path:
    path.write_bytes(xen(_pages(guest)))
    return path


def _single_pages(guest: Dump, path: Path) -> Path:
    """An ELF core with a segment for each page, 65,536 of them."""
    elf, pages = Elf(), _pages(guest)
    place = elf.header_size + len(pages) * elf.entry_size
    table = (elf.entry(1, place + at * PAGE, number * PAGE, PAGE) for at, (number, _) in enumerate(pages))
    body = b"".join(data for _, data in pages)
    whole = elf.header(0xFFFF, place + len(body)) + b"".join(table) + body
    path.write_bytes(whole + elf.section_with_count(len(pages)))
    return path


def _kdump(guest: Dump, path: Path) -> Path:
    subprocess.run(["cp", guest.kdump, path], check=True)
    return path


def _without_processes(guest: Dump, path: Path) -> Path:
    core = vmcores.write_vmcore(guest, path.with_suffix(".vmcore"))
    vmcores.makedumpfile("-l", "-d", "31", core, path)
    core.unlink()
    return path


def _head(head: bytes, bench: Bench) -> Case:
    bench.image.write_bytes(head.ljust(MIB, b"\0"))
    return Case(bench.image, bench.dump(SMALL))


def _pipe(bench: Bench) -> Case:
    os.mkfifo(bench.image)
    return Case(bench.image, bench.dump(SMALL))


def _folder(bench: Bench) -> Case:
    bench.image.mkdir()
    return Case(bench.image, bench.dump(SMALL))


def _row(name: str, file: str, write: Write, keep: float = 1.0, guest: str = SMALL) -> Situation:
    return Situation(GROUP, name, lambda bench: _form(file, write, bench, keep, guest))


SITUATIONS = (
    _row("AVML", "memory.avml", forms.avml),
    _row("AVML, the last bytes gone", "memory.avml", forms.avml, 0.9999),
    _row("AVML, the last half gone", "memory.avml", forms.avml, 0.5),
    _row("LiME, the last half gone", "memory.lime", forms.lime, 0.5),
    _row("LiME, the last 2 % gone", "memory.lime", forms.lime, 0.98),
    _row("LiME in pieces that are not in order, the last 2 % gone", "memory.lime", forms.lime_unsorted, 0.98),
    _row("LiME compressed with zlib (compress=1)", "memory.lime", forms.lime_zlib),
    _row("ELF core, the last half gone", "memory.elf", _core, 0.5),
    _row("ELF core, the last 2 % gone", "memory.elf", _core, 0.98),
    _row("ELF core, a segment for each page", "memory.elf", _single_pages),
    _row("Xen core", "memory.core", _xen),
    _row("Xen core, the last half gone", "memory.core", _xen, 0.5),
    _row("QEMU migration stream", "memory.qevm", _stream),
    _row("QEMU migration stream, the last half gone", "memory.qevm", _stream, 0.5),
    _row("kdump (QEMU)", "memory.kdump", _kdump, guest=KDUMP),
    _row("kdump (QEMU), the last half gone", "memory.kdump", _kdump, 0.5, KDUMP),
    _row("kdump (makedumpfile -l -d 31)", "vmcore", _without_processes, guest=KDUMP),
    _row("zip", "memory.zip", forms.zipped),
    _row("zstd", "memory.zst", forms.zst),
    _row("gzip under another name", "memory.raw", forms.gz),
    _row("gzip, the last half gone", "memory.raw.gz", forms.gz, 0.5),
    *(
        Situation(GROUP, name, lambda bench, head=head: _head(head, bench), is_cheap=name in CHEAP)
        for name, head in HEADS.items()
    ),
    Situation(GROUP, "a pipe", _pipe, is_cheap=True),
    Situation(GROUP, "a folder", _folder),
)
