# SPDX-License-Identifier: Apache-2.0
"""vmlinux: a kernel as an ELF file of either class and byte order, stripped or not (elf.h)."""

from __future__ import annotations

import struct
from typing import Final, NamedTuple

from ...memory.memory import Memory
from ..errors import SourceError, TooLargeError
from .content import Laid
from .notes import build_id_of, find_build_id
from .relocations import RELATIVE, relocated
from .slices import MOST_KERNEL

ELF_MAGIC: Final = b"\x7fELF"
PT_LOAD: Final = 1
PT_NOTE: Final = 4
OBJECT: Final = 1
PROGRAMS: Final = (2, 3)
"""e_type of an object file, as modules are; of an executable and of a shared object, as kernels are."""

OTHERS: Final = {OBJECT: "an object file, as a kernel's module is", 4: "a core, which is memory"}
MOST_HEADERS: Final = 1 << 10
"""Program headers of a kernel; it has about five."""

MOST_NOTES: Final = 1 << 20
_HIGHEST: Final = 1 << 62
_ALIGNED: Final = 2 << 20

MACHINES: Final = {
    3: "x86",
    8: "mips64",
    20: "ppc",
    21: "ppc64",
    22: "s390x",
    40: "arm",
    62: "x86-64",
    183: "arm64",
    243: "riscv64",
    258: "loongarch64",
}
"""e_machine of the processors that Linux has (elf-em.h), as `Kernel.architecture` names them."""


def kind_of(head: bytes) -> int:
    """e_type of an ELF file by its first bytes; 0 where they are none."""
    if not head.startswith(ELF_MAGIC) or len(head) < 18 or head[5] not in (1, 2):
        return 0
    return int.from_bytes(head[16:18], "little" if head[5] == 1 else "big")


Segments = tuple[tuple[int, bytes], ...]
"""Addresses, and the bytes there."""


class Load(NamedTuple):
    """A program header. All in bytes."""

    kind: int
    offset: int
    virtual: int
    physical: int
    length: int


class Elf(NamedTuple):
    """The head of an ELF file.

    Attributes:
        kind: e_type: 1 an object file, 2 an executable, 3 a shared object, 4 a core.
        machine: the processor; None for one that is not known.
        wide: whether it is of 64 bits.
        order: "<" or ">".
        entry: e_entry.
        loads: its program headers.
    """

    kind: int
    machine: str | None
    wide: bool
    order: str
    entry: int
    loads: tuple[Load, ...]

    @property
    def endian(self) -> str:
        """The byte order."""
        return "little" if self.order == "<" else "big"


def read_elf(data: Memory) -> Elf:
    """The head of an ELF file. Raises SourceError."""
    header = data.read_available(0, 64)
    if len(header) < 52 or header[4] not in (1, 2) or header[5] not in (1, 2):
        raise SourceError("a damaged ELF header")
    wide, order = header[4] == 2, "<" if header[5] == 1 else ">"
    if len(header) < (64 if wide else 52):
        raise SourceError("a damaged ELF header")
    kind, machine = struct.unpack_from(order + "HH", header, 16)
    entry, place = struct.unpack_from(order + ("QQ" if wide else "II"), header, 24)
    size, count = struct.unpack_from(order + "HH", header, 54 if wide else 42)
    least = 56 if wide else 32
    if count and not (least <= size <= 256 and count <= MOST_HEADERS and place < _HIGHEST):
        raise SourceError("an ELF file with damaged program headers")
    table = data.read_available(place, size * count) if count else b""
    if len(table) < size * count:
        raise SourceError("an ELF file that ends inside its program headers")
    loads = tuple(_load(table, at, wide, order) for at in range(0, size * count, size or 1))
    name = MACHINES.get(machine)
    named = "ppc64le" if name == "ppc64" and order == "<" else name
    return Elf(kind, named, wide, order, entry, loads)


def _load(table: bytes, at: int, wide: bool, order: str) -> Load:
    if wide:
        kind, _, offset, virtual, physical, length = struct.unpack_from(order + "IIQQQQ", table, at)
    else:
        kind, offset, virtual, physical, length = struct.unpack_from(order + "IIIII", table, at)
    return Load(kind, offset, virtual, physical, length)


def lay_out_elf(data: Memory) -> Laid:
    """A kernel's segments at the addresses that it is linked for.

    Where a processor's kernels are linked at physical addresses too (x86-64, s390x, ppc64, riscv64) those
    count; arm64 has virtual ones only, which are taken from the 2 MiB below the first.

    Raises:
        SourceError: the headers are damaged, the file is cut short, or it is no kernel.
    """
    elf = read_elf(data)
    if elf.kind not in PROGRAMS:
        raise SourceError(f"{OTHERS.get(elf.kind, 'an ELF file of an unknown type')}: no kernel")
    loads = [load for load in elf.loads if load.kind == PT_LOAD and load.length]
    if not loads:
        raise SourceError("an ELF file without segments: no kernel")
    if sum(load.length for load in loads) > MOST_KERNEL:
        raise TooLargeError(f"an ELF file with more than {MOST_KERNEL >> 20} MiB of segments")
    first = loads[0]
    base = (first.virtual - first.physical) & (1 << 64) - 1
    if max(load.physical + load.length for load in loads) > _HIGHEST or (base and first.virtual < base):
        base = min(load.virtual for load in loads) & -_ALIGNED
        loads = [load._replace(physical=load.virtual - base) for load in loads]
    segments = tuple((load.physical, _piece(data, load)) for load in loads)
    segments = _with_pointers(segments, base, elf)
    return Laid(segments, base, ("ELF",), elf.machine, elf.endian, _build_id(data, elf, segments))


def _with_pointers(segments: Segments, base: int, elf: Elf) -> Segments:
    """The segments as one, with the pointers that the kernel puts in when it starts, where it does so."""
    start = min(place for place, _ in segments)
    length = max(place + len(piece) for place, piece in segments) - start
    if elf.machine not in RELATIVE or length > MOST_KERNEL:
        return segments
    image = bytearray(length)
    for place, piece in segments:
        image[place - start : place - start + len(piece)] = piece
    found, linked = relocated(bytes(image), elf.machine, elf.endian)
    return ((start, found),) if linked == base + start else segments


def _piece(data: Memory, load: Load) -> bytes:
    piece = data.read_available(load.offset, load.length) if load.offset < data.end else b""
    if len(piece) < load.length:
        raise SourceError("an ELF file that ends inside its segments")
    return piece


def _build_id(data: Memory, elf: Elf, segments: tuple[tuple[int, bytes], ...]) -> str | None:
    for load in elf.loads:
        if load.kind == PT_NOTE and load.length <= MOST_NOTES:
            found = build_id_of(data.read_available(load.offset, load.length), elf.order)
            if found:
                return found
    return next((found for _, piece in segments if (found := find_build_id(piece, elf.order))), None)
