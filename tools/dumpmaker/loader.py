# SPDX-License-Identifier: Apache-2.0
"""A program for the guest that loads BTF as a BPF program's loader does, and keeps it loaded.

It is a few instructions of machine code, so that no compiler for the guest's architecture is needed: one call
bpf(BPF_BTF_LOAD), then sleep for ever. The kernel keeps the BTF while the program holds its descriptor.
"""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass

START = 0x400000
"""Virtual address at which the program is loaded."""

STRUCT_NAME = "guest_program_event"
"""A structure in the BTF that no kernel has."""

_HEADERS = 64 + 56
BODY = START + _HEADERS
"""Virtual address of its first instruction."""

_CODE_ROOM = 64
_ATTRIBUTES = 28
"""Bytes of `union bpf_attr` that are given: up to btf_log_level, behind which newer kernels write."""


@dataclass(frozen=True)
class Machine:
    """What differs between architectures.

    Attributes:
        number: e_machine (elf.h).
        order: of bytes, as the struct module says it.
        code: makes the instructions, given the address of the call's attributes.
    """

    number: int
    order: str
    code: Callable[[int], bytes]


def _amd64(attributes: int) -> bytes:
    """Mov eax, 321 (bpf); mov edi, 18; mov esi, attributes; mov edx, 28; syscall; pause() in a loop."""
    call = b"\xb8" + struct.pack("<I", 321) + b"\xbf" + struct.pack("<I", 18)
    call += b"\xbe" + struct.pack("<I", attributes) + b"\xba" + struct.pack("<I", _ATTRIBUTES) + b"\x0f\x05"
    return call + b"\xb8" + struct.pack("<I", 34) + b"\x0f\x05" + b"\xeb\xf7"


def _arm64(attributes: int) -> bytes:
    """Movz x8, 280 (bpf); x0, 18; x1, attributes; x2, 28; svc 0; ppoll(0, 0, 0, 0) in a loop."""

    def set_register(register: int, value: int) -> int:
        return 0xD2800000 | value << 5 | register

    high = 0xF2A00000 | attributes >> 16 << 5 | 1
    call = [set_register(8, 280), set_register(0, 18), set_register(1, attributes & 0xFFFF), high]
    call += [set_register(2, _ATTRIBUTES), 0xD4000001]
    sleep = [set_register(register, 0) for register in range(4)] + [set_register(8, 73), 0xD4000001]
    back = 0x14000000 | -len(sleep) & 0x3FFFFFF
    return b"".join(struct.pack("<I", word) for word in [*call, *sleep, back])


def _s390x(attributes: int) -> bytes:
    """Lghi r1, 351 (bpf); r2, 18; llilf r3, attributes; lghi r4, 28; svc 0; pause() in a loop."""
    call = struct.pack(">HhHhHIHh", 0xA719, 351, 0xA729, 18, 0xC03F, attributes, 0xA749, _ATTRIBUTES)
    return call + b"\x0a\x00" + b"\x0a\x1d" + b"\xa7\xf4\xff\xff"


MACHINES = {
    "amd64": Machine(62, "<", _amd64),
    "arm64": Machine(183, "<", _arm64),
    "s390x": Machine(22, ">", _s390x),
}


def program(arch: str) -> bytes | None:
    """The program as a static ELF file, or None for an architecture that it is not written for."""
    machine = MACHINES.get(arch)
    if machine is None:
        return None
    attributes = BODY + _CODE_ROOM
    data = attributes + _ATTRIBUTES
    blob = btf(machine.order)
    body = machine.code(attributes).ljust(_CODE_ROOM, b"\0")
    body += struct.pack(machine.order + "QQIII", data, 0, len(blob), 0, 0) + blob
    return executable(machine, body)


def executable(machine: Machine, body: bytes) -> bytes:
    """A static ELF file.

    Args:
        machine: the architecture.
        body: instructions, the first of which is run first, and data; lies at `BODY` in memory.
    """
    size = _HEADERS + len(body)
    ident = b"\x7fELF" + bytes([2, 1 if machine.order == "<" else 2, 1]) + bytes(9)
    header = (2, machine.number, 1, BODY, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    segment = (1, 5, 0, START, START, size, size, 0x10000)
    return (
        ident
        + struct.pack(machine.order + "HHIQQQIHHHHHH", *header)
        + struct.pack(machine.order + "IIQQQQQQ", *segment)
        + body
    )


def btf(order: str) -> bytes:
    """A small BTF (Documentation/bpf/btf.rst): an int, a struct of two, a function that takes one.

    Args:
        order: byte order, as the struct module says it.
    """
    names = b"\0"

    def name(text: str) -> int:
        nonlocal names
        names += text.encode() + b"\0"
        return len(names) - len(text) - 1

    def record(called: int, kind: int, count: int, word: int, *more: int) -> bytes:
        return struct.pack(f"{order}{3 + len(more)}I", called, kind << 24 | count, word, *more)

    types = record(name("int"), 1, 0, 4, 1 << 24 | 32)
    types += record(name(STRUCT_NAME), 4, 2, 8, name("pid"), 1, 0, name("count"), 1, 32)
    types += record(0, 2, 0, 2)
    types += record(0, 13, 1, 1, name("event"), 3)
    types += record(name("on_guest_event"), 12, 1, 4)
    header = struct.pack(order + "HBBIIIII", 0xEB9F, 1, 0, 24, 0, len(types), len(types), len(names))
    return header + types + names
