# SPDX-License-Identifier: Apache-2.0
"""The other files of a dump that was split (makedumpfile --split): they are looked for in its own folder."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from pathlib import Path

from ..descriptors import open_file, read_from
from ..formats import KDUMP, FormatError
from .header import Header, read_header

log = logging.getLogger(__name__)

MOST_FILES = 1 << 12
"""Files of the folder that are looked at."""


def parts_beside(path: Path, header: Header) -> Iterator[tuple[int, Header]]:
    """The other parts of a dump.

    Args:
        path: one part.
        header: of that.

    Yields:
        A descriptor, which is the caller's from now on, and the header of another part of the same machine.
    """
    try:
        names = sorted(entry.name for entry in os.scandir(path.parent))[:MOST_FILES]
        own = os.stat(path)
    except OSError as error:
        log.warning("the other parts of the dump cannot be looked for: %s", error.strerror)
        return
    for name in names:
        try:
            descriptor = open_file(path.parent / name)
        except (OSError, FormatError):
            continue
        found = None
        try:
            if not os.path.samestat(own, os.fstat(descriptor)):
                found = _part(descriptor, header)
        finally:
            if found is None:
                os.close(descriptor)
        if found is not None:
            yield descriptor, found


def _part(descriptor: int, header: Header) -> Header | None:
    """The header of a file that is a part of the same dump; None of any other."""

    def read_at(offset: int, length: int) -> bytes:
        return read_from(descriptor, offset, length)

    try:
        if read_at(0, len(KDUMP)) != KDUMP:
            return None
        found = read_header(read_at)
    except (OSError, FormatError):
        return None
    same = ("order", "names", "page_size", "max_page", "bitmap_size", "is_split", "status", "dump_level")
    return found if all(getattr(found, name) == getattr(header, name) for name in same) else None
