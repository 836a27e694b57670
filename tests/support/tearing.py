# SPDX-License-Identifier: Apache-2.0
"""A copy of a dump whose kernel's lists can be torn, and mended again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from dumpmaker.cache import Dump
from support.patching import Patch
from volatility3_btf.btf import Composite
from volatility3_btf.memory.addresses import Virtual

POISON = 0xDEAD_0000_0000_0122
"""What the kernel leaves in the `prev` of what it takes out of a list (LIST_POISON2 of x86-64)."""

NOWHERE = 0xFFFF_8000_0000_1000
"""A pointer into the hole between the two halves of the address space."""

POINTER = 8


class Tearing:
    """A copy of a dump of an x86-64 kernel.

    Args:
        dump: the dump.
        path: where the copy goes.
    """

    def __init__(self, dump: Dump, path: Path) -> None:
        self._patch = Patch(dump, path)
        self.path = path

    def symbol(self, name: str) -> int:
        """A symbol's address."""
        symbols = self._patch.kernel.symbols
        address = None if symbols is None else symbols.get(name)
        assert address is not None
        return address

    def offset(self, struct: str, member: str) -> int:
        """Where a member lies in a structure."""
        found = self._patch.kernel.blob.types[struct]
        assert isinstance(found, Composite)
        return found[member].offset

    def pointer(self, address: int) -> int:
        """The pointer at a virtual address."""
        return int.from_bytes(self._patch.read(self._patch.place(address), POINTER), "little")

    def ring(self, head: int) -> list[int]:
        """The addresses of a list's elements."""
        found = []
        at = self.pointer(head)
        while at != head:
            found.append(at)
            at = self.pointer(at)
        return found

    @property
    def tasks(self) -> int:
        """The head of the list of processes."""
        return self.symbol("init_task") + self.offset("task_struct", "tasks")

    @contextlib.contextmanager
    def torn(self, pointers: Mapping[int, int]) -> Iterator[Path]:
        """The image with other pointers, virtual address → value; they are put back at the end."""
        before = {address: self.pointer(address) for address in pointers}
        self._put(pointers)
        try:
            yield self.path
        finally:
            self._put(before)

    def _put(self, pointers: Mapping[int, int]) -> None:
        for address, value in pointers.items():
            self._patch.write(self._patch.place(Virtual(address)), value.to_bytes(POINTER, "little"))
