# SPDX-License-Identifier: Apache-2.0
"""Writes small kernel images with kallsyms in the layout of any version, as scripts/kallsyms.c does."""

from __future__ import annotations

import struct
from collections.abc import Sequence
from dataclasses import dataclass, field

from support.btfwriter import every_kind
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.btf import Endian
from volatility3_btf.kernel import Kernel, identify_kernel
from volatility3_btf.memory.memory import Memory, SegmentedMemory

Symbol = tuple[int, str, str]


@dataclass(frozen=True)
class Layout:
    """Which tables lie where.

    Attributes:
        rule: how addresses are stored.
        front: whether they lie before num_syms, and not behind token_index.
        word: bytes of num_syms and of a marker.
        align: to how many bytes tables are aligned.
        seqs: where seqs_of_names lies: "", "middle" (behind markers) or "end".
        wide: whether a length from 0x80 on takes two bytes.
    """

    rule: str
    front: bool = False
    word: int = 4
    align: int = 8
    seqs: str = ""
    wide: bool = True


LAYOUTS = {
    "4.5": Layout("absolute", front=True, word=8, wide=False),
    "4.18": Layout("relative", front=True, word=8, wide=False),
    "4.18 per-CPU": Layout("per-CPU absolute", front=True, word=8, wide=False),
    "4.20": Layout("relative", front=True, wide=False),
    "5.10 per-CPU": Layout("per-CPU absolute", front=True, wide=False),
    "6.1": Layout("relative", front=True),
    "6.1 addresses": Layout("absolute", front=True),
    "6.1 per-CPU": Layout("per-CPU absolute", front=True),
    "6.2": Layout("relative", front=True, seqs="middle"),
    "6.3 per-CPU": Layout("per-CPU absolute", front=True, seqs="middle"),
    "6.4": Layout("relative", seqs="end"),
    "6.12 per-CPU": Layout("per-CPU absolute", seqs="end"),
    "7.0": Layout("self-relative", align=4, seqs="end"),
}

RELEASE = "6.6.6-test"
BANNER = f"Linux version {RELEASE} (a@b) (gcc 14.2, GNU ld 2.44) #1 SMP Test (2026-01-01)\n\0".encode()

RODATA, BTF, DATA, SIZE = 0x100000, 0x1C0000, 0x1E0000, 0x200000
"""Where the parts of the image lie, counted from `_text`."""

JOINED = (b"sys_", b"__x64_", b"task", b"Tt", b"function_", b"_a", b"long")


def tokens() -> list[bytes]:
    """256 token texts: bytes that names use stand for themselves, the others for what is frequent."""
    texts = [b""] * 256
    used = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.$"
    for byte in used:
        texts[byte] = bytes([byte])
    free = [number for number in range(256) if not texts[number]]
    for number, text in zip(free, JOINED, strict=False):
        texts[number] = text
    for number in free[len(JOINED) :]:
        texts[number] = b"_%02x" % number
    return texts


def encode(text: bytes, texts: Sequence[bytes], wide: bool) -> bytes:
    """One name, type letter first."""
    numbers = bytearray()
    while text:
        joined = next((texts.index(part) for part in JOINED if text.startswith(part)), text[0])
        numbers.append(joined)
        text = text[len(texts[joined]) :]
    length = len(numbers)
    assert length < (0x4000 if wide else 0x100)
    if wide and length >= 0x80:
        return bytes([length & 0x7F | 0x80, length >> 7]) + numbers
    return bytes([length]) + numbers


@dataclass
class Image:
    """A kernel image and what is true of it.

    Attributes:
        data: the bytes from `_text` on.
        text: run-time address of `_text`.
        physical: its address in the layer.
        symbols: what /proc/kallsyms of this kernel shows.
        spans: (position in data, bytes) of every table and of the banner, by name.
        note: VMCOREINFO's text.
        endian: byte order.
    """

    data: bytearray
    text: int
    physical: int
    symbols: list[Symbol]
    endian: Endian
    spans: dict[str, tuple[int, int]] = field(default_factory=dict)
    note: bytes = b""

    @property
    def shift(self) -> int:
        """Virtual minus physical."""
        return self.text - self.physical

    def wipe(self, *names: str) -> None:
        """Fill tables with zeros."""
        for name in names:
            start, size = self.spans[name]
            self.data[start : start + size] = bytes(size)

    def memory(self, note: bool = True) -> SegmentedMemory:
        """The image in memory, and a page before it with VMCOREINFO, if wanted."""
        page = (self.note if note else b"").ljust(4096, b"\0")
        return SegmentedMemory([(self.physical - 0x10000, page), (self.physical, bytes(self.data))])


def kernel_symbols(text: int, names: Sequence[str], per_cpu: bool, variables: bool) -> list[Symbol]:
    """Symbols with every oddity: duplicates, several names at an address, long names, absolute values.

    The function and the variable of `every_kind` are among them.
    """
    found: list[Symbol] = [(text, "T", "_text"), (text, "T", "_stext")]
    found += [(text + 0x1000 + 16 * i, "tTW"[i % 3], name) for i, name in enumerate(names)]
    found += [(text + 0x90000 + 8 * i, "t", "duplicated") for i in range(3)]
    found += [(text + 0x90100, "t", "task_struct")]
    if variables:
        found += [
            (text + RODATA, "D", "linux_banner"),
            (text + BTF, "R", "__start_BTF"),
            (text + DATA, "D", "init_task"),
            (text + DATA + 0x4000, "D", "init_cred"),
            (text + DATA + 0x5000, "D", "init_nsproxy"),
            (text + DATA + 0x6000, "D", "init_uts_ns"),
            (text + DATA + 0x8000, "B", "swapper_pg_dir"),
            (text + DATA + 0x8800, "D", "current_task"),
            *((text + DATA + 0x9000 + 8 * i, "dbBr"[i % 4], f"variable_{i}") for i in range(298)),
        ]
    found.sort(key=lambda symbol: symbol[0])
    absolute = [(0x40 * i, "A", f"per_cpu_{i}") for i in range(60)] if per_cpu else []
    return absolute + found


def build(
    layout: Layout,
    endian: Endian = "little",
    *,
    text: int = 0xFFFFFFFF9E400000,
    physical: int = 0x1400000,
    names: Sequence[str] | None = None,
    variables: bool = True,
    kernel_offset: int = 0x1D400000,
) -> Image:
    """Write an image.

    Args:
        layout: how kallsyms is laid out.
        endian: byte order.
        text: run-time address of `_text`.
        physical: its address in the layer, at least 0x10000.
        names: names of functions.
        variables: whether variables are listed (CONFIG_KALLSYMS_ALL).
        kernel_offset: what VMCOREINFO calls KERNELOFFSET.
    """
    order = "<" if endian == "little" else ">"
    long = "x" * 130 + ("y" * 300 if layout.wide else "")
    names = [f"__x64_sys_function_{i:x}" for i in range(900)] if names is None else names
    symbols = kernel_symbols(text, [*names, long], layout.rule == "per-CPU absolute", variables)
    image = Image(bytearray(SIZE), text, physical, symbols, endian)
    _put(image, RODATA, "linux_banner", BANNER)
    _put(image, BTF, "BTF", every_kind(endian).blob())
    _pointers(image, order)
    _kallsyms(image, layout, order)
    lines = [f"OSRELEASE={RELEASE}", "PAGESIZE=4096", f"KERNELOFFSET={kernel_offset:x}"]
    lines += [f"SYMBOL({name})={text + at:x}" for name, (at, _) in image.spans.items() if name in TOLD]
    lines += [f"SYMBOL(_stext)={text:x}"]
    lines += [f"SYMBOL(init_uts_ns)={text + DATA + 0x6000:x}"] * variables
    image.note = "\n".join(lines).encode() + b"\n\0"
    return image


TOLD = (
    "kallsyms_names",
    "kallsyms_num_syms",
    "kallsyms_token_table",
    "kallsyms_token_index",
    "kallsyms_offsets",
    "kallsyms_relative_base",
)
"""The tables that VMCOREINFO tells from 6.0 on."""


def _put(image: Image, at: int, name: str, data: bytes) -> int:
    assert not any(image.data[at : at + len(data)])
    image.data[at : at + len(data)] = data
    image.spans[name] = (at, len(data))
    return at + len(data)


def _pointers(image: Image, order: str) -> None:
    """What a running kernel's variables point to (see volatility3_btf.kernel.evidence.pointers)."""
    task, cred, proxy, uts = (DATA + at for at in (0, 0x4000, 0x5000, 0x6000))
    for at, target in ((task + 0x40, task), (task + 0x80, cred), (task + 0x100, proxy), (proxy + 8, uts)):
        struct.pack_into(order + "Q", image.data, at, image.text + target)


def _kallsyms(image: Image, layout: Layout, order: str) -> None:
    """The tables, behind the banner in rodata."""
    texts, count = tokens(), len(image.symbols)
    names, markers = bytearray(), []
    for number, (_, letter, name) in enumerate(image.symbols):
        if number % 256 == 0:
            markers.append(len(names))
        names += encode((letter + name).encode(), texts, layout.wide)
    word = {4: "I", 8: "Q"}[layout.word]
    seqs = b"".join(i.to_bytes(3, "big") for i in sorted(range(count), key=lambda i: image.symbols[i][2]))
    starts = [sum(len(text) + 1 for text in texts[:number]) for number in range(256)]
    parts = [
        ("kallsyms_num_syms", struct.pack(order + word, count)),
        ("kallsyms_names", bytes(names)),
        ("kallsyms_markers", struct.pack(f"{order}{len(markers)}{word}", *markers)),
        ("kallsyms_token_table", b"".join(text + b"\0" for text in texts)),
        ("kallsyms_token_index", struct.pack(f"{order}256H", *starts)),
    ]
    if layout.seqs == "middle":
        parts.insert(3, ("kallsyms_seqs_of_names", seqs))
    place = RODATA + 0x400 + layout.align
    for name in [None] * layout.front + [part[0] for part in parts] + [None] * (not layout.front):
        place += -place % layout.align
        if name is None:
            place = _addresses(image, layout, order, place)
        else:
            place = _put(image, place, name, dict(parts)[name])
    if layout.seqs == "end":
        place = _put(image, place, "kallsyms_seqs_of_names", seqs)
    assert place < BTF


def _addresses(image: Image, layout: Layout, order: str, place: int) -> int:
    values, text = [address for address, *_ in image.symbols], image.text
    if layout.rule == "absolute":
        return _put(image, place, "kallsyms_addresses", struct.pack(f"{order}{len(values)}Q", *values))
    if layout.rule == "self-relative":
        raw = [value - text - place - 4 * number for number, value in enumerate(values)]
        return _put(image, place, "kallsyms_offsets", struct.pack(f"{order}{len(raw)}i", *raw))
    if layout.rule == "per-CPU absolute":
        raw = [value if value < 1 << 31 else text - 1 - value for value in values]
    else:
        raw = [value - text for value in values]
    place = _put(image, place, "kallsyms_offsets", struct.pack(f"{order}{len(raw)}i", *raw))
    return _put(image, place + -place % 8, "kallsyms_relative_base", struct.pack(order + "Q", text))


def identify(memory: Memory) -> Kernel:
    """The best kernel of a memory; the scanner is asked for all BTF, as kernels' is not so small."""
    return identify_kernel(memory, list(find_btf(memory)))
