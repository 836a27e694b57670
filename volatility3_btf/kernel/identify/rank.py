# SPDX-License-Identifier: Apache-2.0
"""In which order the kernels of an image stand, and why one stands behind another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

from ...blobs.blob import Blob
from ...btf import Kind
from ...memory.memory import Memory
from ..arch.started import started_kernel
from ..evidence.life import with_life
from ..kernel import LIVES, STATES, Kernel

_RUNS = {"running": ", which runs", "likely": ", whose clock is later"}


def ranked(memory: Memory, kernels: Sequence[Kernel]) -> list[Kernel]:
    """The kernels with what tells of their life, best first; each but the first has a doubt that says why."""
    if not kernels:
        return []
    alive = with_life(memory, kernels, started_kernel(memory) if len(kernels) > 1 else ())
    first, *others = sorted(alive, key=lambda kernel: _rank(kernel, _machine(kernel, alive)))
    return [first, *(_behind(kernel, first) for kernel in others)]


def _behind(kernel: Kernel, first: Kernel) -> Kernel:
    return replace(kernel, doubts=[*kernel.doubts, _why_behind(kernel, first)])


def _machine(kernel: Kernel, kernels: Iterable[Kernel]) -> tuple[bool, bool, int, bool]:
    """How sound the soundest kernel is of those that may be of the same machine.

    They agree on where memory starts; guests and copies have it elsewhere. One that does not tell it may be
    of any machine.
    """
    bases = (None, kernel.layer_base)
    return min(_soundness(one) for one in kernels if kernel.layer_base is None or one.layer_base in bases)


def _soundness(kernel: Kernel) -> tuple[bool, bool, int, bool]:
    """What lies where its page tables have it goes before what is sound elsewhere: a guest's, or a copy."""
    is_mapped = kernel.page_tables is not None and kernel.page_tables.checked
    state = STATES.index(kernel.state)
    return kernel.symbols is None, not (is_mapped and kernel.is_at_home), state, not kernel.is_at_home


def _rank(kernel: Kernel, machine: tuple[bool, bool, int, bool]) -> tuple[object, ...]:
    """What has symbols comes first, then the machine with the soundest kernel, then what runs, what is sound.

    Which kernel runs is told of those of one machine: a copy in a process's memory may run, of two copies.
    Per-CPU variables, which most kernels' BTF has, speak for one where nothing else decides.
    """
    blob, evidence = kernel.blob, -len(kernel.evidence)
    life = LIVES.index(kernel.life)
    percpu = not _has_percpu(blob)
    return kernel.symbols is None, machine, life, *_soundness(kernel), evidence, percpu, blob.offset


def _has_percpu(blob: Blob) -> bool:
    return blob.decoded is not None and blob.decoded.find(".data..percpu", Kind.DATASEC) is not None


def _why_behind(kernel: Kernel, first: Kernel) -> str:
    """Why a kernel is ranked behind the first one."""
    behind = f"ranked behind the kernel with BTF at {first.blob.offset:#x}"
    if kernel.symbols is not None and kernel.life != first.life and kernel.layer_base == first.layer_base:
        return behind + (": this one has ended" if kernel.life == "ended" else _RUNS.get(first.life, ""))
    if STATES.index(kernel.state) > STATES.index(first.state):
        return f"{behind}, whose state is {first.state}"
    if first.is_at_home and not kernel.is_at_home:
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
