# SPDX-License-Identifier: Apache-2.0
"""Byte strings in memory: how a window is searched, and the child process that searches a mapped file.

Reading a mapping behind the end of a file that has shrunk, or one whose disk fails, kills the process
(SIGBUS). So files are mapped in children only. A child is this file run by the Python of its parent, and
starts in about 10 ms: it imports next to nothing, and this file nothing of ours.

The child takes commands on its standard input and answers on its standard output, in 64-bit integers of this
machine's byte order. A command is a range of the file: where it starts, where it stops, how far the matches
may reach, and the address of its first byte. Answers are `COUNT` of matches, how many were left out, and
whether this is the range's last answer; then an address and the index of a needle for each match.
"""

from __future__ import annotations

import mmap
import os
import sys
from array import array
from itertools import pairwise

TYPE_CHECKING = False  # importing typing takes time
if TYPE_CHECKING:
    from collections.abc import Sequence

if __package__ or TYPE_CHECKING:
    from ..byte_search import count, find
else:  # in a child, which is told where that file and stringzilla are
    sys.path += sys.argv[1].split(os.pathsep)
    from byte_search import count, find

STRIDE = 1 << 20
"""Bytes looked at in one go, so that a second needle finds them in the processor's cache."""

COMMAND, HEAD = 4 * 8, 3 * 8
"""Bytes of a command, and of an answer without its matches."""

MOST_AT_ONCE = 1 << 14
"""Matches that are collected before they are sent."""

Found = list[tuple[int, int]]
"""Matches: their address, and the index of the needle."""


def matches(
    data: memoryview,
    offset: int,
    first: int,
    fresh: int,
    needles: Sequence[bytes],
    most: int = 0,
) -> tuple[Found, int]:
    """Search one window.

    Args:
        data: its bytes.
        offset: the address of the first byte.
        first: matches end behind this index in `data`,
        fresh: and start before this one.
        needles: what to look for.
        most: matches of one needle to tell of in each MiB of addresses; 0 for all.

    Returns:
        The matches in order of address, and how many more there are (those that overlap not counted).
    """
    found: Found = []
    left_out = 0
    for number, needle in enumerate(needles):
        left_out += _places(found, data, offset, first, fresh, needle, number, most or sys.maxsize)
    if len(needles) > 1:
        found.sort()
    return found, left_out


def _places(
    found: Found, data: memoryview, offset: int, first: int, fresh: int, needle: bytes, number: int, most: int
) -> int:
    """Append the matches of one needle; those above `most` are counted at memory speed."""
    left_out = room = border = 0
    index = find(data, needle, max(0, first - len(needle) + 1))
    while 0 <= index < fresh:
        if index >= border:
            border, room = ((offset + index >> 20) + 1 << 20) - offset, most
        if room:
            found.append((offset + index, number))
            room, index = room - 1, find(data, needle, index + 1)
        else:
            border = min(border, fresh)
            left_out += count(data[index : border + len(needle) - 1], needle)
            index = find(data, needle, border)
    return left_out


def strides(start: int, stop: int, address: int) -> list[tuple[int, int]]:
    """Cut [start, stop) of a file where addresses are multiples of `STRIDE`; `address` is that of `start`."""
    borders = [start, *range(start + STRIDE - address % STRIDE, stop, STRIDE), stop]
    return [(low, high) for low, high in pairwise(borders) if low < high]


def size_of(descriptor: int) -> int:
    """Bytes of a file or of a block device."""
    return os.lseek(descriptor, 0, os.SEEK_END)


def mapped(descriptor: int, start: int, stop: int) -> tuple[mmap.mmap, int]:
    """A mapping that holds the bytes [start, stop) of a file, and where in the file it starts."""
    base = start // mmap.ALLOCATIONGRANULARITY * mmap.ALLOCATIONGRANULARITY
    return mmap.mmap(descriptor, stop - base, access=mmap.ACCESS_READ, offset=base), base


class Searcher:
    """Searches ranges of a file through mappings that are dropped at once.

    Args:
        descriptor: the file.
        output: the descriptor that answers go to.
        needles: what to look for.
        most: as `matches` takes it.
    """

    def __init__(self, descriptor: int, output: int, needles: Sequence[bytes], most: int) -> None:
        self._file, self._output, self._needles, self._most = descriptor, output, needles, most
        self._overlap = max(map(len, needles)) - 1

    def search(self, start: int, stop: int, end: int, address: int) -> None:
        """Answer one command. A file that has become shorter is given up, so that the parent looks at it."""
        found: Found = []
        left_out = 0
        mapping, base = mapped(self._file, start, end)
        with memoryview(mapping) as view:
            for low, high in strides(start, stop, address):
                with view[low - base : min(high + self._overlap, end) - base] as data:
                    here, more = matches(
                        data, address + low - start, 0, high - low, self._needles, self._most
                    )
                found += here
                left_out += more
                if len(found) >= MOST_AT_ONCE:
                    self._answer(found, left_out, last=False)
                    found, left_out = [], 0
        mapping.close()
        if size_of(self._file) < end:
            raise EOFError
        self._answer(found, left_out, last=True)

    def _answer(self, found: Found, left_out: int, last: bool) -> None:
        numbers = array("q", [len(found), left_out, last])
        for match in found:
            numbers.extend(match)
        data = memoryview(numbers).cast("B")
        while data:
            data = data[os.write(self._output, data) :]


def main() -> None:
    """Serve a parent until it closes the pipe. Takes: where modules are, the file, most, the needles."""
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    descriptor, most = map(int, sys.argv[2:4])
    searcher = Searcher(descriptor, 1, [bytes.fromhex(needle) for needle in sys.argv[4:]], most)
    while len(command := sys.stdin.buffer.read(COMMAND)) == COMMAND:
        start, stop, end, address = array("q", command)
        if size_of(descriptor) < end:
            return
        searcher.search(start, stop, end, address)


if __name__ == "__main__":
    try:
        main()
    except (EOFError, OSError):
        os._exit(1)
