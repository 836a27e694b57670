# SPDX-License-Identifier: Apache-2.0
"""Which processor a kernel is for, and what follows from it for addresses."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from ...btf import Kind
from ..evidence.vmcoreinfo import Vmcoreinfo

_SYMBOLS = {
    "x86-64": ("x86_64_start_kernel", "entry_SYSCALL_64"),
    "arm64": ("__primary_switched", "cpu_switch_to", "el1h_64_sync", "el1_sync"),
    "s390x": ("startup_continue", "s390_base_ext_handler", "lowcore_ptr"),
    "riscv64": ("riscv_fill_hwcap", "riscv_cpuinfo_op", "riscv_isa_ext"),
    "ppc64": ("ppc64_caches", "start_here_common", "opal_node"),
    "loongarch64": ("loongarch_cpu_has", "loongson_sysconf", "la_abs_begin"),
    "mips64": ("mips_hpt_frequency", "mips_cpu_probe"),
    "x86": ("i386_start_kernel",),
    "arm": ("__create_page_tables", "arm_dma_ops"),
}
"""Symbols that only this architecture's kernel has, functions among them."""

_MEMBERS = {
    "x86-64": ("r15", "orig_ax"),
    "arm64": ("pstate", "syscallno"),
    "s390x": ("psw", "orig_gpr2"),
    "riscv64": ("epc", "orig_a0"),
    "ppc64": ("nip", "orig_gpr3"),
    "loongarch64": ("csr_era", "csr_crmd"),
    "mips64": ("cp0_status", "cp0_epc"),
    "arm": ("uregs",),
}
"""Members of `struct pt_regs` that only this architecture has."""

_MOST_REGISTERS = 256
"""Members of `struct pt_regs` that are believed; the largest has some fifty."""

_NOTES = {
    "x86-64": "NUMBER(phys_base)",
    "arm64": "NUMBER(kimage_voffset)",
    "riscv64": "NUMBER(va_kernel_pa_offset)",
    "s390x": "SYMBOL(lowcore_ptr)",
}
"""Lines of VMCOREINFO that only this architecture writes (arch/*/kernel/vmcore_info.c, machine_kexec*.c)."""


def architecture_of(
    known: Callable[[str], bool] | None, note: Vmcoreinfo | None, types: Any, endian: str
) -> str | None:
    """Name the architecture by its symbols, its VMCOREINFO or its types, whichever speaks first.

    Args:
        known: tells whether kallsyms has a name; None without kallsyms.
        note: the kernel's VMCOREINFO.
        types: the kernel's BTF types; None without them.
        endian: byte order, which tells ppc64 from ppc64le.
    """
    for name, symbols in _SYMBOLS.items():
        if known is not None and any(map(known, symbols)):
            return _by_order(name, endian)
    for name, key in _NOTES.items():
        if note is not None and key in note.entries:
            return _by_order(name, endian)
    for name, members in _MEMBERS.items():
        if types is not None and _has_members(types, members):
            return _by_order(name, endian)
    return None


def _has_members(types: Any, members: tuple[str, ...]) -> bool:
    """Whether `struct pt_regs` has all of these members; broken types have none."""
    try:
        registers = types.find("pt_regs", Kind.STRUCT)
        if registers is None or types.vlen_of(registers.id) > _MOST_REGISTERS:
            return False
        return all(registers[member] is not None for member in members)
    except (KeyError, ValueError):
        return False


def _by_order(name: str, endian: str) -> str:
    return "ppc64le" if name == "ppc64" and endian == "little" else name
