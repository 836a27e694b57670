# SPDX-License-Identifier: Apache-2.0
"""What is known of one kernel in an image."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from ..memory.addresses import Physical, Place, Virtual
from .evidence.vmcoreinfo import NOT_ADDRESSES, Vmcoreinfo
from .paging.tables import PageTables
from .symbols import Symbols

if TYPE_CHECKING:
    from ..blobs.blob import Blob

State = Literal["exact", "unchecked", "types only", "partial"]
"""exact: types and addresses, checked against each other; unchecked: no second witness; types only: no usable
kallsyms; partial: something was lost, the doubts say what."""

STATES: tuple[State, ...] = ("exact", "unchecked", "partial", "types only")
"""The best first."""


Life = Literal["running", "likely", "unknown", "ended"]
"""running: of the kernels in the image it is the one that runs; likely: by weak signs it is; unknown:
nothing tells; ended: it has been shut down, has crashed, or another one has run since."""

LIVES: tuple[Life, ...] = ("running", "likely", "unknown", "ended")
"""The best first."""

_AROUND = 64 << 20
"""Bytes around the listed symbols that may belong to the kernel image too, where only some are listed."""


@dataclass(frozen=True)
class Said:
    """What a step of the identification has to say of a kernel, in sentences.

    Attributes:
        agreed: what agreed.
        doubts: what is missing, and what was inferred.
        against: what contradicts itself.
    """

    agreed: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()
    against: tuple[str, ...] = ()

    def __add__(self, other: Said) -> Said:
        return Said(self.agreed + other.agreed, self.doubts + other.doubts, self.against + other.against)


@dataclass(frozen=True, eq=False)
class Kernel:
    r"""One kernel: its types, its symbols, and the evidence that they belong together.

    Attributes:
        blob: the kernel's BTF.
        banner: the exact bytes of `linux_banner`, with `\n\0`; None if it was not found.
        release: as uname(1) prints it.
        architecture: "x86-64", "arm64", "s390x", "riscv64", "ppc64le", …; None if nothing tells.
        symbols: what kallsyms lists; None without usable kallsyms.
        vmcoreinfo: the note that agrees with the symbols (or with the banner, where there are no symbols).
        kaslr_shift: run-time minus link-time address of the kernel image.
        kaslr_found: whether the image says so; otherwise the shift was inferred, and `doubts` says from what.
        physical_shift: virtual address minus address in the layer, for the kernel image. The layer's
            addresses are physical ones, except in raw files of machines whose memory does not start at 0 (see
            `layer_base`).
        layer_base: physical address of the layer's address 0, if the kernel itself says so.
        memory_start: physical address at which the kernel's memory starts.
        page_tables: the kernel's top page table.
        contents: bytes of a few variables (see `contents`), by symbol name.
        lacking: which part of the kernel's memory is missing in the image, as a sentence.
        state: how far types and symbols can be trusted.
        life: whether it was running.
        untyped: releases of kernels in the image that have no BTF, and may be the running one.
        evidence: what agreed, a sentence each.
        doubts: what did not agree, what is missing and what was inferred, a sentence each.
    """

    blob: Blob
    banner: bytes | None = None
    release: str | None = None
    architecture: str | None = None
    symbols: Symbols | None = None
    vmcoreinfo: Vmcoreinfo | None = None
    kaslr_shift: int | None = None
    kaslr_found: bool = False
    physical_shift: int | None = None
    layer_base: Physical | None = None
    memory_start: Physical | None = None
    page_tables: PageTables | None = None
    contents: Mapping[str, bytes] = field(default_factory=dict)
    lacking: str | None = None
    state: State = "types only"
    life: Life = "unknown"
    untyped: Sequence[str] = field(default_factory=list)
    evidence: Sequence[str] = field(default_factory=list)
    doubts: Sequence[str] = field(default_factory=list)

    def physical(self, virtual: Virtual) -> Place | None:
        """The address in the layer of a virtual address in the kernel image.

        Only for what is linked into the kernel: code, rodata, data, bss. None for other addresses, such as
        those of the direct map (`address_space_of` translates them), and if the shift is not known.
        """
        if self.physical_shift is None or virtual < self.physical_shift:
            return None
        image = None if self.symbols is None else self.symbols.image
        if image is not None and not image.start - _AROUND <= virtual < image.stop + _AROUND:
            return None
        return Place(virtual - self.physical_shift)

    @property
    def is_at_home(self) -> bool:
        """Whether the kernel's physical addresses are known to be the image's; False if that is not known.

        They are not for a guest's kernel in its host's memory, or a copy in a process's memory.
        """
        return self.layer_base is not None and self.layer_base in (0, self.memory_start)

    def find(self, name: str) -> Place | None:
        """The address in the layer of a kernel symbol, or None."""
        address = None if self.symbols is None else self.symbols.get(name)
        return None if address is None else self.physical(address)

    def found_symbols(self) -> dict[str, Virtual]:
        """Run-time addresses that do not come from kallsyms, by name.

        Those of the kallsyms tables, `__start_BTF` and `__stop_BTF` follow from where these were found;
        others come from VMCOREINFO. Names that kallsyms lists are left out.
        """
        found: dict[str, int] = {}
        if self.vmcoreinfo is not None:
            told = self.vmcoreinfo.symbols
            found = {name: told[name] for name in told if name not in NOT_ADDRESSES}
        if self.symbols is not None:
            found |= self.symbols.tables
        if self.physical_shift is not None:
            found["__start_BTF"] = self.blob.offset + self.physical_shift
            found["__stop_BTF"] = found["__start_BTF"] + self.blob.size
        listed = self.symbols
        return {name: Virtual(at) for name, at in found.items() if listed is None or name not in listed}
