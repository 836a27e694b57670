# SPDX-License-Identifier: Apache-2.0
"""Kernels whose BTF the image has lost, tied to types that somebody lends for their banner."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from ..blobs.blob import Blob
from ..btf import Header, Types
from ..memory.memory import Memory
from ..survey import Survey
from .evidence.vmcoreinfo_symbols import Notes
from .identify.findings import Findings, read_findings
from .identify.owner import owners
from .identify.placement import BTF_STARTS, Placement, Surroundings, place
from .identify.tie import near_banner, tie
from .kallsyms.kallsyms import Kallsyms
from .kernel import Kernel

Lender = Callable[[bytes], Iterable[tuple[Types, str]]]
"""Takes a banner; gives types that its kernel may have, each with a phrase that says whose they are."""

MOST_LENT = 8
"""Types that are tried for one kernel; a library has one for each build of a banner."""


def kernels_with_lent_types(memory: Memory, survey: Survey, lend: Lender) -> list[Kernel]:
    """Find the kernels whose banner somebody has types for, and tie them to these.

    Each is as any other that was identified, but is partial at best, and its first doubt says whose the types
    are. Where its symbols list the place of its BTF, that is the blob's `offset`; what lies there is not
    looked at.

    Args:
        memory: the image.
        survey: the pass over it.
        lend: gives the types.

    Returns:
        The kernels, best evidence first; one with several types for its banner is there several times.
    """
    findings = read_findings(memory, (), survey=survey)
    around = Surroundings(memory, findings.banners, (), Notes(findings.notes))
    found: list[Kernel] = []
    for kallsyms in findings.kallsyms:
        placement = place(kallsyms, around)
        banner = placement.banner or near_banner(kallsyms.token_table, findings.banners)
        lent = () if banner is None else lend(banner.text)
        for _, (types, whose) in zip(range(MOST_LENT), lent, strict=False):
            blob = _blob(_start(kallsyms, placement), types, whose)
            own = Findings(findings.banners, findings.notes, [kallsyms], findings.complaints)
            tied = tie(memory, [blob], own, owners(memory, [blob], own))
            found += [kernel for kernel in tied if kernel.symbols is not None]
    return found


def _blob(offset: int, types: Types, whose: str) -> Blob:
    """What is lent, as if it lay in the image."""
    return Blob(
        offset, Header.parse(types.data), "kernel", "complete", types.data, "", types.counts, types, whose
    )


def _start(kallsyms: Kallsyms, placement: Placement) -> int:
    """Where the symbols say that the BTF lies in the image; where they do not, beside their own tables."""
    for name in BTF_STARTS:
        value = kallsyms.value(placement.reading, name)
        if value is not None and placement.added is not None and placement.shift is not None:
            return max(0, value + placement.added - placement.shift)
    return kallsyms.token_table + 1
