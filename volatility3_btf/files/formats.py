# SPDX-License-Identifier: Apache-2.0
"""Files that are no flat memory: what their first bytes say they are, and what makes an image of them."""

from __future__ import annotations

import re
import zlib
from typing import NamedTuple


class FormatError(ValueError):
    """A file whose format is damaged, or that must be converted before it can be read."""


class Format(NamedTuple):
    """A file format.

    Attributes:
        start: what a file of it begins with, a regular expression.
        name: what such a file is, behind "this is".
        remedy: what makes an image of it.
        suffix: what its name must end with for Volatility to open it as it is; None if Volatility cannot.
    """

    start: re.Pattern[bytes]
    name: str
    remedy: str
    suffix: str | None = None


UNPACK = "unpack it first"
DISK = "a disk is no memory; dump-guest-memory (QEMU) and virsh dump --memory-only write that"
CONVERT = "convert it to an ELF core (crash and drgn read it as it is)"
LIME_PACKED = Format(re.compile(rb""), "LiME compressed with zlib (compress=1)", UNPACK)

HEAD = 4096
"""Bytes of a file that `format_of` wants to see."""


def _formats(*rows: tuple[bytes, str, str, str | None]) -> tuple[Format, ...]:
    return tuple(Format(re.compile(row[0], re.DOTALL), *row[1:]) for row in rows)


VMWARE = rb"[\xd0-\xd3]\xbe[\xd2\xd3]\xbe|\xd1\xba\xd1\xba"

FORMATS = _formats(
    (rb"\x1f\x8b", "gzip", UNPACK, ".gz"),
    (rb"\xfd7zXZ\0", "xz", UNPACK, ".xz"),
    (rb"BZh[1-9]1AY&SY", "bzip2", UNPACK, ".bz2"),
    (rb"\x5d\0\0..(\xff{8}|.{5}\0{3})", "lzma", UNPACK, None),
    (rb"\x28\xb5\x2f\xfd", "zstd", UNPACK, None),
    (rb"\x04\x22\x4d\x18|\x02\x21\x4c\x18", "lz4", UNPACK, None),
    (rb"\x89LZO\0\r\n\x1a\n", "lzop", UNPACK, None),
    (rb"PK\x03\x04|PK\x05\x06", "a zip archive", UNPACK, None),
    (rb"7z\xbc\xaf\x27\x1c", "a 7z archive", UNPACK, None),
    (rb"Rar!\x1a\x07", "a RAR archive", UNPACK, None),
    (rb".{257}ustar", "a tar archive", UNPACK, None),
    (rb"\xff\x06\0\0sNaPpY", "Snappy", UNPACK, None),
    (rb"DISKDUMP", "a diskdump file", CONVERT, None),
    (
        rb"makedumpfile\0{4}",
        "a flattened file (makedumpfile -F) of no known content",
        "makedumpfile -R",
        None,
    ),
    (rb"QFI\xfb", "a qcow2 file", DISK, None),
    (rb"KDMV|# Disk DescriptorFile", "a VMDK file", DISK, None),
    (rb"vhdxfile|conectix", "a virtual hard disk (VHD)", DISK, None),
    (rb"<<< .{0,50}Disk Image >>>", "a VDI file", DISK, None),
    (
        rb"EVF\t\r\n\xff\0|EVF2\r\n\x81\0",
        "an EnCase file (E01)",
        "export its content as a raw file first",
        None,
    ),
    (VMWARE, "a VMware snapshot", "open the .vmem that belongs to it", None),
    (
        rb"\x7fVirtualBox SavedState",
        "a VirtualBox state",
        "vboxmanage debugvm dumpvmcore writes a core",
        None,
    ),
    (rb"AVML", "AVML (compressed)", "avml-convert makes LiME of it", ""),
    (rb"QEVM", "a QEMU migration stream of another version", "dump-guest-memory writes a core", None),
)
"""All that are known, by their first bytes."""


QEMU_STREAM, LIBVIRT_SAVE = b"QEVM\0\0\0\3", b"LibvirtQemudSave"
"""The first bytes of QEMU's migration streams, version 3, and of what libvirt puts in front of one."""

LIBVIRT_HEADER = 92
"""Bytes in front of a stream that libvirt saved: magic, version, bytes of XML, was running, packing, …"""


KDUMP, FLATTENED = b"KDUMP   ", b"makedumpfile\0\0\0\0"
"""The first bytes of a compressed kdump file, and of one in pieces (makedumpfile -F, QEMU)."""


def is_stream(head: bytes) -> bool:
    """Whether a file's first bytes are those of a QEMU migration stream, or of one that libvirt saved."""
    return head.startswith((QEMU_STREAM, LIBVIRT_SAVE))


def format_of(head: bytes) -> Format | None:
    """What a file is that is no flat memory, ELF core, LiME or QEMU stream; None where nothing is known.

    Args:
        head: its first `HEAD` bytes.
    """
    for known in FORMATS:
        if known.start.match(head):
            return known
    if _inflated(head).startswith(b"EMiL"):
        return LIME_PACKED
    return None


def sentence(known: Format) -> str:
    """What a file is and what to do, for the user of Volatility, which did not open it."""
    named = f", or name it *{known.suffix}" if known.suffix else ""
    return f"this is {known.name}: {known.remedy}{named}"


def sentence_in_python(known: Format) -> str:
    """The same for somebody who does without Volatility."""
    opened = ", or open it in Volatility and use layer_memory" if known.suffix is not None else ""
    return f"this is {known.name}: {known.remedy}{opened}"


def _inflated(head: bytes) -> bytes:
    """The first bytes of a zlib stream; none where it is none (RFC 1950: CMF and FLG)."""
    if len(head) < 2 or head[0] & 0x0F != 8 or int.from_bytes(head[:2], "big") % 31:
        return b""
    try:
        return zlib.decompressobj().decompress(head, 32)
    except zlib.error:
        return b""
