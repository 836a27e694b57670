# SPDX-License-Identifier: Apache-2.0
"""QEMU's migration streams, written by hand (migration/savevm.c, migration/ram.c), and real ones changed."""

from __future__ import annotations

import struct
from collections.abc import Iterable

PAGE = 4096
MAGIC = b"QEVM\0\0\0\3"
ZERO, SIZES, WHOLE, EOS, CONTINUE, XBZRLE = 0x02, 0x04, 0x08, 0x10, 0x20, 0x40
START, PART, END, FULL, COMMAND, FOOTER = 1, 2, 3, 4, 8, 0x7E
RAM = 2  # the number of the section
FIRST_PART = struct.pack(">BI", FOOTER, RAM) + struct.pack(">BI", PART, RAM)
"""Between the list of blocks and the first pages, in QEMU's own streams."""

Page = tuple[int, bytes | int]  # offset in the block; the page, or the byte that it consists of


def named(name: bytes) -> bytes:
    return bytes((len(name),)) + name


def configuration(machine: bytes, more: bytes = b"") -> bytes:
    return struct.pack(">BI", 7, len(machine)) + machine + more


def command(number: int, payload: bytes) -> bytes:
    """What QEMU 10 puts among the sections."""
    return struct.pack(">BHH", COMMAND, number, len(payload)) + payload


def sizes(blocks: dict[bytes, int], total: int | None = None) -> bytes:
    """The blocks of memory and their lengths."""
    listed = b"".join(named(name) + struct.pack(">Q", length) for name, length in blocks.items())
    return struct.pack(">Q", (sum(blocks.values()) if total is None else total) | SIZES) + listed


def pages(block: bytes, content: Iterable[Page]) -> bytes:
    """Pages of one block; the first names it."""
    out, tail = b"", named(block)
    for offset, data in content:
        flags = (ZERO if isinstance(data, int) else WHOLE) | (0 if tail else CONTINUE)
        body = bytes((data,)) if isinstance(data, int) else data
        out, tail = out + struct.pack(">Q", offset | flags) + tail + body, b""
    return out


def section(kind: int, body: bytes, number: int = RAM, name: bytes = b"", version: int = 4) -> bytes:
    """A section; only the first of a number, and those that stand alone, have a name."""
    head = named(name) + struct.pack(">II", 0, version) if name else b""
    return struct.pack(">BI", kind, number) + head + body + struct.pack(">BI", FOOTER, number)


def memory(kind: int, body: bytes) -> bytes:
    """A section of memory."""
    return section(kind, body + struct.pack(">Q", EOS), name=b"ram" if kind == START else b"")


def clock(low: int, high: int) -> bytes:
    """The section of a PC's clock, in whose memory it is how much memory there is below and above 4 GiB."""
    cmos = bytearray(128)
    cmos[0x34:0x36] = ((low - (16 << 20)) >> 16).to_bytes(2, "little")
    cmos[0x5B:0x5E] = (high >> 16).to_bytes(3, "little")
    return section(FULL, bytes(cmos) + bytes(40), number=9, name=b"mc146818rtc", version=3)


def stream(
    blocks: dict[bytes, int], *parts: bytes, machine: bytes = b"pc-i440fx-7.2", behind: bytes = b""
) -> bytes:
    """A whole stream: blocks, parts with pages, what lies behind memory."""
    listed = memory(START, sizes(blocks))
    parts = tuple(memory(PART, part) for part in parts)
    return b"".join((MAGIC, configuration(machine), listed, *parts, memory(END, b""), behind, b"\0"))


def libvirts(whole: bytes, packed: int = 0) -> bytes:
    """The file that `virsh save` makes of a stream."""
    xml = b"<domain/>\0"
    return b"LibvirtQemudSave" + struct.pack("<5I56x", 2, len(xml), 1, packed, 0) + xml + whole
