# SPDX-License-Identifier: Apache-2.0
"""QEMU's machines: where the blocks of memory that a migration stream names lie in physical memory.

A PC with much memory has a hole below 4 GiB. How much lies below it, the machine writes into the memory of
its clock (CMOS), for its firmware; else it follows from the kind of machine. Sources: QEMU's hw/i386/pc.c
(pc_cmos_init), pc_piix.c, pc_q35.c and microvm.c; hw/arm/virt.c and hw/riscv/virt.c.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import NamedTuple

GIB = 1 << 30


class Cmos(NamedTuple):
    """The section with the clock's memory, as a stream has it: name with its length in front, and bytes."""

    name: bytes = b"\x0bmc146818rtc"
    length: int = 128


CMOS = Cmos()
LOW_AT, HIGH_AT = 0x34, 0x5B
"""Memory between 16 MiB and 4 GiB (2 bytes), and above 4 GiB (3 bytes), little-endian, in units of 64 KiB."""

UNIT, LOW_START = 1 << 16, 16 << 20

HOLES = {"i440fx": (0xE0000000, 0xC0000000), "q35": (0xB0000000, 0x80000000), "microvm": (0xC0000000,) * 2}
"""Part of a machine's name → from how much memory on there is a hole, and where it then starts."""

BASES = {b"pc.ram": 0, b"mach-virt.ram": GIB, b"riscv_virt_board.ram": 2 * GIB, b"s390.ram": 0}
BASES |= {b"ppc_spapr.ram": 0}
"""The block with the guest's memory → its physical address."""

OF_DEVICES = re.compile(rb"/|\.rom$|\.bios$|vram|\.flash|^vga|^system\.flash")

Ranges = Iterator[tuple[bytes, int, int, int]]


def guest_ranges(machine: str, lengths: Mapping[bytes, int], cmos: bytes) -> Ranges:
    """Where the guest's memory belongs.

    Args:
        machine: QEMU's name of it.
        lengths: of all its blocks of memory, in bytes.
        cmos: the memory of its clock, or nothing.

    Yields:
        Block, offset in it, physical address, length in bytes; ascending.
    """
    names = _memory(lengths)
    base = BASES.get(names[0], 0) if names else 0
    total = sum(lengths[name] for name in names)
    low = total if base else _below_4g(machine, total, cmos)
    position = 0
    for name in names:
        offset, left = 0, lengths[name]
        while left:
            step = min(left, low - position) if position < low else left
            yield name, offset, base + position if position < low else 4 * GIB + position - low, step
            offset, position, left = offset + step, position + step, left - step


def _memory(lengths: Mapping[bytes, int]) -> list[bytes]:
    """The blocks that are the guest's memory: the usual one, those of NUMA nodes, or the largest."""
    for name in BASES:
        if name in lengths:
            return [name]
    nodes = [name for name in lengths if re.fullmatch(rb"ram-node\d+", name)]
    if nodes:
        return sorted(nodes, key=lambda name: int(name[8:]))
    others = [name for name in lengths if not OF_DEVICES.search(name)] or list(lengths)
    return [max(others, key=lambda name: lengths[name])] if others else []


def _below_4g(machine: str, total: int, cmos: bytes) -> int:
    """Bytes of memory below the hole."""
    if len(cmos) == CMOS.length:
        low = int.from_bytes(cmos[LOW_AT : LOW_AT + 2], "little") * UNIT + LOW_START
        high = int.from_bytes(cmos[HIGH_AT : HIGH_AT + 3], "little") * UNIT
        if low + high == total:
            return low
    for part, (enough, start) in HOLES.items():
        if part in machine:
            return start if total >= enough else total
    return total
