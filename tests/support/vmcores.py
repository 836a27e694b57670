# SPDX-License-Identifier: Apache-2.0
"""A guest's memory as the kernel's own core (/proc/vmcore), and what makedumpfile makes of that.

QEMU's core does not say where memory lies in the kernel's address space, and has no VMCOREINFO; makedumpfile
wants both, and the program headers right behind the ELF header (fs/proc/vmcore.c).
"""

from __future__ import annotations

import os
import shutil
import struct
import subprocess
from pathlib import Path

from dumpmaker.cache import Dump
from dumpmaker.core import copy_sparse, elf_loads
from volatility3_btf import identify_kernel, open_memory

PT_LOAD, PT_NOTE, KERNEL_MAP = 1, 4, 1 << 30
HEADER, ENTRY = 64, struct.Struct("<IIQQQQQQ")


def write_vmcore(guest: Dump, path: Path) -> Path:
    """Write an x86-64 guest's memory as its kernel's own core."""
    with open_memory(guest.elf) as memory:
        kernel = identify_kernel(memory)
        assert kernel is not None and kernel.vmcoreinfo is not None and kernel.symbols is not None
        info = "".join(f"{key}={value}\n" for key, value in kernel.vmcoreinfo.entries.items()).encode()
        place = kernel.physical(kernel.symbols.get("page_offset_base"))
        direct_map = int.from_bytes(memory.read(place, 8), "little")
        text = kernel.symbols.get("_text")
        lowest = kernel.physical(text)
    with guest.elf.open("rb") as core, path.open("wb") as out:
        notes = _notes(core.read(4096)) + _note(b"VMCOREINFO", 0, info)
        ram = [load for load in elf_loads(core) if load[1] < guest.truth["raw_base"] + (1 << 40)]
        (size,) = [size for _, start, size in ram if start <= lowest < start + size]
        kernel_map = min(KERNEL_MAP, size - lowest)
        start = HEADER + (2 + len(ram)) * ENTRY.size
        at = start + len(notes)
        out.write(core_header(2 + len(ram)))
        out.write(ENTRY.pack(PT_NOTE, 0, start, 0, 0, len(notes), len(notes), 0))
        out.write(ENTRY.pack(PT_LOAD, 7, at + lowest, text, lowest, kernel_map, kernel_map, 0))
        for _, physical, size in ram:
            out.write(ENTRY.pack(PT_LOAD, 7, at, direct_map + physical, physical, size, size, 0))
            at += size
        out.write(notes)
        for offset, _, size in ram:
            core.seek(offset)
            copy_sparse(core, out, size)
        out.truncate()
    return path


def core_header(entries: int) -> bytes:
    """The ELF header of an x86-64 core whose program headers follow at once."""
    ident = b"\x7fELF\2\1\1".ljust(16, b"\0")
    return ident + struct.pack(
        "<HHIQQQIHHHHHH", 4, 62, 1, 0, HEADER, 0, 0, HEADER, ENTRY.size, entries, 0, 0, 0
    )


def _note(name: bytes, kind: int, data: bytes) -> bytes:
    head = struct.pack("<III", len(name) + 1, len(data), kind) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def _notes(head: bytes) -> bytes:
    """The notes of QEMU's core, which has them right behind its headers."""
    (table,) = struct.unpack_from("<Q", head, 32)
    kind, _, offset, *_, length = ENTRY.unpack_from(head, table)[:6]
    assert kind == PT_NOTE and offset + length <= len(head)
    return head[offset : offset + length]


def makedumpfile(*words: str | Path, out: Path | None = None) -> None:
    """Run makedumpfile (Debian: makedumpfile); what it writes on standard output goes to `out`."""
    program = shutil.which("makedumpfile") or "/usr/sbin/makedumpfile"
    with open(out or os.devnull, "wb") as file:
        subprocess.run([program, *map(str, words)], check=True, stdout=file, stderr=subprocess.DEVNULL)
