# SPDX-License-Identifier: Apache-2.0
"""Memory images in other forms, written for the tests."""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

import cramjam

LIME_HEADER = struct.Struct("<IIQQ8x")  # magic, version, first and last address; 32 bytes
LIME_MAGIC, LIME_VERSION = 0x4C694D45, 1
BLOCK = 1 << 20

Range = tuple[int, int]  # guest-physical start, length in bytes


def cut(ranges: Iterable[Range], gaps: Iterable[Range]) -> list[Range]:
    """The ranges without the gaps, in ascending order."""
    kept = sorted(ranges)
    for gap_start, gap_length in gaps:
        gap_end = gap_start + gap_length
        pieces = []
        for start, length in kept:
            end = start + length
            pieces += [(start, min(end, gap_start)), (max(start, gap_end), end)]
        kept = [(start, end - start) for start, end in pieces if start < end]
    return kept


def write_lime(path: Path, raw: Path, base: int, ranges: Iterable[Range]) -> Path:
    """Write a LiME file of some ranges of a flat image whose first byte is at address `base`.

    Blocks of zeros become holes.
    """
    with raw.open("rb") as source, path.open("wb") as out:
        for start, length in ranges:
            out.write(LIME_HEADER.pack(LIME_MAGIC, LIME_VERSION, start, start + length - 1))
            source.seek(start - base)
            while length:
                block = source.read(min(BLOCK, length))
                assert block, "the range ends behind the image"
                length -= len(block)
                if block.count(0) == len(block):
                    out.seek(len(block), 1)
                else:
                    out.write(block)
        out.truncate()
    return path


def avml(pieces: Iterable[tuple[int, bytes]]) -> bytes:
    """An AVML file (version 2) of the pieces: each a header, Snappy frames and the length of the frames."""
    out = b""
    for address, data in pieces:
        frames = bytes(cramjam.snappy.compress(data))
        out += struct.pack("<IIQQQ", 0x4C4D5641, 2, address, address + len(data) - 1, 0)
        out += frames + struct.pack("<Q", len(frames))
    return out
