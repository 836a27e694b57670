# SPDX-License-Identifier: Apache-2.0
"""What a process can write into its own memory to be taken for a kernel, or to hide one.

Each decoy is written into pages of a real dump that hold nothing, as a process gets them: single pages, or
aligned runs of 2 MiB (transparent huge pages). What is copied from a kernel is public: everybody can have its
package. Addresses are those of System.map, or moved as the running kernel's are.
"""

from __future__ import annotations

import random
import struct
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from support import bombs
from support.overlay import Overlay
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.kallsyms.tokens import tokens_at_digits
from volatility3_btf.memory.memory import BytesMemory

PAGE = 4096
HUGE = 2 << 20
FLOOR = 16 << 20
"""Bytes; below, x86 keeps memory for devices (ZONE_DMA), which processes get last."""

MAGIC = {"little": b"\x9f\xeb\x01\x00", "big": b"\xeb\x9f\x01\x00"}
DIGITS = b"".join(b"%d\0" % digit for digit in range(10))


@dataclass
class Ground:
    """A real dump, its kernel, and where a process may write.

    Attributes:
        image: the dump.
        kernel: its kernel, as it is without decoys.
        others: other kernels, whose parts may be copied: the images they lie in, and what they are.
    """

    image: Overlay
    kernel: Kernel
    others: Sequence[tuple[Overlay, Kernel]] = ()
    _used: set[int] = field(default_factory=set)

    @cached_property
    def free(self) -> list[int]:
        """Pages that hold nothing."""
        words = np.frombuffer(self.image.read(0, self.image.end), np.uint64)
        empty = ~words.reshape(-1, PAGE // 8).any(axis=1)
        return [int(page) * PAGE for page in np.flatnonzero(empty) if page * PAGE >= FLOOR]

    @cached_property
    def runs(self) -> list[tuple[int, int]]:
        """Starts and lengths of aligned memory of whole huge pages that holds nothing."""
        pages, found = set(self.free), list[tuple[int, int]]()
        for at in range(FLOOR, self.image.end - HUGE + 1, HUGE):
            if all(at + step in pages for step in range(0, HUGE, PAGE)):
                if found and sum(found[-1]) == at:
                    found[-1] = (found[-1][0], found[-1][1] + HUGE)
                else:
                    found.append((at, HUGE))
        return found

    def restore(self) -> None:
        """Take all decoys out again."""
        self.image.restore()
        self._used.clear()

    def page(self, rng: random.Random) -> int:
        """A page that no decoy has yet."""
        while (page := rng.choice(self.free)) in self._used:
            pass
        self._used.add(page)
        return page

    def run(self, rng: random.Random, length: int) -> int | None:
        """The start of as much memory as is asked for, in one piece; None where there is none."""
        fitting = [(start, size) for start, size in self.runs if size >= length]
        if not fitting:
            return None
        start, size = rng.choice(fitting)
        return start + rng.randrange(0, (size - length) // HUGE + 1) * HUGE


Decoy = Callable[[Ground, random.Random], None]


def note(ground: Ground, rng: random.Random) -> None:
    """A VMCOREINFO in a page: true or public addresses, and lies."""
    kernel = ground.kernel
    assert kernel.symbols is not None
    told = dict(kernel.vmcoreinfo.entries) if kernel.vmcoreinfo is not None else {}
    slide = rng.choice([0, kernel.kaslr_shift or 0, rng.randrange(1 << 10) << 21])
    names = ["_stext", "init_uts_ns", "swapper_pg_dir", "kallsyms_names", "kallsyms_token_table"]
    names += ["kallsyms_token_index", "kallsyms_offsets", "kallsyms_num_syms", "init_task", "modules"]
    lines = {"OSRELEASE": kernel.release or "", "PAGESIZE": told.get("PAGESIZE", "4096")}
    for name in names:
        address = kernel.symbols.get(name)
        if address is not None:
            lines[f"SYMBOL({name})"] = f"{(address - (kernel.kaslr_shift or 0) + slide) % (1 << 64):x}"
    lies = {
        "KERNELOFFSET": f"{rng.choice([0, slide, 1 << 21]):x}",
        "NUMBER(phys_base)": str(rng.choice([0, -(1 << 21), rng.randrange(1 << 28)])),
        "NUMBER(pgtable_l5_enabled)": str(rng.randrange(2)),
        "NUMBER(kimage_voffset)": f"0x{rng.getrandbits(64):x}",
        "NUMBER(VA_BITS)": str(rng.choice([39, 48, 52])),
        "NUMBER(sme_mask)": str(rng.choice([0, 1 << 47, 1 << 51])),
    }
    lines |= {key: lies[key] for key in rng.sample(sorted(lies), rng.randrange(len(lies) + 1))}
    text = "".join(f"{key}={value}\n" for key, value in lines.items())
    for _ in range(rng.choice([1, 1, 3, 20])):
        ground.image.write(ground.page(rng), text.encode()[: PAGE - 1] + b"\0")


def magic(ground: Ground, rng: random.Random) -> None:
    """Pages full of the first bytes of BTF."""
    for _ in range(rng.choice([1, 16, 64])):
        ground.image.write(ground.page(rng), MAGIC[ground.kernel.blob.endian] * (PAGE // 4))


def headers(ground: Ground, rng: random.Random) -> None:
    """Headers of BTF that claim much of what lies behind them."""
    order = "<" if ground.kernel.blob.endian == "little" else ">"
    for _ in range(rng.choice([1, 8, 64])):
        types, names = rng.randrange(4, 4 << 20) & ~3, rng.randrange(1, 4 << 20)
        head = MAGIC[ground.kernel.blob.endian] + struct.pack(f"{order}5I", 24, 0, types, types, names)
        ground.image.write(ground.page(rng) + rng.randrange(0, PAGE - 24, 4), head)


def banner(ground: Ground, rng: random.Random) -> None:
    """Banners of this kernel and of others."""
    own = ground.kernel.banner or b"Linux version 6.1.0-1-x (a@b) (gcc) #1 SMP now\n\0"
    for _ in range(rng.choice([1, 16, 200])):
        text = own if rng.random() < 0.3 else own.replace(b" version ", b" version %d." % rng.randrange(9), 1)
        ground.image.write(ground.page(rng) + rng.randrange(0, PAGE - len(text), 8), text)


def tokens(ground: Ground, rng: random.Random) -> None:
    """Token tables, with nothing or with anything around them."""
    table = bombs.token_table()
    for _ in range(rng.choice([1, 8, 40])):
        ground.image.write(ground.page(rng), (table + bytes(-len(table) % 8))[:PAGE])
    ground.image.write(ground.page(rng), DIGITS * (PAGE // len(DIGITS)))


def struct_btf(ground: Ground, rng: random.Random) -> None:
    """`struct btf` whose pointers agree with the headers that they hold, at one made-up distance."""
    kernel = ground.kernel
    shape, endian = kernel.blob.types["btf"], kernel.blob.endian
    start = ground.run(rng, HUGE)
    if start is None:
        return
    distance, header = rng.getrandbits(63) & -HUGE | 1 << 63, kernel.blob.data[:24]
    own = kernel.blob.header
    for number in range(rng.choice([8, 100, 500])):
        place, blob = start + number * 1024, start + HUGE // 2 + number * 64
        record, address = bytearray(shape.size), (blob + distance) % (1 << 64)
        record[shape["hdr"].offset : shape["hdr"].offset + 24] = header
        body = address + own.hdr_len
        for name, value in (("data", address), ("nohdr_data", body), ("strings", body + own.str_off)):
            at = shape[name].offset
            record[at : at + 8] = (value % (1 << 64)).to_bytes(8, endian)
        at = shape["data_size"].offset
        record[at : at + 4] = kernel.blob.size.to_bytes(4, endian)
        at = shape["refcnt"].offset
        record[at : at + 4] = (1).to_bytes(4, endian)
        ground.image.write(place, bytes(record))
        ground.image.write(blob, header)


def own_types(ground: Ground, rng: random.Random) -> None:
    """This kernel's BTF once more, whole or with a byte changed."""
    _copy(ground, rng, ground.image, ground.kernel.blob.offset, ground.kernel.blob.size, rng.randrange(3))


def other_types(ground: Ground, rng: random.Random) -> None:
    """Another kernel's BTF."""
    if ground.others:
        image, kernel = rng.choice(ground.others)
        _copy(ground, rng, image, kernel.blob.offset, kernel.blob.size, 0)


def own_rodata(ground: Ground, rng: random.Random) -> None:
    """This kernel's read-only data once more: BTF, kallsyms and banner, with a few bytes changed."""
    copy_image(ground, rng, ground.image, ground.kernel, rng.choice([0, 0, 4]))


def copies(ground: Ground, rng: random.Random) -> None:
    """This kernel's read-only data many times."""
    for _ in range(rng.choice([4, 8, 16])):
        copy_image(ground, rng, ground.image, ground.kernel, rng.choice([0, 0, 4]))


def many_names(ground: Ground, rng: random.Random) -> None:
    """This kernel's types, made longer, with a million names before each: room for those of few kernels."""
    blob = ground.kernel.blob
    text = b"".join(b"padding_%05d\0" % number for number in range(rng.choice([1, 100])))
    types = bytearray(blob.data + text)
    order = "<" if blob.endian == "little" else ">"
    struct.pack_into(f"{order}I", types, 20, blob.header.str_len + len(text))
    count = (1 << 20) - 256
    names = bombs.kallsyms(b"\2Tx" * count, count, x=b"x" * 60)
    data = names + bytes(-len(names) % PAGE) + types
    for _ in range(rng.choice([1, 3])):
        place = ground.run(rng, -(-len(data) // HUGE) * HUGE)
        if place is not None:
            ground.image.write(place, data)


def claims(ground: Ground, rng: random.Random) -> None:
    """Headers that claim more than a kernel has, eight to the same bytes, each with a token table."""
    order = "<" if ground.kernel.blob.endian == "little" else ">"
    size, table = 8 << 20, bombs.token_table()
    records = bombs.record(bombs.Kind.STRUCT, 1, 0, 8) + bombs.record(bombs.Kind.PTR, 0, 0, 0) * 15
    names = b"\0task_struct\0" + b"".join(b"name_%04d\0" % number for number in range(800))
    for _ in range(rng.choice([1, 13])):
        place = ground.run(rng, size)
        if place is None:
            return
        start, end = place + (256 << 10), place + size
        ground.image.write(start, names + b"x" * 200)
        ground.image.write(end - 64, b"a\0" * 32)
        for at in range(place, place + 8 * 0x4000, 0x4000):
            sections = (24, 0, len(records), start - at - 24, end - start)
            head = MAGIC[ground.kernel.blob.endian] + struct.pack(f"{order}5I", *sections)
            ground.image.write(at, head + records)
            ground.image.write(at + PAGE, table)


def page_tables(ground: Ground, rng: random.Random, times: int = 0) -> None:
    """Kallsyms with page tables behind them that map them, and a note that says where: arm64's, of 39 bits.

    Where it is not known at which address memory starts, a process that tries every place is right somewhere.
    """
    count, low = 1 << 12, 0xFFFFFF8000000000
    data = bombs.kallsyms(b"\2Tx" * count, count)
    tokens = tokens_at_digits(BytesMemory(data), data.index(DIGITS))
    assert tokens is not None
    top = b"".join(struct.pack("<Q", number % 8 << 30 | 0x701) for number in range(512))
    base, behind = rng.choice([1, 2]) << 30, -(-len(data) // PAGE) * PAGE
    for _ in range(times or rng.choice([1, 3, 8, 40])):
        place = ground.run(rng, HUGE)
        if place is None:
            return
        ground.image.write(place, data)
        ground.image.write(place + behind, top)
        start = low + base + place
        lines = {
            "OSRELEASE": ground.kernel.release,
            "PAGESIZE": "4096",
            "SYMBOL(kallsyms_token_table)": f"{start + tokens.table:x}",
            "SYMBOL(kallsyms_token_index)": f"{start + tokens.index:x}",
            "SYMBOL(swapper_pg_dir)": f"{start + behind:x}",
            "NUMBER(kimage_voffset)": f"{low:#x}",
        }
        text = "".join(f"{key}={value}\n" for key, value in lines.items())
        ground.image.write(ground.page(rng), text.encode() + b"\0")


def other_kernel(ground: Ground, rng: random.Random) -> None:
    """Another kernel's image, all that its package has and more."""
    if ground.others:
        copy_image(ground, rng, *rng.choice(ground.others), 0)


def copy_image(ground: Ground, rng: random.Random, image: Overlay, kernel: Kernel, changes: int) -> None:
    """From the banner or BTF, whichever comes first, to the end of data."""
    first = kernel.find(rng.choice(["_text", "__start_rodata", "linux_banner"]))
    last = kernel.find(rng.choice(["_end", "_edata", "__end_rodata"]))
    if first is None or last is None or not 0 <= first < last <= image.end:
        return
    _copy(ground, rng, image, first // PAGE * PAGE, last - first // PAGE * PAGE, changes)


def _copy(ground: Ground, rng: random.Random, image: Overlay, start: int, length: int, changes: int) -> None:
    place = ground.run(rng, -(-length // HUGE) * HUGE)
    if place is None:
        return
    data = bytearray(image.read(start, length))
    for _ in range(changes):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    ground.image.write(place + start % HUGE * (start % HUGE + length <= HUGE), bytes(data))


DECOYS: dict[str, Decoy] = {
    "note": note,
    "magic": magic,
    "headers": headers,
    "banner": banner,
    "tokens": tokens,
    "struct btf": struct_btf,
    "own types": own_types,
    "other types": other_types,
    "own rodata": own_rodata,
    "copies": copies,
    "many names": many_names,
    "claims": claims,
    "other kernel": other_kernel,
    "page tables": page_tables,
}
"""Name → writer."""

_LAST = "page tables"
"""Came last, and is thrown for by itself: so the mixtures of the others keep their numbers."""


def mixture(ground: Ground, rng: random.Random) -> list[str]:
    """Write a random mixture of decoys; their names."""
    chosen = rng.choices(sorted(DECOYS.keys() - {_LAST}), k=rng.choice([1, 2, 3, 5]))
    for name in chosen:
        DECOYS[name](ground, rng)
    if rng.random() < 0.25:
        chosen.append(_LAST)
        DECOYS[_LAST](ground, rng)
    return chosen
