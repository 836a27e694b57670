# SPDX-License-Identifier: Apache-2.0
"""C's integers: what compilers call them in debug information, and all that C lets people write."""

from collections.abc import Sequence
from typing import Final

INTEGERS: Final = (
    ("long unsigned int", "unsigned long"),
    ("long int", "long"),
    ("short unsigned int", "unsigned short"),
    ("short int", "short"),
    ("long long unsigned int", "unsigned long long"),
    ("long long int", "long long"),
    ("__int128 unsigned", "unsigned __int128"),
    ("__int128",),
    ("int",),
    ("unsigned int",),
    ("char",),
    ("signed char",),
    ("unsigned char",),
)
"""The name that gcc gives each, and the one of clang where it is another."""


def plain(words: Sequence[str]) -> tuple[str, ...]:
    """An integer's words, without those that C lets anybody leave out, in order."""
    implied = ("int",) if "char" in words else ("signed", "int")
    return tuple(sorted(word for word in words if word not in implied)) or tuple(words and ["int"])


_NAMES: Final = {plain(names[0].split()): names for names in INTEGERS}


def names_of(words: Sequence[str]) -> tuple[str, ...]:
    """The names in debug information of the integer that somebody spells so; none if it is no integer."""
    return _NAMES.get(plain(words), ())
