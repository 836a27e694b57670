# SPDX-License-Identifier: Apache-2.0
"""Finds a kernel's BTF by its body, where its header was wiped."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from ..btf import BtfError
from ..btf.format.records import LONGEST
from ..btf.format.strings import MOST as LONGEST_STRINGS
from ..btf.recover.lost_header import MOST_WORK, Headless, recover
from ..btf.recover.work import Work
from ..limits import Allowance
from ..memory.memory import Memory, Run

log = logging.getLogger(__name__)

NAME = b"\0task_struct\0"
"""What stands in the strings of every kernel's BTF."""

MOST_IN_MIB = 64
"""Places of the name in each MiB that are looked at; an honest image has about ten in all."""

MOST_TRIED = 8
"""Of these, those around which types are looked for: 40 MB are read for each."""

_BEHIND = 4096
_FEWEST_NAMES = 64


def find_bodies(memory: Memory, endian: str = "auto") -> Iterator[tuple[int, Headless]]:
    """Find kernels' BTF without asking for a header.

    Args:
        memory: what to search.
        endian: the byte order to accept, "auto" for both.

    Yields:
        The address at which the header was, and the blob with a header made anew; in order of address.
    """
    behind, work, tries = 0, Work(MOST_WORK), Allowance(MOST_TRIED)
    for hit in memory.find(NAME, most=MOST_IN_MIB):
        if hit < behind or not _is_among_names(memory, hit):
            continue
        if work.is_used_up or not tries.take():
            log.warning("too many places look like the names of BTF: not all were looked at")
            return
        low = max(hit - LONGEST - LONGEST_STRINGS, _run_around(memory, hit).start)
        data = memory.read_available(low, hit - low + LONGEST_STRINGS)
        try:
            found = recover(data, hit + 1 - low, work)
        except BtfError as error:
            log.info("names at %#x: %s", hit, error)
            continue
        if endian in ("auto", found.types.header.endian) and low + found.start >= 0:
            behind = low + found.start + len(found.blob)
            yield low + found.start, found


def _is_among_names(memory: Memory, hit: int) -> bool:
    """Whether names follow a name, each behind a single NUL."""
    data = memory.read_available(hit, _BEHIND)
    names = data.split(b"\0")[1:-1]
    return len(names) >= _FEWEST_NAMES and all(
        name.isascii() and name.decode().isprintable() for name in names
    )


def _run_around(memory: Memory, address: int) -> Run:
    """The addresses around one that the image holds without a gap."""
    start = end = address
    for run in memory.runs:
        if run.start > address:
            break
        if run.start != end:
            start = run.start
        end = run.end
    return Run(start, max(end - start, 1))
