# SPDX-License-Identifier: Apache-2.0
"""Kernel files and packages, made around any bytes."""

from __future__ import annotations

import bz2
import gzip
import hashlib
import io
import lzma
import struct
import tarfile
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import lz4.block
import lz4.frame
from lzallright import LZOCompressor

from support.btfwriter import every_kind
from support.kernelwriter import BTF, DATA, LAYOUTS, build
from volatility3_btf.blobs.blob import MIN_KERNEL

try:
    from compression import zstd
except ImportError:
    from backports import zstd

LZ4_BLOCK = 8 << 20
LZO_BLOCK = 256 << 10
IMAGE_CODE = 0x2000


def kernel_with_types(text: int, physical: int) -> bytes:
    """A kernel from `_text` on, whose BTF is as large as the smallest that is taken for a kernel's."""
    image = build(LAYOUTS["6.12 per-CPU"], text=text, physical=physical)
    types = every_kind("little")
    types.string("x" * (MIN_KERNEL - len(types.blob()) - 1))
    blob = types.blob()
    assert len(blob) == MIN_KERNEL <= DATA - BTF
    image.data[BTF : BTF + len(blob)] = blob
    return bytes(image.data)


def lz4_legacy(data: bytes) -> bytes:
    """As `lz4 -l`."""
    blocks = (data[at : at + LZ4_BLOCK] for at in range(0, len(data), LZ4_BLOCK))
    packed = (lz4.block.compress(block, store_size=False) for block in blocks)
    return b"\x02\x21\x4c\x18" + b"".join(struct.pack("<I", len(block)) + block for block in packed)


def lzop(data: bytes) -> bytes:
    """A file of lzop's, with checksums (of zeros) of what is unpacked."""
    header = struct.pack(">HHHBBIIIIB", 0x1040, 0x2080, 0x0940, 3, 9, 0x1, 0o644, 0, 0, 1) + b"x" + bytes(4)
    text = b"\x89LZO\0\r\n\x1a\n" + header
    for at in range(0, len(data), LZO_BLOCK):
        plain = data[at : at + LZO_BLOCK]
        packed = LZOCompressor().compress(plain)
        packed = plain if len(packed) >= len(plain) else packed
        text += struct.pack(">III", len(plain), len(packed), 0) + packed
    return text + bytes(4)


PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": lambda data: gzip.compress(data, mtime=0),
    "xz": lambda data: lzma.compress(data, check=lzma.CHECK_CRC32),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "bzip2": bz2.compress,
    "zstd": zstd.compress,
    "lz4": lz4_legacy,
    "lz4 frame": lz4.frame.compress,
    "lzo": lzop,
}
"""Every compression, by name."""


def elf(
    data: bytes, virtual: int, physical: int, endian: str = "little", build_id: bytes = b"", machine: int = 62
) -> bytes:
    """A stripped vmlinux with one segment, and a note with a build ID behind it."""
    order = "<" if endian == "little" else ">"
    note = struct.pack(order + "III", 4, len(build_id), 3) + b"GNU\0" + build_id if build_id else b""
    place = 64 + 2 * 56
    loads = struct.pack(order + "IIQQQQQQ", 1, 5, place, virtual, physical, len(data), len(data), 4096)
    loads += struct.pack(order + "IIQQQQQQ", 4, 4, place + len(data), 0, 0, len(note), len(note), 4)
    ident = b"\x7fELF\2" + (b"\1" if endian == "little" else b"\2") + b"\1" + bytes(9)
    head = struct.pack(order + "HHIQQQIHHHHHH", 2, machine, 1, physical, 64, 0, 0, 64, 56, 2, 64, 0, 0)
    return ident + head + loads + data + note


def image(
    machine: str,
    pointers: list[int],
    base: int = 0xFFFF800080000000,
    count: int = 1030,
    others: tuple[int, ...] = (),
) -> bytes:
    """An Image of arm64 or riscv64 with 8 KiB of code, and arm64's relocations for pointers at some places.

    Args:
        machine: the processor.
        pointers: places of pointers to the image's own start, from its end of code on, in bytes.
        base: the address that it is linked for.
        count: relocations in all; those that are left have their places behind the pointers.
        others: what the last of these lead to, in place of the image's own start.
    """
    magic = {"arm64": b"ARM\x64", "riscv64": b"RSC\5"}[machine]
    head = (b"MZ".ljust(0x38, b"\0") + magic).ljust(IMAGE_CODE, b"\0")
    places = [IMAGE_CODE + at for at in pointers]
    places += [IMAGE_CODE + 0x100 + 8 * at for at in range(count - len(places))]
    room = bytes(0x100 + 8 * count)
    values = [base] * (count - len(others)) + list(others)
    rows = zip(places, values, strict=True)
    records = b"".join(struct.pack("<QQQ", base + at, 0x403, value) for at, value in rows)
    return head + room + records


def module(sections: Mapping[str, bytes], kind: int = 1) -> bytes:
    """An object file, or an ELF file of another type, of some sections (elf.h)."""
    names, body, rows = b"\0", b"", [bytes(64)]
    for name, data in {**sections, ".shstrtab": b""}.items():
        at, names = len(names), names + name.encode() + b"\0"
        data = names if name == ".shstrtab" else data
        rows.append(struct.pack("<IIQQQQIIQQ", at, 1, 0, 0, 64 + len(body), len(data), 0, 0, 1, 0))
        body += data
    head = b"\x7fELF\2\1\1" + bytes(9)
    head += struct.pack(
        "<HHIQQQIHHHHHH", kind, 62, 1, 0, 0, 64 + len(body), 0, 64, 0, 0, 64, len(rows), len(rows) - 1
    )
    return head + body + b"".join(rows)


def bzimage(payload: bytes, version: int = 0x20F) -> bytes:
    """The header of an x86 kernel, and its payload."""
    head = bytearray(0x1000)
    head[0x1F1] = 7
    head[0x1FE:0x200], head[0x202:0x206] = b"\x55\xaa", b"HdrS"
    struct.pack_into("<H", head, 0x206, version)
    struct.pack_into("<II", head, 0x248, 0x40, len(payload))
    return bytes(head) + bytes(0x40) + payload + bytes(32)


def zboot(payload: bytes, name: bytes = b"zstd22") -> bytes:
    """An EFI zboot image without the EFI program."""
    head = b"MZ\0\0zimg" + struct.pack("<II8x", 512, len(payload)) + name.ljust(32, b"\0")
    return head.ljust(512, b"\0") + payload


def pe(sections: Mapping[str, bytes], signature: bytes = b"") -> bytes:
    """An EFI program of some sections, as a unified kernel image is one."""
    place = 0x1000
    table, body = b"", b""
    for number, (name, data) in enumerate(sections.items()):
        filled = data + bytes(-len(data) % 512)
        where = 0x100000 * (number + 1)
        at = place + len(body)
        table += struct.pack("<8sIIIIIIHHI", name.encode(), len(data), where, len(filled), at, 0, 0, 0, 0, 0)
        body += filled
    directories = bytearray(16 * 8)
    struct.pack_into("<II", directories, 4 * 8, place + len(body) if signature else 0, len(signature))
    optional = _optional() + bytes(directories)
    coff = struct.pack("<HHIIIHH", 0x8664, len(sections), 0, 0, 0, len(optional), 0x22)
    head = b"MZ" + bytes(58) + struct.pack("<I", 0x80)
    return (
        (head.ljust(0x80, b"\0") + b"PE\0\0" + coff + optional + table).ljust(place, b"\0") + body + signature
    )


def _optional() -> bytes:
    """The optional header of PE32+ up to its directories (PE Format, "Optional Header")."""
    standard = struct.pack("<HBBIIIII", 0x20B, 2, 40, 0, 0, 0, 0, 0)
    windows = struct.pack(
        "<QIIHHHHHHIIIIHHQQQQII", 0, 4096, 512, *[0] * 6, 0, 1 << 30, 4096, 0, 10, *[0] * 5, 0, 16
    )
    return standard + windows


def uimage(data: bytes, kind: int = 2) -> bytes:
    """U-Boot's legacy image."""
    return struct.pack(">IIIIIIIBBBB32s", 0x27051956, 0, 0, len(data), 0, 0, 0, 5, 2, kind, 1, b"x") + data


def tree(root: Mapping[str, Any]) -> bytes:
    """A flattened device tree; a dictionary is a node, bytes are a property (Devicetree Specification)."""
    names = bytearray()
    body = _node("", root, names) + struct.pack(">I", 9)
    place = 40 + 16
    sizes = place + len(body) + len(names), place, place + len(body), 40, 17, 16, 0, len(names), len(body)
    return b"\xd0\x0d\xfe\xed" + struct.pack(">9I", *sizes) + bytes(16) + body + bytes(names)


def _node(name: str, content: Mapping[str, Any], names: bytearray) -> bytes:
    label = name.encode() + b"\0"
    text = struct.pack(">I", 1) + label + bytes(-len(label) % 4)
    for key, value in content.items():
        if isinstance(value, bytes):
            text += struct.pack(">III", 3, len(value), len(names)) + value + bytes(-len(value) % 4)
            names += key.encode() + b"\0"
        else:
            text += _node(key, value, names)
    return text + struct.pack(">I", 2)


def fit(kernels: Mapping[str, bytes], default: str = "", where: str = "data", kind: str = "kernel") -> bytes:
    """U-Boot's FIT of some kernels and a device tree.

    Args:
        kernels: each by its name.
        default: the one that the default configuration names.
        where: the property that says where the bytes lie: "data", "data-offset" or "data-position".
        kind: the kernels' type.
    """
    images: dict[str, dict[str, bytes]] = {"fdt-1": {"type": b"flat_dt\0", "data": b"tree"}}
    behind, place = b"", 0x1000
    for name, data in kernels.items():
        images[name] = {"type": kind.encode() + b"\0", "compression": b"none\0"}
        if where == "data":
            images[name]["data"] = data
            continue
        at = len(behind) + (place if where == "data-position" else 0)
        images[name] |= {where: struct.pack(">I", at), "data-size": struct.pack(">I", len(data))}
        behind += data + bytes(-len(data) % 4)
    chosen = {"default": b"conf-1\0", "conf-1": {"kernel": default.encode() + b"\0"}} if default else {}
    text = tree({"description": b"for a test\0", "images": images, "configurations": chosen})
    filled = text.ljust(place, b"\0") if where == "data-position" else text + bytes(-len(text) % 4)
    return filled + behind if behind else text


def android(data: bytes, version: int = 3) -> bytes:
    """An Android boot image."""
    page = 4096 if version > 2 else 2048
    head = bytearray(page)
    head[:8] = b"ANDROID!"
    struct.pack_into("<I", head, 8, len(data))
    struct.pack_into("<II", head, 36, page if version < 3 else 0, version)
    return bytes(head) + data


def tar(files: Mapping[str, bytes]) -> bytes:
    """A tar archive."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return out.getvalue()


def deb(files: Mapping[str, bytes], packer: str = "xz", is_listed: bool = True) -> bytes:
    """A Debian package of some files."""
    sums = "".join(f"{hashlib.md5(data).hexdigest()}  {name}\n" for name, data in files.items())
    control = {"./control": b"Package: x\n"} | ({"./md5sums": sums.encode()} if is_listed else {})
    suffix = {"gzip": "gz", "bzip2": "bz2", "zstd": "zst"}.get(packer, packer)
    parts = {"debian-binary": b"2.0\n", "control.tar.gz": PACKERS["gzip"](tar(control))}
    parts[f"data.tar.{suffix}"] = PACKERS[packer](tar({f"./{name}": data for name, data in files.items()}))
    text = b"!<arch>\n"
    for name, data in parts.items():
        text += f"{name:16}{0:<12}{0:<6}{0:<6}{'100644':8}{len(data):<10}`\n".encode()
        text += data + b"\n" * (len(data) % 2)
    return text


def cpio(files: Mapping[str, bytes]) -> bytes:
    """A cpio archive of the kernel's own format."""
    text = b""
    for name, data in [*files.items(), ("TRAILER!!!", b"")]:
        fields = [0, 0o100644, 0, 0, 1, 0, len(data), 0, 0, 0, 0, len(name) + 1, 0]
        head = b"070701" + b"".join(b"%08x" % field for field in fields) + name.encode() + b"\0"
        text += head + bytes(-len(head) % 4) + data + bytes(-len(data) % 4)
    return text


def stripped_cpio(files: Mapping[str, bytes]) -> bytes:
    """The archive of an RPM package whose files have numbers in place of names."""
    text = b""
    for number, data in enumerate(files.values()):
        text += b"07070X%08x" % number + bytes(2) + data + bytes(-len(data) % 4)
    return text + PLAIN_TRAILER


PLAIN_TRAILER = cpio({})


def rpm(
    files: Mapping[str, bytes], packer: str = "zstd", is_stripped: bool = False, ghosts: Sequence[str] = ()
) -> bytes:
    """An RPM package of some files, the last of which are listed only."""
    held, files = files, {**files, **dict.fromkeys(ghosts, b"")}
    folders = sorted({name.rpartition("/")[0] for name in files})
    values: list[tuple[int, int, int, bytes]] = [
        (1116, 4, len(files), _words("I", [folders.index(name.rpartition("/")[0]) for name in files])),
        (1117, 8, len(files), b"".join(name.rpartition("/")[2].encode() + b"\0" for name in files)),
        (1118, 8, len(folders), b"".join(b"/" + folder.encode() + b"/\0" for folder in folders)),
        (1028, 4, len(files), _words("I", [len(data) for data in files.values()])),
        (1030, 3, len(files), _words("H", [0o100644 for _ in files])),
        (1037, 4, len(files), _words("I", [0x40 * (name in ghosts) for name in files])),
        (1124, 6, 1, b"cpio\0"),
    ]
    archive = (stripped_cpio if is_stripped else cpio)({f"./{name}": data for name, data in held.items()})
    signature = rpm_header([(1000, 4, 1, bytes(4))])
    lead = (b"\xed\xab\xee\xdb\3\0").ljust(96, b"\0")
    return lead + signature + bytes(-len(signature) % 8) + rpm_header(values) + PACKERS[packer](archive)


def _words(letter: str, numbers: list[int]) -> bytes:
    return struct.pack(f">{len(numbers)}{letter}", *numbers)


def rpm_header(values: list[tuple[int, int, int, bytes]]) -> bytes:
    """A header of tag, type, count and bytes."""
    index, store = b"", b""
    for tag, kind, count, data in values:
        store += bytes(-len(store) % 8)
        index += struct.pack(">IIII", tag, kind, len(store), count)
        store += data
    return b"\x8e\xad\xe8\1" + bytes(4) + struct.pack(">II", len(values), len(store)) + index + store
