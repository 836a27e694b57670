# SPDX-License-Identifier: Apache-2.0
"""Byte strings in bytes: stringzilla's search, which runs at the speed of memory, or else Python's own.

A child that searches a file imports this file by itself: nothing of ours may be imported here, and little
else.
"""

from __future__ import annotations

Buffer = bytes | memoryview


def _find(data: Buffer, needle: bytes, start: int = 0) -> int:
    """Index of the first place at or behind `start` where `needle` lies, or -1."""
    import re

    found = re.compile(re.escape(needle)).search(data, start)
    return -1 if found is None else found.start()


def _count(data: Buffer, needle: bytes) -> int:
    """How often `needle` lies in bytes, places that overlap not counted."""
    import re

    return sum(1 for _ in re.finditer(re.escape(needle), data))


try:
    from stringzilla import count, find
except ImportError:  # no wheel for this Python or system, and no compiler to make one
    count, find, library = _count, _find, ""
else:
    import stringzilla

    library = stringzilla.__file__

__all__ = ["Buffer", "count", "find", "library"]
