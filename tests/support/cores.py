# SPDX-License-Identifier: Apache-2.0
"""ELF cores and LiME files of a few bytes, sound or not, put together by hand."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass

from support.images import LIME_HEADER, LIME_MAGIC, LIME_VERSION

Piece = tuple[int, bytes]  # physical address, bytes

PT_LOAD, PT_NOTE = 1, 4
PN_XNUM = 0xFFFF
ET_CORE = 4


@dataclass(frozen=True)
class Elf:
    """One of the four forms of ELF (elf.h)."""

    wide: bool = True
    big: bool = False

    @property
    def order(self) -> str:
        return ">" if self.big else "<"

    @property
    def header_size(self) -> int:
        return 64 if self.wide else 52

    @property
    def entry_size(self) -> int:
        return 56 if self.wide else 32

    def header(self, count: int, sections: int = 0, place: int | None = None) -> bytes:
        """Ehdr of a core with `count` program headers, right behind it unless `place` says otherwise."""
        ident = b"\x7fELF" + bytes([2 if self.wide else 1, 2 if self.big else 1, 1]) + bytes(9)
        word = "Q" if self.wide else "I"
        fields = (
            ET_CORE,
            22 if self.big else 62,
            1,
            0,
            self.header_size if place is None else place,
            sections,
        )
        tail = (0, self.header_size, self.entry_size, count, 64 if self.wide else 40, int(sections > 0), 0)
        return ident + struct.pack(f"{self.order}HHI3{word}I6H", *fields, *tail)

    def entry(self, kind: int, offset: int, address: int, length: int) -> bytes:
        """Phdr; the virtual address is made up, for readers must not use it."""
        virtual = (0xFFFF888000000000 + address) & (2**64 - 1 if self.wide else 2**32 - 1)
        if self.wide:
            return struct.pack(f"{self.order}II6Q", kind, 6, offset, virtual, address, length, length, 0)
        return struct.pack(f"{self.order}8I", kind, offset, virtual, address, length, length, 6, 0)

    def section_with_count(self, count: int) -> bytes:
        """The first section header, whose sh_info counts the program headers (PN_XNUM)."""
        if self.wide:
            return struct.pack(f"{self.order}IIQQQQIIQQ", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)
        return struct.pack(f"{self.order}10I", 0, 0, 0, 0, 0, 0, 0, count, 0, 0)

    def core(self, pieces: Sequence[Piece], extended: bool = False) -> bytes:
        """A core that holds the pieces, in the given order, after a note.

        Args:
            pieces: what PT_LOAD segments hold.
            extended: count the program headers in a section header, as cores with 65,535 and more do.
        """
        count = len(pieces) + 1
        head = self.header_size + count * self.entry_size
        note = b"note" * 8
        entries = self.entry(PT_NOTE, head, 0, len(note))
        body = note
        for address, data in pieces:
            entries += self.entry(PT_LOAD, head + len(body), address, len(data))
            body += data
        if extended:
            return self.header(PN_XNUM, head + len(body)) + entries + body + self.section_with_count(count)
        return self.header(count) + entries + body


FORMS = {
    "64-bit LE": Elf(),
    "64-bit BE": Elf(big=True),
    "32-bit LE": Elf(wide=False),
    "32-bit BE": Elf(wide=False, big=True),
}


def lime(pieces: Sequence[Piece]) -> bytes:
    """A LiME file that holds the pieces in the given order."""
    return b"".join(
        LIME_HEADER.pack(LIME_MAGIC, LIME_VERSION, address, address + len(data) - 1) + data
        for address, data in pieces
    )


def xen(pages: Sequence[Piece], p2m: bool = False) -> bytes:
    """A core as `xl dump-core` writes it (Xen's docs/misc/dump-core-format.txt).

    Args:
        pages: page numbers and pages of 4 KiB.
        p2m: of a paravirtual guest, with the machine's page number beside each.
    """
    names = b"\0.shstrtab\0.xen_pages\0" + (b".xen_p2m\0" if p2m else b".xen_pfn\0")
    body = b"".join(data for _, data in pages)
    table = b"".join(struct.pack("<QQ", n, n + 7) if p2m else struct.pack("<Q", n) for n, _ in pages)
    place = 4096
    rows = bytes(64)
    for name, data in ((1, names), (11, body), (22, table)):
        rows += struct.pack("<IIQQQQIIQQ", name, 1, 0, 0, place, len(data), 0, 0, 1, 0)
        place += len(data)
    ident = b"\x7fELF\2\1\1" + bytes(9)
    head = ident + struct.pack("<HHIQQQI6H", ET_CORE, 62, 1, 0, 0, place, 0, 64, 0, 0, 64, 4, 1)
    return head.ljust(4096, b"\0") + names + body + table + rows
