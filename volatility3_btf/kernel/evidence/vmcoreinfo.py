# SPDX-License-Identifier: Apache-2.0
"""VMCOREINFO: what a kernel writes down about itself for crash dump tools (kernel/vmcore_info.c).

One page of `KEY=value` lines that starts with `OSRELEASE=`. Two copies are usual: the data, and the ELF note
made of it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from ...memory.addresses import Virtual
from ...memory.memory import Memory

MAX_NOTE = 64 << 10
"""Bytes: one page, of the largest page size there is."""

MAX_READ = 8 << 20
"""Bytes of text that are looked at in all; an honest image has some copies of 3 KB each."""

NOT_ADDRESSES = ("mem_section", "mem_map", "node_data", "vmemmap", "high_memory")
"""Pointers of which VMCOREINFO can hold the value (VMCOREINFO_SYMBOL_ARRAY), not the address."""

_LINE = re.compile(r"([A-Za-z_][\w-]*(?:\([\w.\[\]>-]{1,128}\))?)=([\x20-\x7e]{0,256})")
_FEWEST = 4
_PAGE = 4096


@dataclass(frozen=True)
class Vmcoreinfo:
    """One VMCOREINFO text.

    Attributes:
        offsets: addresses in the layer of every copy with these entries.
        entries: the lines, by key; where a key stands twice, the first one.
        malformed: lines that are no `KEY=value` and were left out.
    """

    offsets: tuple[int, ...]
    entries: Mapping[str, str]
    malformed: int = 0

    @property
    def release(self) -> str | None:
        """The kernel's release, as uname(1) prints it."""
        return self.entries.get("OSRELEASE")

    @property
    def kernel_offset(self) -> int | None:
        """The KASLR shift, in bytes."""
        return _number(self.entries.get("KERNELOFFSET"), 16)

    def symbol(self, name: str) -> Virtual | None:
        """The run-time address of a symbol."""
        number = _number(self.entries.get(f"SYMBOL({name})"), 16)
        return None if number is None else Virtual(number)

    def number(self, name: str) -> int | None:
        """A `NUMBER(name)`: decimal, negative ones too, or hexadecimal with 0x."""
        text = self.entries.get(f"NUMBER({name})")
        return _number(text, 16 if text is not None and "0x" in text.lower() else 10)

    def hexadecimal(self, key: str) -> int | None:
        """A value that is written in hexadecimal without saying so (KERNELOFFSET, KERNELOFFPHYS)."""
        return _number(self.entries.get(key), 16)

    @property
    def physical_shift(self) -> int | None:
        """Virtual minus physical address of the kernel image, as each architecture tells it."""
        base = self.number("phys_base")
        if base is not None:
            return 0xFFFFFFFF80000000 - base
        for name in ("kimage_voffset", "va_kernel_pa_offset"):
            shift = self.number(name)
            if shift is not None:
                return shift
        offset, physical = self.kernel_offset, self.hexadecimal("KERNELOFFPHYS")
        return None if offset is None or physical is None else offset - physical

    @property
    def symbols(self) -> dict[str, int]:
        """Every SYMBOL, by name."""
        names = [key[7:-1] for key in self.entries if key.startswith("SYMBOL(") and key.endswith(")")]
        return {name: address for name in names if (address := self.symbol(name)) is not None}


def parse_vmcoreinfo(data: bytes, offset: int = 0) -> Vmcoreinfo | None:
    """Read a note from its first byte on; it ends at the first NUL.

    Returns:
        The note, or None if this is none (a format string, a text file with an OSRELEASE line).
    """
    text = data[:MAX_NOTE].split(b"\0", 1)[0].decode("latin-1")
    entries: dict[str, str] = {}
    malformed = 0
    for line in text.split("\n"):
        if match := _LINE.fullmatch(line):
            entries.setdefault(match[1], match[2])
        elif line:
            malformed += 1
    if len(entries) < _FEWEST or "%" in entries.get("OSRELEASE", "%") or malformed > len(entries):
        return None
    return Vmcoreinfo((offset,), entries, malformed)


def read_vmcoreinfo(memory: Memory, offsets: Iterable[int]) -> list[Vmcoreinfo]:
    """Read the notes at places where `survey.NOTE` was found; equal ones become one."""
    notes: dict[tuple[tuple[str, str], ...], Vmcoreinfo] = {}
    left, behind = MAX_READ, -1
    for offset in offsets:
        if left <= 0 or (offset < behind and offset % _PAGE and not _starts_text(memory, offset)):
            continue
        data = memory.read_available(offset, MAX_NOTE).split(b"\0", 1)[0]
        left, behind = left - len(data), offset + len(data)
        note = parse_vmcoreinfo(data, offset)
        if note is None:
            continue
        key = tuple(note.entries.items())
        known = notes.get(key)
        notes[key] = (
            note if known is None else Vmcoreinfo((*known.offsets, offset), note.entries, note.malformed)
        )
    return list(notes.values())


def _starts_text(memory: Memory, offset: int) -> bool:
    """Whether a NUL byte lies before: what lies inside of another text is a line of it, not a note."""
    return memory.read_available(offset - 1, 1) == b"\0"


def _number(text: str | None, base: int) -> int | None:
    """A number of at most 64 bits, or None."""
    if text is None or len(text) > 24:
        return None
    try:
        value = int(text, base)
    except ValueError:
        return None
    return value if -(1 << 63) <= value < 1 << 64 else None
