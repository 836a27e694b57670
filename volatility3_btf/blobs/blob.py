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
        data: the blob's bytes as they lie in memory, as far as they can be read. A lost header is
            reconstructed, and gaps in a kernel's BTF are zeros.
        problem: why the state is not complete; empty if it is.
        counts: how many types of each kind the blob itself has; None if its records do not decode.
        decoded: the types of a complete blob, or what is left of a kernel's damaged one.
        lent: where the bytes come from if the image has lost its own, as a phrase; empty for BTF that was
            found in the image.
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
        """Bytes of the whole blob, header included, according to its header."""
        return self.header.size

    @property
    def endian(self) -> str:
        """The byte order, "little" or "big"."""
        return self.header.endian

    @property
    def is_base(self) -> bool:
        """Whether split BTF can be based on it: true of a kernel's, and of a module's distilled base."""
        return self.state == "complete" and self.kind in CHECKED and self.types.base is None

    @cached_property
    def sha256(self) -> str:
        """Hexadecimal SHA-256 of `data`: of the whole blob unless it is truncated."""
        return hashlib.sha256(self.data).hexdigest()

    @property
    def types(self) -> Types:
        """The decoded types; a module's are based on its kernel's.

        Raises:
            BtfError: the blob is not complete, and nothing of it could be decoded.
        """
        if self.decoded is None:
            raise BtfError(f"BTF at {self.offset:#x} is {self.state}: {self.problem}")
        return self.decoded
