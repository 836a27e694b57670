# SPDX-License-Identifier: Apache-2.0
"""A kernel of a few kilobytes: banner, VMCOREINFO, kallsyms and BTF laid out as in a real image.

Small enough to be mutated millions of times, and sound: everything in it agrees with everything else.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise

from support.btfwriter import every_kind
from volatility3_btf.btf import Endian
from volatility3_btf.memory.memory import BytesMemory

RELEASE = "6.12.0-fuzz-amd64"
BANNER = f"Linux version {RELEASE} (a@b) (gcc 14, ld 2.44) #1 SMP Debian (2026-01-01)\n\0".encode()
TEXT = 0xFFFFFFFF80000000
TOKENS = [bytes([code]) if 0x20 < code < 0x7F else b"_%02x" % code for code in range(256)]
TOKENS[0x80:0x84] = [b"sys_", b"__x64_", b"task", b"Ts"]
JOINED = (0x81, 0x80, 0x82, 0x83)
"""Numbers of the tokens that stand for more than one character of a name here."""


@dataclass
class Builder:
    """Collects the image; places are offsets in it."""

    endian: Endian
    data: bytearray = field(default_factory=bytearray)
    places: dict[str, int] = field(default_factory=dict)

    @property
    def order(self) -> str:
        return "<" if self.endian == "little" else ">"

    def put(self, name: str, content: bytes, align: int = 8) -> int:
        self.data += bytes(-len(self.data) % align)
        self.places[name] = len(self.data)
        self.data += content
        return self.places[name]


def encode_name(text: str) -> bytes:
    """One entry of `kallsyms_names` (6.1 and later), type letter first."""
    rest, numbers = text.encode(), bytearray()
    while rest:
        number = next((n for n in JOINED if rest.startswith(TOKENS[n])), rest[0])
        numbers.append(number)
        rest = rest[len(TOKENS[number]) :]
    length = len(numbers)
    return (bytes([length]) if length < 0x80 else bytes([length & 0x7F | 0x80, length >> 7])) + bytes(numbers)


def small_kernel(endian: Endian = "little", symbols: int = 600, rule: str = "relative") -> bytes:
    """The image; arguments as those of `_built`."""
    return bytes(_built(endian, symbols, rule).data)


def _built(endian: Endian, symbols: int, rule: str) -> Builder:
    """Build the image.

    Args:
        endian: byte order.
        symbols: how many there are, at least 300.
        rule: how addresses are stored: "relative", "per-CPU absolute", "self-relative" or "absolute".
    """
    build = Builder(endian)
    build.put("linux_banner", BANNER)
    build.put("init_task", struct.pack(build.order + "4Q", *[TEXT + 0x40] * 4))
    known = {"linux_banner": 0, "init_task": build.places["init_task"]}
    listed = [(TEXT + at, "D", name) for name, at in known.items()]
    listed += [(TEXT + 0x1000 + 16 * i, "Tt"[i % 2], f"sys_{'x' * (i % 23)}{i}") for i in range(symbols)]
    listed.append((TEXT + 0x8000, "R", "__start_BTF"))
    listed.sort()
    if rule == "per-CPU absolute":
        listed = [(0x40 * i, "A", f"pcpu_{i}") for i in range(20)] + listed
    _kallsyms(build, listed, rule)
    build.data += bytes(0x8000 - len(build.data))
    build.put("btf", every_kind(endian).blob())
    note = f"OSRELEASE={RELEASE}\nPAGESIZE=4096\nKERNELOFFSET=0\nNUMBER(phys_base)=0\n"
    for name, at in build.places.items():
        if name.startswith("kallsyms"):
            note += f"SYMBOL({name})={TEXT + at:x}\n"
    note += f"SYMBOL(init_task)={TEXT + known['init_task']:x}\nSYMBOL(_stext)={TEXT + 0x1000:x}\n"
    build.put("vmcoreinfo", note.encode() + b"\0")
    return build


def wiped_kernels(symbols: int = 600) -> Iterator[bytes]:
    """The image, each time without another of the tables of kallsyms."""
    for rule in ("relative", "absolute"):
        whole = small_kernel("little", symbols, rule)
        places = sorted((at, name) for name, at in _built("little", symbols, rule).places.items())
        for (start, name), (end, _) in pairwise(places):
            if name.startswith("kallsyms"):
                yield whole[:start] + bytes(end - start) + whole[end:]


def _kallsyms(build: Builder, listed: list[tuple[int, str, str]], rule: str) -> None:
    """The tables in the order of 6.4 and later; "absolute" addresses stand before them, as up to 6.3."""
    order, count = build.order, len(listed)
    names, markers = b"", []
    for number, (_, letter, name) in enumerate(listed):
        if number % 256 == 0:
            markers.append(len(names))
        names += encode_name(letter + name)
    if rule == "absolute":
        build.put("kallsyms_addresses", struct.pack(f"{order}{count}Q", *(at for at, *_ in listed)))
    build.put("kallsyms_num_syms", struct.pack(order + "I", count))
    build.put("kallsyms_names", names)
    build.put("kallsyms_markers", struct.pack(f"{order}{len(markers)}I", *markers))
    build.put("kallsyms_token_table", b"".join(token + b"\0" for token in TOKENS))
    starts = [sum(len(token) + 1 for token in TOKENS[:number]) for number in range(256)]
    build.put("kallsyms_token_index", struct.pack(f"{order}256H", *starts))
    if rule == "absolute":
        return
    if rule == "self-relative":
        place = len(build.data) + -len(build.data) % 4
        values = [at - TEXT - (place + 4 * i) for i, (at, *_) in enumerate(listed)]
        build.put("kallsyms_offsets", struct.pack(f"{order}{count}i", *values), 4)
        return
    if rule == "per-CPU absolute":
        values = [at if at < TEXT else TEXT - 1 - at for at, *_ in listed]
        build.put("kallsyms_offsets", struct.pack(f"{order}{count}i", *values))
    else:
        build.put("kallsyms_offsets", struct.pack(f"{order}{count}I", *(at - TEXT for at, *_ in listed)))
    build.put("kallsyms_relative_base", struct.pack(order + "Q", TEXT))


def memory(image: bytes) -> BytesMemory:
    """The image as memory whose addresses are physical ones."""
    return BytesMemory(image)
