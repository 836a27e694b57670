# SPDX-License-Identifier: Apache-2.0
"""Searches a file in several processes at once; a child that dies takes nothing with it."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from array import array
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from .. import byte_search, system
from . import search_worker

log = logging.getLogger(__name__)

PROGRAM = Path(search_worker.__file__)
"""What children run."""

MOST_CHILDREN = 8
"""Processes for one search; more would wait for the memory, not for a processor."""

SHARE = 128 << 20
"""Bytes that are worth a process: starting one costs as much as searching about these."""


class ChildError(Exception):
    """A child has died, or speaks another language; what it was asked for is not answered."""


class Range(NamedTuple):
    """What a child is asked to search: `finder` tells what the numbers are, in bytes."""

    start: int
    stop: int
    end: int
    address: int


class Child:
    """One process that searches ranges of a file, in the order in which it is asked to.

    Args:
        descriptor: the file.
        needles: what to look for.
        most: matches of a needle to tell of in each MiB; 0 for all.

    Raises:
        OSError: no process can be started.
    """

    def __init__(self, descriptor: int, needles: Sequence[bytes], most: int) -> None:
        words = [
            os.pathsep.join(_modules()),
            str(descriptor),
            str(most),
            *(needle.hex() for needle in needles),
        ]
        self.alive = True
        self._process = subprocess.Popen(
            [sys.executable, "-I", "-S", str(PROGRAM), *words],
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            pass_fds=[descriptor],
            cwd="/",
            start_new_session=True,  # Ctrl-C is the parent's
        )
        assert self._process.stdin and self._process.stdout
        self._commands, self._answers = self._process.stdin, self._process.stdout

    def ask(self, wanted: Range) -> None:
        """Send a command; it is answered behind those sent before."""
        try:
            self._commands.write(array("q", wanted).tobytes())
        except OSError:
            self.alive = False

    def answers(self) -> Iterator[tuple[search_worker.Found, int]]:
        """The matches in the range asked for first, and how many were left out, piece by piece.

        Raises:
            ChildError: the child has died.
        """
        last = 0
        while not last:
            count, left_out, last = self._read(search_worker.HEAD)
            numbers = self._read(count * 16)
            yield list(zip(numbers[::2], numbers[1::2], strict=True)), left_out

    def _read(self, length: int) -> array[int]:
        data = bytearray()
        while len(data) < length:
            piece = self._answers.read(length - len(data))
            if not piece:
                self.alive = False
                raise ChildError(f"exit status {self._process.wait()}")
            data += piece
        return array("q", bytes(data))

    def stop(self) -> None:
        """End the process, whatever it does; `reap` it then."""
        self._process.kill()

    def reap(self) -> None:
        """Wait until the process is gone, and close what led to it."""
        self._process.wait()
        self._commands.close()
        self._answers.close()


class Children:
    """The processes of one search. To be closed, by `with`: no process outlives that.

    Args:
        descriptor: the file.
        needles: what to look for.
        most: matches of a needle to tell of in each MiB; 0 for all.
        size: bytes that are going to be searched.
    """

    def __init__(self, descriptor: int, needles: Sequence[bytes], most: int, size: int) -> None:
        self._children: list[Child] = []
        self._next = 0
        try:
            for _ in range(max(1, min(system.processors(), MOST_CHILDREN, size // SHARE))):
                self._children.append(Child(descriptor, needles, most))
        except OSError as error:
            log.debug("no process can be started: %s", error)
        except BaseException:
            self.close()
            raise

    def ask(self, wanted: Range) -> Child | None:
        """Give a range to one of the children that live, in turn; None where none does."""
        alive = [child for child in self._children if child.alive]
        if not alive:
            return None
        self._next += 1
        child = alive[self._next % len(alive)]
        child.ask(wanted)
        return child

    def close(self) -> None:
        """End all processes."""
        for child in self._children:
            child.stop()
        for child in self._children:
            child.reap()
        self._children = []

    def __enter__(self) -> Children:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def can_be_had() -> bool:
    """Whether `sys.executable` is a Python that runs a file of ours, and passes descriptors on."""
    name = os.path.basename(sys.executable or "").lower()
    return (
        sys.platform != "win32"
        and name.startswith(("python", "pypy"))
        and not getattr(sys, "frozen", False)
        and PROGRAM.is_file()
    )


def _modules() -> list[str]:
    """The folders of what children import."""
    found = [str(Path(byte_search.__file__).parent)]
    if library := byte_search.library:
        folder = Path(library).parent
        found.append(str(folder.parent if Path(library).name.startswith("__init__.") else folder))
    return found
