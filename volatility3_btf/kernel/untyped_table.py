# SPDX-License-Identifier: Apache-2.0
"""Kernels without BTF, as embedded ones and those of small machines often are: symbols, and no types."""

from __future__ import annotations

from dataclasses import dataclass, field

from ..btf.spelling import printable
from ..memory.memory import Memory
from ..memory.progress import Progress
from ..survey import Survey
from .arch.detect import architecture_of
from .evidence.vmcoreinfo_symbols import Notes
from .identify.findings import Findings, read_findings
from .identify.placement import Placement, Surroundings, place
from .identify.tie import near_banner, symbols_of
from .kallsyms.kallsyms import Kallsyms
from .symbols import Symbols


@dataclass(eq=False)
class BareKernel:
    """A kernel of which the names and addresses of symbols are known, and nothing else.

    Attributes:
        symbols: what kallsyms lists, with run-time addresses.
        release: as uname(1) prints it; None where there is no banner.
        architecture: as of `Kernel`.
        physical_shift: virtual address minus address in the layer, of the kernel image.
        doubts: what is missing, and what was inferred.
    """

    symbols: Symbols
    release: str | None = None
    architecture: str | None = None
    physical_shift: int | None = None
    doubts: list[str] = field(default_factory=list)


def bare_kernels(
    memory: Memory, progress: Progress | None = None, survey: Survey | None = None
) -> list[BareKernel]:
    """The kernels in an image by their symbols alone, whether or not they have BTF.

    Args:
        memory: the image.
        progress: told the percentage done.
        survey: the pass over this memory that others made; one is made if None.

    Returns:
        In order of address; without those of which no address could be recovered.
    """
    findings = read_findings(memory, (), progress, survey)
    around = Surroundings(memory, findings.banners, (), Notes(findings.notes))
    found = (_bare(kallsyms, place(kallsyms, around), findings) for kallsyms in findings.kallsyms)
    return [kernel for kernel in found if kernel is not None]


def _bare(kallsyms: Kallsyms, placement: Placement, findings: Findings) -> BareKernel | None:
    symbols = symbols_of(kallsyms, placement)
    if symbols is None or not len(symbols):
        return None
    kernel = BareKernel(symbols, physical_shift=placement.shift, doubts=list(kallsyms.tables.problems))
    banner = placement.banner
    if banner is None:
        banner = near_banner(kallsyms.token_table, findings.banners)
        if banner is not None:
            kernel.doubts.append(f"the release is that of the nearest banner, at {banner.offset:#x}")
    if symbols.lost:
        kernel.doubts.append(f"{symbols.lost} of {kallsyms.tables.count} symbols are lost")
    kernel.release = None if banner is None else banner.release
    kernel.architecture = architecture_of(
        lambda name: bool(kallsyms.positions(name)), placement.note, None, kallsyms.tables.endian
    )
    return kernel


def as_text(symbols: Symbols) -> bytes:
    """Symbols as `/proc/kallsyms` prints them; what a name has of unprintable characters is shown as `?`."""
    lines = (f"{address:016x} {letter} {printable(name)}\n" for address, letter, name in symbols)
    return "".join(lines).encode()
