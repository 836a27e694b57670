# SPDX-License-Identifier: Apache-2.0
"""AVML files: where their frames lie, and where one is cut or damaged."""

from __future__ import annotations

import random

import cramjam
import pytest

from support.images import avml
from volatility3_btf.files.avml import avml_frames
from volatility3_btf.files.segments import ReadAt

PLAIN = random.Random(1).randbytes(100_000)
PIECES = [(0x1000, bytes(200_000)), (0x100000, PLAIN), (0x200000, b"abc" * 1000)]
DATA = avml(PIECES)


def reader(data: bytes) -> ReadAt:
    return lambda offset, length: data[offset : offset + length]


def frames_of(data: bytes) -> tuple[dict[int, bytes], int | None]:
    """What the frames of a file hold, by address, and where it is damaged."""
    frames, damage = avml_frames(reader(data), len(data))
    found = {}
    for address, length, place, stored, is_packed in frames:
        raw = data[place : place + stored]
        found[address] = bytes(cramjam.snappy.decompress_raw(raw)) if is_packed else raw
        assert len(found[address]) == length
    return found, damage


def test_frames_hold_the_memory() -> None:
    found, damage = frames_of(DATA)
    assert damage is None
    for address, data in PIECES:
        parts = [found[at] for at in sorted(found) if address <= at < address + len(data)]
        assert b"".join(parts) == data


@pytest.mark.parametrize("length", [10, 33, 4000, len(DATA) // 2, len(DATA) - 60, len(DATA) - 9])
def test_what_is_whole_of_a_cut_file_is_kept(length: int) -> None:
    whole, _ = frames_of(DATA)
    found, damage = frames_of(DATA[:length])
    assert found.items() <= whole.items()
    assert damage is not None and damage <= length


def test_every_change_of_a_byte_gives_frames_within_the_file() -> None:
    for at in range(0, len(DATA), 61):
        for flip in (1, 0xFF):
            changed = bytearray(DATA)
            changed[at] ^= flip
            frames, _ = avml_frames(reader(bytes(changed)), len(DATA))
            assert all(frame.place + frame.stored <= len(DATA) for frame in frames)
