# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Names of bits that tasks have: capabilities, and what ptrace sets."""

from __future__ import annotations

from typing import Final

CAPABILITIES: Final = tuple(
    """
    chown dac_override dac_read_search fowner fsetid kill setgid setuid setpcap linux_immutable
    net_bind_service net_broadcast net_admin net_raw ipc_lock ipc_owner sys_module sys_rawio sys_chroot
    sys_ptrace sys_pacct sys_admin sys_boot sys_nice sys_resource sys_time sys_tty_config mknod lease
    audit_write audit_control setfcap mac_override mac_admin syslog wake_alarm block_suspend audit_read
    perfmon bpf checkpoint_restore
    """.split()
)
"""In the order of their numbers (include/uapi/linux/capability.h)."""

PTRACE: Final = {
    "PT_PTRACED": 0x1,
    "PT_TRACESYSGOOD": 0x8,
    "PT_TRACE_FORK": 0x10,
    "PT_TRACE_VFORK": 0x20,
    "PT_TRACE_CLONE": 0x40,
    "PT_TRACE_EXEC": 0x80,
    "PT_TRACE_VFORK_DONE": 0x100,
    "PT_TRACE_EXIT": 0x200,
    "PT_TRACE_SECCOMP": 0x400,
    "PT_SEIZED": 0x10000,
    "PT_EXITKILL": 0x100000,
    "PT_SUSPEND_SECCOMP": 0x200000,
}
"""Bits of `task_struct.ptrace` (include/linux/ptrace.h, include/uapi/linux/ptrace.h)."""
