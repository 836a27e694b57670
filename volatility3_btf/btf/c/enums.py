# SPDX-License-Identifier: Apache-2.0
"""Enumerations in a C header."""

from typing import Final

from ..nodes import Enum

_MODES: Final = {1: "QI", 2: "HI", 4: "SI", 8: "DI"}


def fits(found: Enum) -> bool:
    """Whether a compiler can give the enumeration its size: all values fit in one integer type of it."""
    if found.size not in _MODES:
        return False
    low, high = _range(found)
    bits = found.size * 8
    return high < 1 << bits if low >= 0 else low >= -(1 << (bits - 1)) and high < 1 << (bits - 1)


def attribute(found: Enum) -> str:
    """The attribute that gives it its size, empty where a compiler chooses that size itself."""
    low, high = _range(found)
    narrow = low >= -(1 << 31) and high < (1 << 31 if low < 0 else 1 << 32)
    return "" if found.size == (4 if narrow else 8) else f" __attribute__((mode({_MODES[found.size]})))"


def literal(value: int) -> str:
    """A value as a C constant; the lowest of 64 bits cannot be written as one number."""
    if value == -(1 << 63):
        return f"({value + 1} - 1)"
    return f"{value}U" if value >= 1 << 63 else str(value)


def _range(found: Enum) -> tuple[int, int]:
    values = [value for _, value in found.values] or [0]
    return min(values), max(values)
