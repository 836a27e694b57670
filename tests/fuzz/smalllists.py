# SPDX-License-Identifier: Apache-2.0
"""What a kernel has loaded, in a kilobyte: its lists of BTF and of modules, and two modules' BTF.

The kernel itself, whose types say how these are laid out, is sound and lies elsewhere.
"""

from __future__ import annotations

import struct
from itertools import pairwise

import numpy as np

from support.btfwriter import Writer, every_kind
from volatility3_btf.blobs.blob import MIN_KERNEL
from volatility3_btf.blobs.scan import find_btf
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.address_space import AddressSpace
from volatility3_btf.kernel.symbols import Symbols
from volatility3_btf.memory.memory import BytesMemory, Memory

DISTANCE = 0x10000
"""Virtual address minus address in the layer."""

IDR, MODULES, NODE, BTFS, LISTED, BLOBS = 0, 16, 32, 192, 512, 768
"""Where things lie in the layer."""

NAMES = (b"veth", b"tun")


def _types() -> Writer:
    """A kernel's types, so many names that they are large enough for one."""
    writer = every_kind("little")
    byte, half = writer.integer("u8", 1), writer.integer("u32", 4)
    word = writer.integer("u64", 8)
    text, slots = writer.array(byte, half, 56), writer.array(word, half, 16)
    head = writer.struct("btf_header", 24, [("magic", half, 0)])
    fields = [("data", word, 0), ("nohdr_data", word, 64), ("hdr", head, 128), ("strings", word, 320)]
    fields += [("data_size", half, 384), ("refcnt", half, 416), ("id", half, 448), ("kernel_btf", byte, 480)]
    writer.struct("btf", 128, [*fields, ("base_btf", word, 512), ("name", text, 576)])
    links = writer.struct("list_head", 16, [("next", word, 0), ("prev", word, 64)])
    writer.struct("module", 80, [("list", links, 64), ("name", text, 192)])
    tree = writer.struct("xarray", 8, [("xa_head", word, 0)])
    writer.struct("idr", 8, [("idr_rt", tree, 0)])
    writer.struct("xa_node", 136, [("shift", byte, 0), ("slots", slots, 64)])
    while writer.strings_end < MIN_KERNEL:
        writer.string(f"name_{writer.strings_end}")
    return writer


TYPES = _types()


def _kernel() -> Kernel:
    (blob,) = find_btf(BytesMemory(TYPES.blob(), 1 << 30))
    addresses = np.array([DISTANCE + IDR, DISTANCE + MODULES], np.uint64)
    letters = np.frombuffer(b"dd", np.uint8)
    text = b"\0btf_idr\0modules\0"
    return Kernel(blob, symbols=Symbols(addresses, letters, addresses == 0, text, np.array([1, 9])))


KERNEL = _kernel()


def mapped(memory: Memory) -> AddressSpace:
    """The address space in which the whole image is mapped."""
    return AddressSpace(
        memory, lambda virtual: virtual - DISTANCE if 0 <= virtual - DISTANCE < memory.end else None, "all"
    )


def small_lists() -> bytes:
    """The image."""
    data = bytearray(BLOBS)
    struct.pack_into("<Q", data, IDR, DISTANCE + NODE + 2)
    entries = [MODULES, *(LISTED + 96 * number + 8 for number in range(len(NAMES))), MODULES]
    for at, following in pairwise(entries):
        struct.pack_into("<Q", data, at, DISTANCE + following)
    for number, name in enumerate(NAMES):
        blob, place = _module(name), len(data)
        start = BTFS + 128 * number
        struct.pack_into("<Q", data, NODE + 8 + 8 * number, DISTANCE + start)
        strings = place + 24 + int.from_bytes(blob[16:20], "little")
        struct.pack_into(
            "<QQ24sQ", data, start, DISTANCE + place, DISTANCE + place + 24, blob[:24], DISTANCE + strings
        )
        struct.pack_into("<IIIBxxxQ56s", data, start + 48, len(blob), 1, number + 1, 1, 8, name)
        struct.pack_into("<56s", data, LISTED + 96 * number + 24, name)
        data += blob + bytes(-len(blob) % 8)
    return bytes(data)


def _module(name: bytes) -> bytes:
    writer = Writer("little", TYPES)
    writer.struct(f"{name.decode()}_state", 8, [("owner", 4, 0), ("comm", 5, 64)])
    return writer.blob()
