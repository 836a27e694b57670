# SPDX-License-Identifier: Apache-2.0
"""Processors' registers in ELF cores: as QEMU's monitor shows them, of other writers, and damaged."""

from __future__ import annotations

import re
import struct
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import open_memory
from volatility3_btf.memory.registers import MOST_PROCESSORS, Processor, processors_of

GetDump = Callable[[str], Dump]
X86_64, ARM64 = 62, 183


def note(name: bytes, kind: int, data: bytes) -> bytes:
    head = struct.pack("<III", len(name) + 1, len(data), kind) + name + b"\0"
    return head + b"\0" * (-len(head) % 4) + data + b"\0" * (-len(data) % 4)


def core(*notes: bytes, machine: int = X86_64, length: int | None = None) -> bytes:
    """An ELF core with notes and one page of memory."""
    body = b"".join(notes)
    head = b"\x7fELF\2\1\1".ljust(16, b"\0")
    head += struct.pack("<HHIQQQIHHHHHH", 4, machine, 1, 0, 64, 0, 0, 64, 56, 2, 0, 0, 0)
    head += struct.pack("<IIQQQQQQ", 4, 0, 176, 0, 0, len(body) if length is None else length, 0, 0)
    head += struct.pack("<IIQQQQQQ", 1, 0, 176 + len(body), 0, 0, 4096, 4096, 0)
    return head + body + bytes(4096)


def read(data: bytes) -> tuple[Processor, ...]:
    return processors_of(lambda offset, length: data[offset : offset + length])


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.1", "amd64-7"])
def test_the_first_processor_is_as_the_monitor_shows_it(name: str, dump: GetDump) -> None:
    guest = dump(name)
    shown = (guest.folder / "registers.txt").read_text()
    (tables,) = re.findall(r"CR3=(\w+)", shown)[:1]
    (counter,) = re.findall(r"RIP=(\w+)", shown)[:1]
    (base,) = re.findall(r"^GS =\w+ (\w+)", shown, re.MULTILINE)[:1]
    processors = open_memory(guest.elf).processors
    assert len(processors) == 2
    assert processors[0].page_tables == int(tables, 16)
    assert processors[0].program_counter == int(counter, 16)
    assert int(base, 16) in processors[0].bases
    assert open_memory(guest.raw).processors == ()


def test_virtualbox_has_notes_of_its_own() -> None:
    """`DBGFCORECPU`: 18 registers, 6 segments of 24 bytes with the base first, CR0, CR2, CR3."""
    data = bytearray(1024)
    struct.pack_into("<Q", data, 14 * 8, 0xFFFFFFFF81000010)
    struct.pack_into("<Q", data, 18 * 8 + 4 * 24, 0xFFFF888000000000)
    struct.pack_into("<Q", data, 18 * 8 + 6 * 24 + 16, 0x1234000)
    found = read(core(note(b"VBCORE", 0xB00, bytes(24)), note(b"VBCORE", 0xB01, bytes(data))))
    assert found == (Processor(0x1234000, (0xFFFF888000000000,), 0xFFFFFFFF81000010),)


def test_the_common_notes_have_a_program_counter() -> None:
    data = bytearray(400)
    struct.pack_into("<Q", data, 112 + 32 * 8, 0xFFFF800080010000)  # pc behind x0 to x30 and sp
    assert read(core(note(b"CORE", 1, bytes(data)), machine=ARM64)) == (
        Processor(None, (), 0xFFFF800080010000),
    )
    assert read(core(note(b"CORE", 1, bytes(data)), machine=8)) == ()


def test_notes_that_are_cut_or_lie_tell_less() -> None:
    whole = core(note(b"QEMU", 0, bytes(440)), note(b"QEMU", 0, bytes(440)))
    assert len(read(whole)) == 2
    for end in range(0, len(whole), 7):
        assert len(read(whole[:end])) <= 2
    assert len(read(core(note(b"QEMU", 0, bytes(440)), length=1 << 60))) == 1
    assert read(core(note(b"QEMU", 0, bytes(100)))) == ()
    assert read(core(struct.pack("<III", 0xFFFFFFFF, 0xFFFFFFFF, 1))) == ()
    assert read(b"\x7fELF" + b"\xff" * 200) == ()
    assert read(bytes(4096)) == ()


def test_there_are_only_so_many_processors() -> None:
    assert len(read(core(*[note(b"QEMU", 0, bytes(440))] * (2 * MOST_PROCESSORS + 9)))) == MOST_PROCESSORS


def test_a_file_that_is_no_core_has_none(tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    raw.write_bytes(bytes(8192))
    assert open_memory(raw).processors == ()
    cored = tmp_path / "core"
    cored.write_bytes(core(note(b"QEMU", 0, bytes(440))))
    memory = open_memory(cored)
    assert len(memory.processors) == 1
    memory.close()
