# SPDX-License-Identifier: Apache-2.0
"""One pass over an image for every byte string that somebody looks for, kept for whoever asks again.

The first glance, the search for BTF and the identification of kernels ask for other things, and one after the
other. On an image that is larger than memory each pass is a read of the disk; so the first of them goes over
it for all, as far as it must, and the others look at what was found.
"""

from __future__ import annotations

from array import array
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from typing import Final

from .limits import Share
from .memory.memory import Memory, UnreadableError
from .memory.progress import Progress

BTF: Final = {"little": b"\x9f\xeb\x01\x00", "big": b"\xeb\x9f\x01\x00"}
"""Magic 0xeb9f, version 1, flags 0 (include/uapi/linux/btf.h) as the bytes lie in memory."""

BANNER: Final = b"Linux version "
"""How `linux_banner` starts (init/version.c)."""

NOTE: Final = b"OSRELEASE="
"""How the text of VMCOREINFO starts (kernel/crash_core.c, kernel/vmcore_info.c)."""

DIGITS: Final = b"".join(b"%d\0" % digit for digit in range(10))
"""Ten neighbours in `kallsyms_token_table`: each digit is its own token (scripts/kallsyms.c)."""

EVERYTHING: Final = (*BTF.values(), BANNER, NOTE, DIGITS)

SHARES: Final = ((1 << 17, 16), (0, 256))
"""From how many places of a byte string in all on how many are kept in each MiB; an honest image has a few
hundred in all. So a MiB full of them uses up its own share, never another's."""

MOST_IN_MIB: Final = SHARES[-1][1]


class Survey:
    """Where some byte strings lie in an image, searched for when they are asked for, once.

    To be closed where not all was asked for: the search may have processes.

    Args:
        memory: the image.
        wanted: what to look for, all of it among `EVERYTHING`.
        progress: told the percentage done.
        what: the description that `progress` is given.
    """

    def __init__(
        self,
        memory: Memory,
        wanted: Collection[bytes] = EVERYTHING,
        progress: Progress | None = None,
        what: str = "Looking for Linux",
    ) -> None:
        self.memory, self._wanted = memory, tuple(wanted)
        self._search = memory.search(self._wanted, 0, None, progress, what, MOST_IN_MIB)
        self._offsets, self._numbers = array("Q"), bytearray()
        self._shares = [Share(SHARES) for _ in self._wanted]
        self._broken_off = False

    def places(self, *wanted: bytes, start: int = 0) -> Iterator[tuple[int, bytes]]:
        """Where something lies: what was found before, then what the search comes upon.

        Args:
            wanted: what to tell of; all of one length, or one only, for the order.
            start: the first address.

        Yields:
            The address, and which it is; in order of address.

        Raises:
            UnreadableError: the search was broken off earlier, by an error or by the user: what was found is
                not all.
        """
        numbers = {self._wanted.index(needle): needle for needle in wanted}
        index = 0
        while index < len(self._numbers) or self._goes_on():
            needle = numbers.get(self._numbers[index])
            if needle is not None and self._offsets[index] >= start:
                yield self._offsets[index], needle
            index += 1

    def is_crowded(self, *wanted: bytes) -> bool:
        """Whether some MiB had as many places of something as are kept, so that there may be more."""
        return any(self._shares[self._wanted.index(needle)].is_used_up for needle in wanted)

    def _goes_on(self) -> bool:
        """Search until something more is kept; whether it was."""
        if self._broken_off:
            last = self._offsets[-1] if self._offsets else 0
            raise UnreadableError(last, "the search of the image was broken off behind this")
        try:
            for offset, number in self._search:
                if self._shares[number].admits(offset):
                    self._offsets.append(offset)
                    self._numbers.append(number)
                    return True
        except BaseException:
            self._broken_off = True
            raise
        return False

    def close(self) -> None:
        """End the search; what was found stays."""
        self._search.close()


@contextmanager
def surveyed(
    memory: Memory,
    survey: Survey | None,
    wanted: Collection[bytes],
    progress: Progress | None = None,
    what: str = "Looking for Linux",
) -> Iterator[Survey]:
    """A survey that serves others too, or, without one, a new one that is closed at the end."""
    passed = survey or Survey(memory, wanted, progress, what)
    try:
        yield passed
    finally:
        if survey is None:
            passed.close()
