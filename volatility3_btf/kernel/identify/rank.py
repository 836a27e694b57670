# SPDX-License-Identifier: Apache-2.0
"""In which order the kernels of an image stand, and why one stands behind another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ...blobs.blob import Blob
from ...btf import Kind
from ...memory.memory import Memory
from ..evidence.life import with_life
from ..kernel import LIVES, STATES, Kernel

_RUNS = {"running": ", which runs", "likely": ", whose clock is later"}


def ranked(memory: Memory, kernels: Sequence[Kernel]) -> list[Kernel]:
    """The kernels with what tells of their life, best first; each but the first has a doubt that says why."""
    if not kernels:
        return []
    first, *others = sorted(with_life(memory, kernels), key=_rank)
    return [first, *(_behind(kernel, first) for kernel in others)]


def _behind(kernel: Kernel, first: Kernel) -> Kernel:
    return replace(kernel, doubts=[*kernel.doubts, _why_behind(kernel, first)])


def _rank(kernel: Kernel) -> tuple[bool, int, int, bool, int, bool, int]:
    """What has symbols comes first, then what runs, then what is sound.

    Then come those whose own physical addresses are known to be the image's, not a guest or copy. Per-CPU
    variables, which most kernels' BTF has, speak for one where nothing else decides.
    """
    blob, evidence = kernel.blob, -len(kernel.evidence)
    life, state = LIVES.index(kernel.life), STATES.index(kernel.state)
    place = not _is_at_home(kernel)
    return kernel.symbols is None, life, state, place, evidence, not _has_percpu(blob), blob.offset


def _is_at_home(kernel: Kernel) -> bool:
    """Whether a kernel's own physical addresses are known to be the image's; unknown is not known."""
    return kernel.layer_base == 0


def _has_percpu(blob: Blob) -> bool:
    return blob.decoded is not None and blob.decoded.find(".data..percpu", Kind.DATASEC) is not None


def _why_behind(kernel: Kernel, first: Kernel) -> str:
    """Why a kernel is ranked behind the first one."""
    behind = f"ranked behind the kernel with BTF at {first.blob.offset:#x}"
    if kernel.symbols is not None and kernel.life != first.life:
        return behind + (": this one has ended" if kernel.life == "ended" else _RUNS.get(first.life, ""))
    if kernel.state != first.state:
        return f"{behind}, whose state is {first.state}"
    if _is_at_home(first) and not _is_at_home(kernel):
        if kernel.layer_base is None:
            return f"{behind}, whose physical addresses are known to be the image's: this one's are not"
        return (
            f"{behind}: this one's own physical addresses are not the image's, as with a guest's kernel in a "
            "host's memory, or a copy"
        )
    if len(kernel.evidence) < len(first.evidence):
        return f"{behind}, for which more evidence speaks"
    if _has_percpu(first.blob) and not _has_percpu(kernel.blob):
        return f"{behind}, which has per-CPU variables"
    return f"the kernel with BTF at {first.blob.offset:#x} has as much evidence, and lies lower in the image"
