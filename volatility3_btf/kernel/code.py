# SPDX-License-Identifier: Apache-2.0
"""What machine code tells: where functions start, and constants that only the linker knew."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from ..memory import Memory, UnreadableError
from .reading import read_filled

_STEP = 64 << 10
_SPAN = 96 << 20
_SAMPLES = 256
_MASK = (1 << 64) - 1


def shift_by_functions(memory: Memory, functions: npt.NDArray[np.uint64], near: int) -> int | None:
    """Find the distance virtual − layer at which most functions start with the same instruction.

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
    low = max(0, near - _SPAN)
    low += (first - low) % _STEP
    span = min(int(functions[-1]) - first, _SPAN)
    chosen = functions[(functions - functions[0] < span)]
    chosen = chosen[:: max(1, len(chosen) // _SAMPLES)].astype(np.int64) - np.int64(
        first - (1 << 64) if first >> 63 else first
    )
    data, _ = read_filled(memory, low, near - low + span + 8)
    table = np.frombuffer(data, np.uint8)
    best: tuple[int, int] = (0, 0)
    second = 0
    for start in range(0, max(0, near - low), _STEP):
        places = start + chosen
        places = places[places + 4 <= len(table)]
        if len(places) < len(chosen) // 2:
            break
        words = sum(table[places + byte].astype(np.uint32) << np.uint32(8 * byte) for byte in range(4))
        words = np.asarray(words)[np.asarray(words) != 0]
        if not len(words):
            continue
        score = int(np.unique(words, return_counts=True)[1].max())
        if score > best[0]:
            best, second = (score, start), best[0]
        else:
            second = max(second, score)
    if best[0] < len(chosen) // 4 or best[0] < 2 * second:
        return None
    return first - (low + best[1])


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
