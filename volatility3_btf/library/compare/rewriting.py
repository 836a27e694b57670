# SPDX-License-Identifier: Apache-2.0
"""What running kernels rewrite in their own code, processor by processor, and where they list the places.

The tables are in the kernel as it is shipped (arch/*/kernel/vmlinux.lds.S, asm-generic/vmlinux.lds.h).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class Table:
    """A table of places.

    Attributes:
        what: why the code is rewritten there, as a noun in the plural.
        start, stop: the symbols around it.
        type: the struct of its entries; empty where they are offsets from their own places.
        place: the member that tells the place: as an address, or as an offset from where it is itself.
        length: the member that tells how many bytes are rewritten; or how many at most.
        back: bytes before the place that may be rewritten too.
    """

    what: str
    start: str
    stop: str
    type: str = ""
    place: str = ""
    length: str | int = 5
    back: int = 0


@dataclass(frozen=True)
class Processor:
    """What the kernels of one processor rewrite.

    Attributes:
        tables: those of addresses or offsets; ftrace's, of plain addresses, is read apart.
        traced: bytes that ftrace rewrites at a place that its table lists; at most, where `nops` tells.
        nops: instructions that stand at such places in the shipped kernel; empty where `traced` bytes count.
        constants: kinds of runtime constants, as symbols around their places name them, and bytes of each
            (asm/runtime-const.h).
        entries: calls in ftrace's entry code that it rewrites when it traces.
        entry: bytes of such a call.
        words: bytes of the numbers in code that KASLR may have moved.
    """

    tables: tuple[Table, ...]
    traced: int
    nops: tuple[int, ...]
    constants: tuple[tuple[str, int], ...]
    entries: tuple[str, ...]
    entry: int
    words: tuple[int, ...]


CALLS: Final = "call thunks"
"""All calls, which the kernel rewrites only where it counts them (call depth tracking, 6.2 and later)."""

ALTERNATIVES: Final = "alternatives"
TRACED: Final = "traced functions"
ENTRIES: Final = "ftrace's own calls"
CONSTANTS: Final = "runtime constants"
TRAMPOLINES: Final = "static call trampolines"
LABELS: Final = "jump labels"
_LABELS: Final = ("__start___jump_table", "__stop___jump_table", "jump_entry", "code")

TRAMPOLINE: Final = "__SCT__"
"""How the names of static calls' trampolines begin (include/linux/static_call_types.h)."""

_X86_64: Final = Processor(
    tables=(
        Table(
            ALTERNATIVES,
            "__alt_instructions",
            "__alt_instructions_end",
            "alt_instr",
            "instr_offset",
            "instrlen",
        ),
        Table(
            "paravirtual calls",
            "__parainstructions",
            "__parainstructions_end",
            "paravirt_patch_site",
            "instr",
            "len",
        ),
        Table(LABELS, *_LABELS),
        Table(
            "static calls",
            "__start_static_call_sites",
            "__stop_static_call_sites",
            "static_call_site",
            "addr",
            6,
        ),
        Table("retpolines", "__retpoline_sites", "__retpoline_sites_end", length=7),
        Table("return thunks", "__return_sites", "__return_sites_end"),
        Table(CALLS, "__call_sites", "__call_sites_end"),
        Table("indirect branch targets", "__ibt_endbr_seal", "__ibt_endbr_seal_end", length=4),
        Table("lock prefixes", "__smp_locks", "__smp_locks_end", length=1),
    ),
    traced=5,
    nops=(),
    constants=(("ptr", 8), ("shift", 1), ("mask", 4)),
    entries=("ftrace_call", "ftrace_regs_call", "ftrace_graph_call"),
    entry=5,
    words=(4, 8),
)

NOP: Final = 0xD503201F
BTI: Final = 0xD503245F
"""arm64's `bti c`, at which an indirect call may arrive (Arm ARM, "BTI")."""

_ARM64: Final = Processor(
    tables=(
        Table(
            ALTERNATIVES,
            "__alt_instructions",
            "__alt_instructions_end",
            "alt_instr",
            "orig_offset",
            "orig_len",
        ),
        Table(LABELS, *_LABELS, length=4),
        Table("the hypervisor's pointers", "__hyp_reloc_begin", "__hyp_reloc_end", length=8),
    ),
    traced=20,
    nops=(NOP, BTI),
    constants=(("ptr", 16), ("shift", 4), ("mask", 8)),
    entries=("ftrace_call", "ftrace_graph_call"),
    entry=4,
    words=(8,),
)

PROCESSORS: Final = {"x86-64": _X86_64, "arm64": _ARM64}
"""Those whose kernels' code is compared."""
