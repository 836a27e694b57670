# SPDX-License-Identifier: Apache-2.0
"""Processors' registers in the notes of an ELF core: what a machine was doing when its memory was written.

QEMU and libvirt write a note "QEMU" for each processor (`QEMUCPUState`, target/i386/arch_dump.c), VirtualBox
one of "VBCORE" (`DBGFCORECPU`, include/VBox/vmm/dbgfcorefmt.h), and every writer of cores "CORE" ones of type
NT_PRSTATUS (`struct elf_prstatus`, include/linux/elfcore.h), which have no control registers.
"""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from .addresses import Physical, Virtual

MOST_PROCESSORS: Final = 1 << 12
MOST_HEADERS: Final = 64
"""Program headers that are looked at: every writer puts its notes first."""

MOST_BYTES: Final = 16 << 20
"""Of notes; a processor has some hundred bytes of them, or a few thousand with vector registers."""

_PT_NOTE, _NT_PRSTATUS, _VBCPU = 4, 1, 0xB01
_PROGRAM_COUNTER: Final = {62: 240, 183: 368, 22: 120, 243: 112, 21: 368}
"""Where `elf_prstatus` has it, by e_machine: pr_reg lies at 112, and each architecture orders it its own way
(x86-64, arm64, s390x, riscv64, ppc64; arch/*/include/uapi/asm/ptrace.h)."""

MACHINES: Final = {"x86_64": 62, "aarch64": 183, "s390x": 22, "riscv64": 243, "ppc64le": 21, "ppc64": 21}
"""e_machine by what `uname -m` says."""

ReadAt = Callable[[int, int], bytes]


@dataclass(frozen=True)
class Processor:
    """One processor's registers, as far as a core has them; None for what it has not.

    Attributes:
        page_tables: CR3 on x86-64.
        bases: what GS and its shadow point to on x86-64: one of them is the kernel's per-CPU area.
        program_counter: the address of the next instruction.
    """

    page_tables: Physical | None = None
    bases: tuple[Virtual, ...] = ()
    program_counter: Virtual | None = None


def processors_of(read_at: ReadAt) -> tuple[Processor, ...]:
    """The registers that an ELF core's notes tell; none where the file is no ELF core, or has no such notes.

    Args:
        read_at: reads the file: takes an offset and a length, returns less at the file's end.
    """
    header = read_at(0, 64)
    if len(header) < 64 or not header.startswith(b"\x7fELF\2") or header[5] not in (1, 2):
        return ()
    order = "<" if header[5] == 1 else ">"
    (machine,) = struct.unpack_from(order + "H", header, 18)
    return _processors(_notes(read_at, header, order), machine, order)


def processors_in(notes: bytes, machine: int, order: str) -> tuple[Processor, ...]:
    """The registers that notes tell, where no ELF header is in front of them.

    Args:
        notes: one behind the other.
        machine: an `e_machine`; 0 where it is not known: the length of NT_PRSTATUS tells it then.
        order: byte order, as `struct` has it.
    """
    return _processors(_split(notes, order), machine, order)


def _processors(notes: Iterator[tuple[bytes, int, bytes]], machine: int, order: str) -> tuple[Processor, ...]:
    """The registers that (name, type, content) of notes tell."""
    full: list[Processor] = []
    short: list[Processor] = []
    for name, kind, data in notes:
        if len(full) + len(short) >= 2 * MOST_PROCESSORS:
            break
        if name == b"QEMU" and machine in (0, 62) and len(data) >= 432:
            full.append(_qemu(data))
        elif name == b"VBCORE" and kind == _VBCPU and len(data) >= 312:
            full.append(_virtualbox(data))
        elif name == b"CORE" and kind == _NT_PRSTATUS:
            short += _prstatus(data, machine or _by_length(len(data), order), order)
    return tuple((full or short)[:MOST_PROCESSORS])


def _by_length(length: int, order: str) -> int:
    """Whose `elf_prstatus` has so many bytes; 0 if nobody's. x86-64's and s390x's are equally long."""
    if length == 336:
        return 62 if order == "<" else 22
    return {392: 183, 376: 243, 504: 21}.get(length, 0)


def _notes(read_at: ReadAt, header: bytes, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    """(name, type, content) of every note."""
    (place,) = struct.unpack_from(order + "Q", header, 32)
    size, count = struct.unpack_from(order + "HH", header, 54)
    layout = struct.Struct(order + "I4xQ16xQ")
    if size < layout.size or place >= 1 << 62:
        return
    table = read_at(place, size * min(count, MOST_HEADERS))
    for start in range(0, len(table) - size + 1, size):
        kind, offset, length = layout.unpack_from(table, start)
        if kind == _PT_NOTE and offset < 1 << 62:
            yield from _split(read_at(offset, min(length, MOST_BYTES)), order)


def _split(data: bytes, order: str) -> Iterator[tuple[bytes, int, bytes]]:
    """Cut notes apart: sizes of name and content, type, then both, each filled up to 4 bytes."""
    head, position = struct.Struct(order + "III"), 0
    while position + head.size <= len(data):
        name_size, size, kind = head.unpack_from(data, position)
        name = position + head.size
        start = name + (name_size + 3 & ~3)
        if start + size > len(data):
            return
        yield data[name : name + name_size].rstrip(b"\0"), kind, data[start : start + size]
        position = start + (size + 3 & ~3)


def _qemu(data: bytes) -> Processor:
    """16 registers behind two words, RIP, RFLAGS, 10 segments of 24 bytes, CR0 to CR4, GS's shadow."""
    (instruction,) = struct.unpack_from("<Q", data, 136)
    (base,) = struct.unpack_from("<Q", data, 264)
    (tables,) = struct.unpack_from("<Q", data, 416)
    shadow = struct.unpack_from("<Q", data, 432) if len(data) >= 440 else ()
    return Processor(tables, tuple(value for value in (base, *shadow) if value), instruction)


def _virtualbox(data: bytes) -> Processor:
    """16 registers, of which RIP, RSP, RBP come behind R15, RFLAGS, 6 segments of 24 bytes, CR0, CR2, CR3."""
    (instruction,) = struct.unpack_from("<Q", data, 112)
    (base,) = struct.unpack_from("<Q", data, 240)
    (tables,) = struct.unpack_from("<Q", data, 304)
    return Processor(tables, (base,) if base else (), instruction)


def _prstatus(data: bytes, machine: int, order: str) -> Iterator[Processor]:
    """The program counter, and on x86-64 GS's base, which the kernel's own cores have."""
    place = _PROGRAM_COUNTER.get(machine)
    if place is None or place + 8 > len(data):
        return
    (counter,) = struct.unpack_from(order + "Q", data, place)
    base = struct.unpack_from(order + "Q", data, 288) if machine == 62 and len(data) >= 296 else ()
    yield Processor(None, tuple(value for value in base if value), counter)
