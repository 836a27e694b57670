# SPDX-License-Identifier: Apache-2.0
"""BTF found in memory: where it lies, whose it is, in what state, and its types."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from ..btf import BtfError, Header, Kind, Types

BlobKind = Literal["kernel", "module", "program", "unknown"]
State = Literal["complete", "truncated", "damaged"]

CHECKED: tuple[BlobKind, ...] = ("kernel", "module")
"""Kinds that are complete only without a flaw (`flaw_of`): no other blob can begin inside of one."""

MIN_KERNEL = 1 << 17
"""Bytes; smaller blobs are no kernel's (the smallest known kernel BTF has 3.5 MB)."""

MAX_BLOB = 16 << 20
"""Bytes; a header that claims more is none (the largest known kernel BTF has 7 MB)."""


@dataclass(frozen=True)
class Blob:
    """BTF found in memory.

    Attributes:
        offset: address of the header, in the physical layer.
        header: the decoded header; `header.endian` tells the byte order.
        kind: kernel, module (split BTF, or the distilled base that it brings along), program (a BPF object's
            own) or unknown.
        state: complete (all of it decodes), truncated (the image ends before the blob does) or damaged.
        data: the blob's bytes as they lie in memory, as far as they can be read; a header that is gone is
            made anew, gaps in a kernel's are zeros.
        problem: why the state is not complete; empty if it is.
        counts: own types of each kind, or None where the records do not decode.
        decoded: the types of a complete blob; those that are left of a kernel's damaged one.
        lent: whose the bytes are where the image has lost its own, as a phrase; empty for what was found.
    """

    offset: int
    header: Header
    kind: BlobKind
    state: State
    data: bytes = field(repr=False)
    problem: str = ""
    counts: Mapping[Kind, int] | None = None
    decoded: Types | None = field(default=None, repr=False, compare=False)
    lent: str = ""

    @property
    def size(self) -> int:
        """Bytes, header included, as the header tells them."""
        return self.header.size

    @property
    def endian(self) -> str:
        """The byte order, "little" or "big"."""
        return self.header.endian

    @property
    def is_base(self) -> bool:
        """Whether split BTF may stand on it: a kernel's, and a module's distilled base."""
        return self.state == "complete" and self.kind in CHECKED and self.types.base is None

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of `data`: of the whole blob unless it is truncated."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def types(self) -> Types:
        """The decoded types; a module's stand on those of its kernel.

        Raises:
            BtfError: the blob's types cannot be had.
        """
        if self.decoded is None:
            raise BtfError(f"BTF at {self.offset:#x} is {self.state}: {self.problem}")
        return self.decoded
