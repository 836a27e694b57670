# SPDX-License-Identifier: Apache-2.0
"""What machine code tells: where functions start, and constants that only the linker knew."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

from ..memory import Memory, UnreadableError
from .reading import read_filled

_STEP = 64 << 10
_SPAN = 96 << 20
_PIECE = 1 << 20
_SAMPLES = 256
_FILLINGS = np.array([0, 0xCCCCCCCC, 0xFFFFFFFF], np.uint32)
"""What fills memory that holds no code: zeros, int3 or POISON_FREE_INITMEM, ones."""

_MASK = (1 << 64) - 1


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
        shift = text - (number & _MASK)
        if number < 0 and number % (1 << 20) == 0 and 0 <= shift < 1 << 31 and shift in numbers:
            return number & _MASK
    return None
