# SPDX-License-Identifier: Apache-2.0
"""A kernel as it lies on disk: bytes at link-time addresses, and where they come from."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..btf.spelling import printable
from ..kernel import identify_kernels
from ..kernel.untyped_table import bare_kernels
from ..memory.memory import Memory, SegmentedMemory
from .errors import SourceError

if TYPE_CHECKING:
    from ..btf import Types
    from ..kernel import Kernel


class KernelMemory(SegmentedMemory):
    """A kernel's segments as memory in which nothing has run."""

    has_run = False

    def __init__(self, segments: Iterable[tuple[int, bytes]]) -> None:
        super().__init__(segments)


@dataclass(frozen=True, eq=False)
class KernelImage:
    """One kernel in a file, and what the wrapping around it says of it.

    Attributes:
        path: the file.
        member: the kernel's path inside a package, as that spells it; None where the file is the kernel.
        layers: what was taken off, the outermost first, and the format at last: ("deb", "xz", "bzImage",
            "zstd", "ELF").
        sha256: hexadecimal SHA-256 of the kernel file, as it lies in /boot: of the member, or of the file.
        memory: its bytes at link-time addresses less `base`: physical ones where the processor's kernels are
            linked at such (x86-64), the distance from the image's start where not (arm64).
        linked: link-time virtual address of the memory's address 0; None where only the symbols tell it, as
            for a flat image at an unusual address. See `base`.
        machine: the processor by the file's headers, as `Kernel.architecture` names it; None if they do not
            tell.
        endian: "little" or "big"; None if the headers do not tell.
        build_id: hexadecimal digits of the GNU build ID; None without one.
        facts: what a unified kernel image says of itself, by the section's name without its dot: "osrel",
            "uname", "cmdline", …, and "signed": "yes" or "no". Of a FIT its description ("FIT"), and which
            "subimage" this is beside which "other kernels, not read". Texts are the file's own, unchecked.
    """

    path: Path
    member: str | None
    layers: tuple[str, ...]
    sha256: str
    memory: Memory
    linked: int | None
    machine: str | None = None
    endian: str | None = None
    build_id: str | None = None
    facts: Mapping[str, str] = field(default_factory=dict)

    @property
    def provenance(self) -> str:
        """Where it comes from, on one line: file, member, and the layers that were taken off."""
        inside = f": {printable(self.member)}" if self.member else ""
        return f"{printable(str(self.path))}{inside} ({', '.join(self.layers)})"

    @property
    def base(self) -> int:
        """Link-time virtual address of the memory's address 0: `Kernel.physical_shift`, too.

        Raises SourceError: neither the file's headers nor symbols tell it.
        """
        base = self.kernel.physical_shift if self.linked is None else self.linked
        if base is None:
            raise SourceError(f"{self.provenance}: nothing tells at which address it is linked")
        return base

    @cached_property
    def kernel(self) -> Kernel:
        """The kernel with its types, and its symbols at link-time addresses; its KASLR shift is 0.

        `build_isf(image.kernel)` makes the symbol table. Raises SourceError: there is no BTF in it.
        """
        kernels = identify_kernels(self.memory)
        if not kernels:
            raise SourceError(f"{self.provenance}: {self._without_btf()}")
        return self._placed(kernels[0])

    @property
    def types(self) -> Types:
        """The kernel's types. Raises SourceError where there are none, BtfError where they are damaged."""
        return self.kernel.blob.types

    @property
    def release(self) -> str | None:
        """As uname(1) prints it; None where neither banner nor package tells. Raises SourceError."""
        return self.kernel.release or self.facts.get("uname")

    def _placed(self, kernel: Kernel) -> Kernel:
        """The kernel, its addresses held against the file's headers."""
        if self.linked is None or kernel.physical_shift is None:
            return kernel
        if kernel.physical_shift == self.linked:
            agreed = f"the file is laid out for the same addresses ({self.linked:#x} at its start)"
            return replace(kernel, evidence=[*kernel.evidence, agreed])
        doubt = f"by its symbols it starts at {kernel.physical_shift:#x}, by its headers at {self.linked:#x}"
        state = "unchecked" if kernel.state == "exact" else kernel.state
        return replace(kernel, state=state, doubts=[doubt, *kernel.doubts])

    def _without_btf(self) -> str:
        """What there is of the kernel in place of BTF."""
        for bare in bare_kernels(self.memory):
            named = f"Linux {bare.release}" if bare.release else "the kernel"
            return f"{named} has symbols ({len(bare.symbols)}) and no BTF: there is no symbol table to make"
        return "no kernel BTF in it, so there is no symbol table to make"
