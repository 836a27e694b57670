# SPDX-License-Identifier: Apache-2.0
"""What machine code tells: where functions start, and constants that only the linker knew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ...bits import ALL_BITS
from ...memory.gaps import read_filled
from ...memory.memory import Memory, UnreadableError

_STEP = 64 << 10
_SPAN = 96 << 20
_PIECE = 1 << 20
_SAMPLES = 256
_FILLINGS = np.array([0, 0xCCCCCCCC, 0xFFFFFFFF], np.uint32)
"""What fills memory that holds no code: zeros, int3 or POISON_FREE_INITMEM, ones."""


_ARM64_MOVZ, _ARM64_MOVN, _ARM64_MOVK = 0b110100101, 0b100100101, 0b111100101
"""The highest 9 bits of the moves of 64 bits (Arm ARM, "Move wide (immediate)")."""
_ARM64_ORR = 0b1011001001
"""The highest 10 bits of `orr` with an immediate of 64 bits ("Logical (immediate)", N set)."""
_ARM64_RET = 0xD65F03C0
_ARM64_ALIGN = 2 << 20
"""Bytes to which KIMAGE_VADDR is aligned."""


def shift_by_functions(memory: Memory, functions: npt.NDArray[np.uint64], near: int) -> int | None:
    """Find the distance virtual − layer at which most functions start with the same instruction.

    Compilers make every function start alike: endbr64, bti, or the place that ftrace patches.

    Args:
        memory: the image.
        functions: run-time addresses of functions, ascending.
        near: an address in the layer within the same kernel image, behind its code.

    Returns:
        The distance, or None where no place stands out.
    """
    if len(functions) < _SAMPLES:
        return None
    first = int(functions[0])
    inside = (functions - functions[0])[functions - functions[0] < _SPAN].astype(np.int64)
    inside = inside[:: max(1, len(inside) // _SAMPLES)]
    low = max(0, near - _SPAN)
    low += (first - low) % _STEP
    starts = np.arange(low, max(low, near), _STEP)
    if not len(starts):
        return None
    words = _words_at(memory, (starts[:, None] + inside).ravel()).reshape(len(starts), -1)
    scores = np.array([_alike(row) for row in words])
    best, *others = np.argsort(-scores, kind="stable")[:2].tolist()
    if scores[best] < len(inside) // 4 or (others and scores[best] < 2 * scores[others[0]]):
        return None
    return first - int(starts[best])


def _words_at(memory: Memory, places: npt.NDArray[np.int64]) -> npt.NDArray[np.uint32]:
    """The four bytes at each of many places, read a piece of the image at a time; 0 where there are none."""
    order = np.argsort(places, kind="stable")
    ordered = places[order]
    words = np.zeros(len(places), np.uint32)
    borders = range(int(ordered[0]), int(ordered[-1]) + _PIECE + 1, _PIECE)
    for start, (low, high) in zip(borders, pairwise(np.searchsorted(ordered, borders)), strict=False):
        if low < high:
            data, _ = read_filled(memory, start, _PIECE + 3)
            table, at = np.frombuffer(data, np.uint8), ordered[low:high] - start
            for byte in range(4):
                words[order[low:high]] |= table[at + byte].astype(np.uint32) << np.uint32(8 * byte)
    return words


def _alike(words: npt.NDArray[np.uint32]) -> int:
    """How many of these words are the most frequent one, fillings left out."""
    counts = np.unique(words[~np.isin(words, _FILLINGS)], return_counts=True)[1]
    return int(counts.max()) if len(counts) else 0


def start_of_x86_kernel(memory: Memory, function: int, text: int) -> int | None:
    """Find the link-time address of `_text` in `dump_kernel_offset` (arch/x86/kernel/setup.c).

    The function prints the KASLR shift (a relocated constant) and `__START_KERNEL` (one that is not): two
    immediate 32-bit numbers whose sum is the run-time address of `_text`.

    Args:
        memory: the image.
        function: address of the function in the layer.
        text: run-time address of `_text`.
    """
    try:
        body = memory.read(function, 96)
    except UnreadableError:
        return None
    numbers = [
        int.from_bytes(body[index : index + 4], "little", signed=True) for index in range(len(body) - 3)
    ]
    for number in numbers:
        shift = text - (number & ALL_BITS)
        if number < 0 and number % (1 << 20) == 0 and 0 <= shift < 1 << 31 and shift in numbers:
            return number & ALL_BITS
    return None


def start_of_arm64_kernel(memory: Memory, function: int, text: int) -> int | None:
    """Find the link-time address of `_text` (KIMAGE_VADDR) in a function that prints it.

    The constant is put together by `mov` (a wide or a bitmask immediate) and `movk`.

    Args:
        memory: the image.
        function: address of the function in the layer.
        text: run-time address of `_text`.
    """
    try:
        body = memory.read(function, 128)
    except UnreadableError:
        return None
    made: dict[int, int] = {}
    for at in range(0, len(body), 4):
        word = int.from_bytes(body[at : at + 4], "little")
        register, half = word & 31, word >> 21 & 3
        wide = (word >> 5 & 0xFFFF) << 16 * half
        if word >> 23 == _ARM64_MOVZ:
            made[register] = wide
        elif word >> 23 == _ARM64_MOVN:
            made[register] = ~wide & ALL_BITS
        elif word >> 22 == _ARM64_ORR and word >> 5 & 31 == 31:
            made[register] = _rotated_ones(word >> 10 & 63, word >> 16 & 63)
        elif word >> 23 == _ARM64_MOVK and register in made:
            made[register] = made[register] & ~(0xFFFF << 16 * half) | wide
            start = made[register]
            if start >> 63 and start % _ARM64_ALIGN == 0 and 0 <= text - start < 1 << 48:
                return start
        elif word == _ARM64_RET:
            break
    return None


def _rotated_ones(last: int, by: int) -> int:
    """A bitmask immediate of 64 bits: `last` + 1 ones, rotated to the right."""
    ones = (1 << last + 1) - 1
    return (ones >> by | ones << 64 - by) & ALL_BITS
