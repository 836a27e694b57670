# SPDX-License-Identifier: Apache-2.0
"""Two kernels' code as it is fuzzed when it is compared: tables, symbols and code are all the fuzzer's."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from support.btfwriter import Writer
from volatility3_btf.blobs.blob import Blob
from volatility3_btf.btf import Header, Types
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.symbols import Symbols
from volatility3_btf.library.compare.code import NotComparableError, code_lines, compare_code
from volatility3_btf.library.compare.rewriting import PROCESSORS, TRAMPOLINE
from volatility3_btf.library.found import Found
from volatility3_btf.memory.memory import BytesMemory

TEXT = 0xFFFF800080000000
SHIFT = 0x200000
PATH = Path("vmlinuz")
ARCHITECTURES = tuple(PROCESSORS)
TABLES = sorted(
    {name for one in PROCESSORS.values() for table in one.tables for name in (table.start, table.stop)}
)
NAMES = (
    "_stext",
    "_etext",
    "__start_mcount_loc",
    "__stop_mcount_loc",
    "ftrace_call",
    TRAMPOLINE + "x",
    *(f"__{end}_runtime_{kind}_x" for kind in ("ptr", "shift") for end in ("start", "stop")),
    *TABLES,
)


def _types(is_sound: bool) -> Types:
    """The structs of the tables' entries; or some that no compiler makes."""
    writer = Writer()
    word = writer.integer("int", 4, 1)
    byte = writer.integer("unsigned char", 1)
    odd = writer.array(byte, word, 3)
    for name, places, lengths in (
        ("alt_instr", ("instr_offset", "orig_offset"), ("instrlen", "orig_len")),
        ("jump_entry", ("code",), ()),
        ("static_call_site", ("addr",), ()),
        ("paravirt_patch_site", ("instr",), ("len",)),
    ):
        if is_sound:
            members = [(each, word, 0) for each in places] + [(each, byte, 64) for each in lengths]
            writer.struct(name, 12, members)
        else:
            bits = [(each, odd, 8, 0) for each in places] + [(each, word, 91, 7) for each in lengths]
            writer.struct(name, 2, bits)
    return Types(writer.blob())


TYPES = _types(True), _types(False)


def _kernel(types: Types, architecture: str, places: tuple[int, ...], shift: int) -> Kernel:
    text = b"\0" + b"".join(name.encode() + b"\0" for name in NAMES)
    starts = np.cumsum([1, *(len(name) + 1 for name in NAMES[:-1])])
    addresses = np.array([TEXT + shift + place for place in places], np.uint64)
    letters = np.full(len(NAMES), ord("T"), np.uint8)
    symbols = Symbols(addresses, letters, np.zeros(len(NAMES), np.bool_), text, starts)
    blob = Blob(0, Header.parse(types.data), "kernel", "complete", types.data, "", types.counts, types)
    return Kernel(
        blob,
        banner=b"x",
        architecture=architecture,
        symbols=symbols,
        kaslr_shift=shift,
        physical_shift=TEXT + shift,
    )


def compared(data: bytes) -> None:
    """The code of a running kernel held against the one that was shipped."""
    data = data.ljust(1 + 2 * len(NAMES), b"\0")
    places = struct.unpack_from(f"<{len(NAMES)}H", data, 1)
    rest = data[1 + 2 * len(NAMES) :]
    types, architecture = TYPES[data[0] >> 1 & 1], ARCHITECTURES[data[0] & 1]
    shift = SHIFT * (data[0] >> 2 & 1)
    shipped, running = rest[: len(rest) // 2], rest[len(rest) // 2 :]
    found = [
        Found(_kernel(types, architecture, places, moved), BytesMemory(image), None, ("memory image",))
        for image, moved in ((running, shift), (shipped, 0))
    ]
    try:
        verdict = compare_code(*found)
    except NotComparableError:
        return
    size = places[1] - places[0]
    assert verdict.compared + verdict.unreadable == size
    assert 0 <= verdict.set_aside <= size
    assert sum(changed.differing for changed in verdict.changed) <= verdict.compared
    assert not any("\n" in line for line in code_lines(verdict, PATH))


def codes() -> Iterator[bytes]:
    """One of each processor, sound and odd, at home and moved."""
    for flags in range(8):
        is_arm = flags & 1
        places = dict.fromkeys(NAMES, 0x300)
        places |= {"_stext": 0, "_etext": 0x100, "ftrace_call": 0x40, TRAMPOLINE + "x": 0x48}
        at, image = 0x100, bytearray(0x400)
        for start, stop in [
            ("__start_mcount_loc", "__stop_mcount_loc"),
            *((table.start, table.stop) for table in PROCESSORS[ARCHITECTURES[is_arm]].tables),
            *((f"__start_runtime_{kind}_x", f"__stop_runtime_{kind}_x") for kind in ("ptr", "shift")),
        ]:
            places[start], places[stop] = at, at + 24
            for entry in range(2):
                struct.pack_into("<i4xB", image, at + 12 * entry, 0x20 * entry - at, 4)
            at += 24
        for number in range(3):
            struct.pack_into(
                "<Q", image, places["__start_mcount_loc"] + 8 * number, TEXT + 0x60 + 0x20 * number
            )
            image[0x60 + 0x20 * number : 0x74 + 0x20 * number] = struct.pack("<I", 0xD503201F) * 5
        running = bytearray(image)
        running[0x60:0x74] = struct.pack("<QIII", TEXT, 0xAA1E03E9, 0x94800000, 0xD503201F)
        running[0x40:0x45], running[0x90] = b"\xe8\0\0\0\x40", 1
        yield (
            bytes([flags])
            + struct.pack(f"<{len(NAMES)}H", *(places[name] for name in NAMES))
            + image
            + running
        )
