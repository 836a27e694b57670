# SPDX-License-Identifier: Apache-2.0
"""Which kernels are in an image: VMCOREINFO, banners, kallsyms and BTF, tied together by evidence."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Sequence

from ...blobs.blob import Blob
from ...blobs.rescue import Mender
from ...blobs.scan import decode_blob, find_kernel_btf, find_sound_btf
from ...memory.memory import Memory, Run, lies_in
from ...memory.progress import Progress
from ...survey import EVERYTHING, Survey, surveyed
from ..arch.started import started_kernel
from ..errors import NoKernelError
from ..kernel import Kernel
from .asked import asked_for, undecided
from .findings import Findings, read_findings
from .owner import may_run, owners
from .tie import tie

log = logging.getLogger(__name__)

_BESIDE = 4
"""Token tables that are read beside that of a kernel that runs, where only that matters: with one there are
several, and that is said."""


_UNTOLD = "%d more places have what may be a kernel's symbols, and were not read; linux.btfisf reads them"


def identify_kernels(
    memory: Memory,
    blobs: Iterable[Blob] | None = None,
    progress: Progress | None = None,
    survey: Survey | None = None,
    others: Sequence[Blob] = (),
    home: Sequence[Run] | None = None,
    only_running: bool = False,
) -> list[Kernel]:
    """Find every kernel with BTF, and everything that belongs to it.

    Args:
        memory: the image.
        blobs: BTF that was found before; searched for if None. Only kernels' BTF is used.
        progress: told the percentage done.
        survey: a pass over this memory that serves others too; one is made if None.
        others: kernels' BTF that is decoded only if its kernel may be the running one, or if no other kernel
            is exact, or mapped where only the running one matters, and has not ended (`find_sound_btf`).
        home: where the kernel lies that processors start into (`started_kernel`); looked for if None.
        only_running: whether only the kernel that runs matters: where it is known which one does, few others
            are looked at.

    Returns:
        The kernels, best evidence first; empty if the image holds no kernel BTF.
    """
    home = started_kernel(memory) if home is None else home
    with surveyed(memory, survey, EVERYTHING, progress) as passed:
        found = find_kernel_btf(memory, survey=passed) if blobs is None else blobs
        kernels = [blob for blob in found if blob.kind == "kernel"]
        if not kernels:
            return []
        near = _likeliest_first([*kernels, *others], home)
        beside = _BESIDE if only_running else None
        places = [blob.offset for blob in near]
        findings = read_findings(memory, places, survey=passed, home=home, beside=beside)
        kernels.sort(key=lambda blob: blob.offset)
        tied = _tie_what_counts(memory, kernels, others, findings, only_running)
        if not findings.unread or _may_run(tied[0]):
            if findings.untold:
                log.warning(_UNTOLD, findings.untold)
            return tied
        findings = read_findings(memory, places, survey=passed, home=home)
        return _tie_what_counts(memory, kernels, others, findings, only_running)


def _likeliest_first(blobs: Sequence[Blob], home: Sequence[Run]) -> list[Blob]:
    """BTF where the kernel lies that runs, then what is decoded, the largest first."""

    def turn(blob: Blob) -> tuple[bool, bool, int, int]:
        return not lies_in(blob.offset, home), blob.decoded is None, -blob.size, blob.offset

    return sorted(blobs, key=turn)


def identify_running(
    memory: Memory,
    progress: Progress | None = None,
    survey: Survey | None = None,
    home: Sequence[Run] | None = None,
) -> list[Kernel]:
    """The kernel that runs, with little time spent on what else memory may be full of, and others beside it.

    Args:
        memory: the image.
        progress: told the percentage done.
        survey: a pass over this memory that serves others too; one is made if None.
        home: where the kernel lies that processors start into (`started_kernel`); looked for if None.

    Returns:
        The kernels, best evidence first; empty if the image holds no kernel BTF.
    """
    home = started_kernel(memory) if home is None else home
    with surveyed(memory, survey, EVERYTHING, progress) as passed:
        blobs, others = find_sound_btf(memory, survey=passed, home=home)
        if not blobs:
            return []
        return identify_kernels(memory, blobs, None, passed, others, home, only_running=True)


def identify_kernel(
    memory: Memory,
    blobs: Iterable[Blob] | None = None,
    progress: Progress | None = None,
    wanted: str | int | None = None,
    survey: Survey | None = None,
) -> Kernel:
    """The running kernel, or the one asked for. If it is not certain which one was running, that is logged.

    Args:
        memory: the image.
        blobs: BTF that was found before; searched for if None.
        progress: told the percentage done.
        wanted: the kernel's release, or the address of its BTF in the layer.
        survey: a pass over this memory that serves others too; one is made if None.

    Raises:
        NoKernelError: the image holds no kernel BTF.
        NotThereError: the image does not hold the kernel asked for.
    """
    if wanted or blobs is not None:
        kernels = identify_kernels(memory, blobs, progress, survey)
    else:
        kernels = identify_running(memory, progress, survey)
    if not kernels:
        raise NoKernelError("the image holds no kernel BTF")
    chosen = asked_for(kernels, wanted)[0]
    line = "" if wanted else undecided(chosen, kernels, "wanted=")
    if line:
        log.warning("%s", line)
    return chosen


def _tie_what_counts(
    memory: Memory, blobs: Sequence[Blob], others: Sequence[Blob], findings: Findings, only_running: bool
) -> list[Kernel]:
    """Tie the kernels; other BTF is decoded where its kernel may run, or where no kernel is exact."""
    every = sorted([*blobs, *others], key=lambda blob: blob.offset)
    found = owners(memory, every, findings)
    if not others:
        return tie(memory, every, findings, found, only_running=only_running)
    mender = Mender(memory)
    wanted = {
        blob.offset
        for kallsyms, placement, blob, _ in found
        if blob is not None and blob.decoded is None and may_run(memory, kallsyms, placement)
    }
    decoded = {
        blob.offset: _decoded(memory, mender, blob) if blob.offset in wanted else blob for blob in every
    }
    found = [
        (kallsyms, placement, None if blob is None else decoded.get(blob.offset, blob), how)
        for kallsyms, placement, blob, how in found
    ]
    left = {at for at, blob in decoded.items() if blob.decoded is None}
    kernels = tie(memory, [*decoded.values()], findings, found, left, only_running)
    if _is_sound(kernels[0]) or (only_running and _may_run(kernels[0])):
        return kernels
    every = [_decoded(memory, mender, blob) if at in left else blob for at, blob in decoded.items()]
    left = {blob.offset for blob in every if blob.decoded is None}
    return tie(memory, every, findings, owners(memory, every, findings), left, only_running)


def _decoded(memory: Memory, mender: Mender, blob: Blob) -> Blob:
    """The blob, decoded if it is a kernel's."""
    decoded = decode_blob(memory, mender, blob)
    return decoded if decoded.kind == "kernel" else blob


def _is_sound(kernel: Kernel) -> bool:
    """Whether a kernel is beyond doubt, and has not ended."""
    return kernel.state == "exact" and kernel.life != "ended"


def _may_run(kernel: Kernel) -> bool:
    """Whether a kernel with whole types lies where its page tables say, at home, and has not ended."""
    is_mapped = kernel.page_tables is not None and kernel.page_tables.checked
    return kernel.blob.state == "complete" and is_mapped and kernel.is_at_home and kernel.life != "ended"
