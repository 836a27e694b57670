# SPDX-License-Identifier: Apache-2.0
"""Names from an image as they may be shown: printable, and as identifiers that C accepts."""

import re
from typing import Final

KEYWORDS: Final = frozenset(
    """
    auto break case char const continue default do double else enum extern float for goto if inline int
    long register restrict return short signed sizeof static struct switch typedef union unsigned void
    volatile while _Alignas _Alignof _Atomic _Bool _Complex _Generic _Imaginary _Noreturn _Static_assert
    _Thread_local asm typeof __asm__ __attribute__ __typeof__ __inline __inline__ __const __volatile__
    __signed__ __restrict __extension__ __label__ __real__ __imag__ __thread __auto_type __alignof__
    __int128 __func__ _Float128 __float128 _Float16 _Float32 _Float64 _Float32x _Float64x
    linux unix i386 sparc mips
    """.split()
)
"""Words that gcc or clang reserve with -std=gnu11, or define as macros."""

_UNPRINTABLE: Final = re.compile(r"[^\x20-\x7e]")
_NOT_IN_IDENTIFIERS: Final = re.compile(r"[^A-Za-z0-9_]")
_COMMENT_END: Final = re.compile(r"[^\x20-\x7e]|\*(?=/)|/(?=\*)")


def counted(number: int, noun: str) -> str:
    """A number of things: `1 type`, `2 types`."""
    return f"{number} {noun}{'s' * (number != 1)}"


def printable(name: str) -> str:
    """The name with a question mark for every character that is not printable ASCII."""
    return _UNPRINTABLE.sub("?", name)


def comment(text: str) -> str:
    """The text as it may stand in a C comment."""
    return _COMMENT_END.sub("?", text)


def identifier(name: str) -> str:
    """The name as a C identifier: itself where it is one already."""
    clean = _NOT_IN_IDENTIFIERS.sub("_", name)
    return f"_{clean}" if clean in KEYWORDS or clean[:1].isdigit() else clean


def is_identifier(name: str) -> bool:
    """Whether C accepts the name as an identifier."""
    return bool(name) and identifier(name) == name
