# SPDX-License-Identifier: Apache-2.0
"""What a kernel that can be moved does to its own pointers when it starts, done here for no move at all.

arm64 and s390x kernels are linked as position-independent: where a pointer belongs there may be nothing but a
record of `.rela.dyn` (System V ABI, "Relocation"; arch/arm64/kernel/pi/relocate.c, arch/s390/boot/startup.c).
The records lie in the image, one behind the other, and are found by their shape: type, place and value.
"""

from __future__ import annotations

from typing import Final

import numpy as np

from ...arrays import Uint64s

RELATIVE: Final = {"arm64": 0x403, "s390x": 12}
"""r_info of R_AARCH64_RELATIVE and R_390_RELATIVE, whose symbol number is 0."""

FEWEST: Final = 1 << 10
"""Records that lie together; a kernel with `.rela.dyn` has a hundred thousand, one with RELR a handful."""

_RECORD: Final = 3
_ALIGNED: Final = {"arm64": 2 << 20, "s390x": 1 << 20}
"""Bytes to which the start of the image is aligned."""


def relocated(image: bytes, machine: str, endian: str) -> tuple[bytes, int | None]:
    """A flat image with its pointers where they belong.

    Args:
        image: from the kernel's first byte on.
        machine: the processor.
        endian: its byte order.

    Returns:
        The image, and the link-time address of its first byte as its records tell it: the lowest value from
        which on the image can reach all places. Some values are none of its addresses: 0 for a weak symbol
        that nothing defines. The same image and None without such records.
    """
    records = _find_records(image, machine, "<u8" if endian == "little" else ">u8")
    if records is None:
        return image, None
    places, values = records[:, 0], records[:, 2]
    first, last = int(places.min()), int(places.max())
    near = values[(values >= np.uint64(max(0, last + 8 - len(image)))) & (values <= np.uint64(first))]
    base = int(near.min(initial=first)) & -_ALIGNED[machine]
    if not base <= first <= last <= base + len(image) - 8:
        return image, None
    return _applied(image, places - np.uint64(base), values, endian), base


def _find_records(image: bytes, machine: str, kind: str) -> Uint64s | None:
    """The longest row of records: place, type and value each."""
    wanted = RELATIVE.get(machine)
    if wanted is None:
        return None
    words = np.frombuffer(image, kind, len(image) // 8)
    best: Uint64s | None = None
    for phase in range(_RECORD):
        found = np.flatnonzero(words[phase::_RECORD] == wanted)
        rows = np.split(found, np.flatnonzero(np.diff(found) != 1) + 1)
        row = max(rows, key=len)
        if len(row) < max(FEWEST, 0 if best is None else len(best) + 1):
            continue
        start = int(row[0]) * _RECORD + phase - 1
        length = _RECORD * len(row)
        if start >= 0 and start + length <= len(words):
            best = words[start : start + length].astype(np.uint64).reshape(-1, _RECORD)
    return best


def _applied(image: bytes, offsets: Uint64s, values: Uint64s, endian: str) -> bytes:
    """The image with a number of 64 bits at each offset, aligned or not."""
    data = np.frombuffer(image, np.uint8).copy()
    columns = values.astype("<u8" if endian == "little" else ">u8").view(np.uint8).reshape(-1, 8)
    at = offsets.astype(np.int64)
    for byte in range(8):
        data[at + byte] = columns[:, byte]
    return data.tobytes()
