# SPDX-License-Identifier: Apache-2.0
"""What operating systems do in ways of their own: Linux, macOS and Windows, each in one place.

Windows reads at no place without moving the descriptor, changes line ends in what is not opened as binary,
tells nothing of a sparse file's holes, and renames over no file that anybody has open. macOS does not tell
which processors a process may use.
"""

from __future__ import annotations

import contextlib
import errno
import os
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final, TextIO

READ_FLAGS: Final = os.O_RDONLY | sum(
    getattr(os, name, 0) for name in ("O_CLOEXEC", "O_NONBLOCK", "O_BINARY", "O_NOINHERIT")
)
"""Flags of `os.open` for reading bytes as they are, without waiting, and for this process alone."""

_WAITS: Final = (0.01, 0.03, 0.1, 0.3, 1.0)
"""Seconds between attempts to rename over a file that another process is just reading."""

_moving = threading.Lock()


def read_at(descriptor: int, offset: int, length: int) -> bytes:
    """Read from a file at a place, as much as one call gives: 0 bytes at its end only.

    On Windows the descriptor's offset moves. Raises OSError.
    """
    if sys.platform != "win32":
        return os.pread(descriptor, length, offset)
    with _moving:
        os.lseek(descriptor, offset, os.SEEK_SET)
        return os.read(descriptor, length)


def size_of(descriptor: int) -> int:
    """Bytes of a file or of a block device. Raises OSError."""
    with _moving:
        return os.lseek(descriptor, 0, os.SEEK_END)


def held_parts(descriptor: int, start: int, stop: int) -> Iterator[tuple[int, int]]:
    """The parts of [start, stop) of a file that are not holes; all of it where the system cannot tell."""
    if sys.platform == "win32" or not hasattr(os, "SEEK_DATA"):
        yield start, stop
        return
    position = start
    while position < stop:
        try:
            low = os.lseek(descriptor, position, os.SEEK_DATA)
            high = os.lseek(descriptor, low, os.SEEK_HOLE)
        except OSError as error:
            if error.errno != errno.ENXIO:  # ENXIO: a hole up to the end
                yield position, stop
            return
        if low >= stop or high <= position:
            return
        yield low, min(high, stop)
        position = high


def processors() -> int:
    """How many processors this process may use."""
    if sys.platform == "linux":
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def lock(descriptor: int) -> bool:
    """Keep other processes from locking a file for as long as it is open, however the process ends.

    Returns:
        False if another one has it. True on Windows and on file systems without locks, where nothing is kept.
    """
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        except OSError:
            pass
    return True


def rename_over(source: str | os.PathLike[str], target: str | os.PathLike[str]) -> None:
    """Give a file a name that another one may have, which it replaces. Raises OSError.

    Windows refuses for as long as anybody has the other one open, a virus scanner too: it is asked again for
    a second or two.
    """
    for wait in _WAITS if sys.platform == "win32" else ():
        with contextlib.suppress(PermissionError):
            os.replace(source, target)
            return
        time.sleep(wait)
    os.replace(source, target)


def drop(path: str | os.PathLike[str]) -> None:
    """Delete a file as far as the system lets us: on Windows nobody deletes what somebody has open."""
    with contextlib.suppress(OSError):
        Path(path).unlink()


def reader_is_gone(error: OSError, output: TextIO) -> bool:
    """Whether an error is that nobody reads what is written to a pipe.

    Windows calls that an invalid argument, as it does much else: the pipe is tried once more.
    """
    if isinstance(error, BrokenPipeError):
        return True
    if sys.platform == "win32" and error.errno == errno.EINVAL:
        try:
            output.flush()
        except OSError:
            return True
    return False
