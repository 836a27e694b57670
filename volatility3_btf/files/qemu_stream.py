# SPDX-License-Identifier: Apache-2.0
"""QEMU's migration stream (`migrate "exec:cat > FILE"`, `virsh save`): where each page of memory lies in it.

A stream is a list of sections. The `ram` section comes in parts, each a list of pages; of a machine that
runs meanwhile, pages that change are sent again, and the last one counts. All numbers are big-endian. Sources
of the format: QEMU's migration/savevm.c, ram.c and vmstate.c; libvirt's src/qemu/qemu_saveimage.h.
"""

from __future__ import annotations

import logging
import struct

import numpy as np
from numpy.typing import NDArray

from .formats import LIBVIRT_HEADER, LIBVIRT_SAVE, QEMU_STREAM, FormatError
from .qemu_machine import CMOS, guest_ranges
from .qemu_pages import Stream
from .segments import ReadAt

log = logging.getLogger(__name__)

EOF, START, PART, END, FULL, SUBSECTION, _, CONFIGURATION, COMMAND = range(9)
FOOTER = 0x7E
KINDS = bytes((EOF, START, PART, END, FULL, 6, COMMAND))
"""What a section may begin with; 6 is a description of the sections before, at the end."""

ZERO, SIZES, PAGE, EOS, CONTINUE, XBZRLE, HOOK, DEFLATED, FLUSH = (1 << bit for bit in range(1, 10))
"""Flags in the low bits of a page's offset (RAM_SAVE_FLAG_*)."""

UNREADABLE = {XBZRLE: "XBZRLE-compressed pages", HOOK: "pages sent by RDMA", DEFLATED: "compressed pages"}

RAM_VERSION = 4
WINDOW = 4 << 20
"""Bytes of the file that are looked at together."""

LONGEST_RECORD = 8 + 1 + 255 + 1
"""Bytes of a page's header: offset, name of a block, one byte."""

MOST_PAGES = 1 << 28
"""Of 4 KiB: memory of a guest with 1 TiB."""

MOST_WAITING = 1 << 16
"""Pages that are collected before they are put in their places."""

MOST_BLOCKS, MOST_SKIPPED, MOST_SECTIONS = 1 << 10, 64 << 20, 1 << 20
_WORD = struct.Struct(">Q")


def read_stream(read_at: ReadAt, size: int) -> Stream:
    """Find the pages of a stream.

    Args:
        read_at: reads the file.
        size: of the file, in bytes.

    Raises:
        FormatError: it is none, or holds what cannot be read; the message names the machine.
    """
    walk = _Walk(read_at, size)
    try:
        walk.run()
    except _CutError:
        log.info("the stream ends inside a section")
    except FormatError as error:
        named = f" of machine {walk.machine}" if walk.machine else ""
        raise FormatError(f"this is a QEMU migration stream{named} that cannot be read: {error}") from None
    found = walk.result()
    if not found.is_whole:
        log.warning("the stream is cut short: %d pages of memory are in it", len(found.addresses))
    return found


class _CutError(Exception):
    """The file ends inside a section."""


class _Block:
    """A block of memory: its length in bytes, and where its pages lie.

    They lie at the place in the file less 1; at 0 they are not there; below, see `Stream.places`.
    """

    def __init__(self, length: int) -> None:
        self.length = length
        self.places: NDArray[np.int64] | None = None


class _Walk:
    """One pass over a stream."""

    def __init__(self, read_at: ReadAt, size: int) -> None:
        self._read_at, self._size = read_at, size
        self._start, self._window = 0, b""
        self._at = 0
        self.machine, self.page_size, self.is_whole = "", 4096, False
        self._kept = 0
        self._blocks: dict[bytes, _Block] = {}
        self._sections: dict[int, bytes] = {}
        self._current = b""

    def run(self) -> None:
        """Walk over the sections up to the end of memory."""
        self._header()
        for _ in range(MOST_SECTIONS):
            kind = self._number(1)
            if kind == CONFIGURATION:
                self._configuration()
            elif kind in (START, FULL, PART, END):
                if self._section(kind):
                    return
            elif kind == COMMAND:
                self._number(2)
                self._skip(self._number(2))
            elif kind == EOF:
                return
            else:
                raise FormatError(f"section of unknown kind {kind} at {self._at - 1:#x}")
        raise FormatError("too many sections")

    def result(self) -> Stream:
        """The pages in order of physical address."""
        lengths = {name: block.length for name, block in self._blocks.items()}
        addresses: list[NDArray[np.int64]] = []
        places: list[NDArray[np.int64]] = []
        for name, offset, physical, length in guest_ranges(self.machine, lengths, self._cmos()):
            held = self._blocks[name].places
            if held is None:
                continue
            part = held[offset // self.page_size : (offset + length) // self.page_size]
            there = np.flatnonzero((part != 0) & (part <= self._size - self.page_size + 1))
            addresses.append(there * self.page_size + physical)
            found = part[there]
            places.append(np.where(found > 0, found - 1, found))
        if not addresses:
            raise FormatError("this is a QEMU migration stream without memory")
        return Stream(
            self.machine, self.page_size, np.concatenate(addresses), np.concatenate(places), self.is_whole
        )

    # --- reading ---

    def _need(self, length: int) -> int:
        """Have `length` bytes from here on in the window, or all there are; returns how many there are."""
        inside = self._at - self._start
        if not 0 <= inside <= len(self._window) - length:
            self._start, inside = self._at, 0
            self._window = self._read_at(self._at, max(WINDOW, length)) if self._at < self._size else b""
        return len(self._window) - inside

    def _bytes(self, length: int) -> bytes:
        if self._need(length) < length:
            raise _CutError
        inside = self._at - self._start
        self._at += length
        return self._window[inside : inside + length]

    def _number(self, length: int) -> int:
        return int.from_bytes(self._bytes(length), "big")

    def _name(self) -> bytes:
        return self._bytes(self._number(1))

    def _skip(self, length: int) -> None:
        self._at += length
        if self._at > self._size:
            raise _CutError

    # --- sections ---

    def _header(self) -> None:
        if self._read_at(0, len(LIBVIRT_SAVE)) == LIBVIRT_SAVE:
            header = self._bytes(LIBVIRT_HEADER)
            order = "<" if header[16] else ">"
            _, xml, _, packed = struct.unpack_from(order + "4I", header, 16)
            if packed:
                raise FormatError(f"libvirt saved it compressed or sparse (format {packed})")
            self._skip(xml)
        if self._bytes(len(QEMU_STREAM)) != QEMU_STREAM:
            raise FormatError("no stream of version 3")

    def _configuration(self) -> None:
        """The machine's name, and what else receiver and sender must agree on."""
        self.machine = self._bytes(min(self._number(4), 255)).decode("ascii", "replace")
        while self._bytes(1)[0] == SUBSECTION:
            name = self._name()
            self._skip(4)
            if name == b"configuration/target-page-bits":
                bits = self._number(4)
                if not 10 <= bits <= 16:
                    raise FormatError(f"pages of 2^{bits} bytes")
                self.page_size = 1 << bits
            elif name == b"configuration/capabilities":
                self._capabilities()
            elif name == b"configuration/uuid":
                self._skip(16)
            else:
                raise FormatError("an unknown configuration")
        self._at -= 1

    def _capabilities(self) -> None:
        names = [self._name() for _ in range(min(self._number(4), 64))]
        for name in (b"mapped-ram", b"x-ignore-shared"):
            if name in names:
                raise FormatError(f"written with {name.decode()}")

    def _section(self, kind: int) -> bool:
        """One section; returns whether memory ends with it."""
        number = self._number(4)
        version = RAM_VERSION
        if kind in (START, FULL):
            name = self._name()
            self._skip(4)
            version = self._number(4)
            self._sections[number] = name
        name = self._sections.get(number, b"")
        if name != b"ram":
            self._skip_section(number)
            return False
        if version != RAM_VERSION:
            raise FormatError(f"memory of version {version}")
        self._pages()
        self.is_whole = kind == END
        if self._need(5) >= 5 and self._window[self._at - self._start] == FOOTER:
            self._skip(5)
        return self.is_whole

    def _skip_section(self, number: int) -> None:
        """Go behind a section of a length that only its device knows: behind its footer."""
        footer = bytes((FOOTER,)) + number.to_bytes(4, "big")
        length = 4096
        while length <= MOST_SKIPPED:
            data = self._read_at(self._at, length)
            found = data.find(footer)
            while found >= 0:
                behind = found + len(footer)
                if data[behind : behind + 1] and data[behind] in KINDS:
                    self._at += behind
                    return
                found = data.find(footer, found + 1)
            length *= 4
        raise FormatError(f"a section without an end at {self._at:#x}")

    # --- memory ---

    def _pages(self) -> None:
        """A part of memory: pages up to a mark."""
        pages: list[int] = []
        places: list[int] = []
        while True:
            if self._need(LONGEST_RECORD) >= LONGEST_RECORD:
                self._run(pages, places)
            if len(pages) >= MOST_WAITING or self._need(8) < 8:
                self._put(pages, places)
            if self._page(pages, places):
                self._put(pages, places)
                return

    def _page(self, pages: list[int], places: list[int]) -> bool:
        """A page or something else of memory; returns whether a part ends here."""
        word = self._number(8)
        flags = word & (self.page_size - 1)
        for flag, what in UNREADABLE.items():
            if flags & flag:
                raise FormatError(what)
        if flags & SIZES:
            self._sizes(word - flags)
        if flags & (ZERO | PAGE):
            if not flags & CONTINUE:
                self._put(pages, places)
                self._current = self._name()
            pages.append(word - flags)
            places.append(self._place(flags))
        elif not flags & (SIZES | FLUSH | EOS):
            raise FormatError(f"pages of unknown kind {flags:#x} at {self._at - 8:#x}")
        return bool(flags & EOS)

    def _run(self, pages: list[int], places: list[int]) -> None:
        """The pages from here on that name no block, as far as the window holds their heads."""
        data, at, mask, size = self._window, self._at - self._start, self.page_size - 1, self.page_size
        last, unpack = len(data) - LONGEST_RECORD, _WORD.unpack_from
        start = self._start
        page, zero = PAGE | CONTINUE, ZERO | CONTINUE
        while at <= last:
            (word,) = unpack(data, at)
            flags = word & mask
            if flags == page:
                pages.append(word - flags)
                places.append(start + at + 9)
                at += 8 + size
            elif flags == zero:
                pages.append(word - flags)
                places.append(-1 - data[at + 8])
                at += 9
            else:
                break
        self._at = start + at

    def _place(self, flags: int) -> int:
        """Where the page lies that begins here, as a block keeps it."""
        if flags & ZERO:
            return -1 - self._number(1)
        self._at += self.page_size
        return self._at - self.page_size + 1

    def _sizes(self, total: int) -> None:
        """The blocks and their lengths, `total` bytes in all."""
        for _ in range(MOST_BLOCKS):
            if total <= 0:
                return
            name, length = self._name(), self._number(8)
            if not 0 < length <= total or length % self.page_size or not name:
                raise FormatError("a list of blocks of memory that does not add up")
            self._blocks.setdefault(name, _Block(length))
            total -= length
            if len(self._blocks) > MOST_BLOCKS:
                break
        raise FormatError("too many blocks of memory")

    def _put(self, pages: list[int], places: list[int]) -> None:
        """Keep what was collected of a block."""
        if not pages:
            return
        block = self._blocks.get(self._current)
        if block is None:
            raise FormatError("pages of an unknown block")
        numbers = np.array(pages, dtype=np.uint64) // self.page_size
        if int(numbers.max()) >= block.length // self.page_size:
            raise FormatError("a page behind the end of its block")
        if block.places is None:
            count = block.length // self.page_size
            self._kept += count
            if self._kept > min(MOST_PAGES, max(1 << 20, self._size // 2)):
                raise FormatError(f"a block of {block.length} bytes in a file of {self._size}")
            block.places = np.zeros(count, dtype=np.int64)
        block.places[numbers.astype(np.int64)] = places
        pages.clear()
        places.clear()

    def _cmos(self) -> bytes:
        """The memory of the machine's clock, from the sections behind those of memory; or nothing."""
        data = self._read_at(self._at, MOST_SKIPPED) if self.is_whole else b""
        found = data.find(CMOS.name)
        while found >= 0:
            head = data[found - 5 : found]
            if len(head) == 5 and head[0] == FULL:
                start = found + len(CMOS.name) + 8
                return data[start : start + CMOS.length]
            found = data.find(CMOS.name, found + 1)
        return b""
