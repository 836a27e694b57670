# SPDX-License-Identifier: Apache-2.0
"""The bytes of a few kernel variables that tell what neither BTF nor kallsyms does."""

from __future__ import annotations

from typing import Final

import numpy as np

from ...memory.memory import Memory
from ..kernel import Kernel

WANTED: Final = ("taint_flags",)
"""Arrays of small elements: how many there are does not follow from the distance to the next symbol."""

LONGEST: Final = 4096
"""Bytes that are read of one variable."""


def read_contents(memory: Memory, kernel: Kernel) -> dict[str, bytes]:
    """The bytes of the wanted variables, each up to the next symbol; without those that cannot be read."""
    contents: dict[str, bytes] = {}
    symbols = kernel.symbols
    if symbols is None:
        return contents
    for name in WANTED:
        address, place = symbols.get(name), kernel.find(name)
        if address is None or place is None or place < 0:
            continue
        room = symbols.addresses - np.uint64(address)
        length = int(room[symbols.addresses > np.uint64(address)].min(initial=LONGEST))
        data = memory.read_available(place, length)
        if len(data) == length:
            contents[name] = data
    return contents
