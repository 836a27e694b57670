# SPDX-License-Identifier: Apache-2.0
"""The order in which the kernel's sources declare members: what tells two of the same size and value apart.

Compilers keep the order of members, so offsets grow with it (C11, 6.7.2.1). The lists hold members whose
order has been the same in all kernels with BTF, 5.10 to 7.3 tried (include/linux/sched.h, mm_types.h, cred.h,
fs.h, mount.h, fdtable.h, net.h, module.h, utsname.h); those that a kernel lacks are passed over. Kernels with
CONFIG_RANDSTRUCT lay some structures out at random: there most of a structure's members are out of order, not
two.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from typing import Final

from ...btf import Composite, Kind, Types
from ..structures import member_at

ORDER: Final[dict[str, tuple[str, ...]]] = {
    "task_struct": tuple(
        """
        stack flags ptrace on_cpu on_rq prio static_prio normal_prio rt_priority se rt dl policy
        nr_cpus_allowed cpus_mask sched_info tasks mm active_mm exit_state exit_code exit_signal
        pdeath_signal jobctl personality pid tgid real_parent parent children sibling group_leader
        ptraced thread_pid thread_group thread_node vfork_done set_child_tid clear_child_tid utime
        stime gtime nvcsw nivcsw start_time start_boottime min_flt maj_flt posix_cputimers
        ptracer_cred real_cred cred comm nameidata sysvsem fs files io_uring nsproxy signal sighand
        blocked real_blocked saved_sigmask pending sas_ss_sp sas_ss_size sas_ss_flags audit_context
        loginuid sessionid seccomp parent_exec_id self_exec_id alloc_lock pi_lock wake_q
        journal_info bio_list plug reclaim_state io_context capture_control ptrace_message
        last_siginfo ioac cgroups cg_list robust_list splice_pipe nr_dirtied nr_dirtied_pause
        dirty_paused_when timer_slack_ns default_timer_slack_ns
        """.split()
    ),
    "mm_struct": tuple(
        """
        mmap_base task_size pgd map_count page_table_lock mmlist hiwater_rss hiwater_vm total_vm locked_vm
        pinned_vm data_vm exec_vm stack_vm def_flags arg_lock start_code end_code start_data end_data
        start_brk brk start_stack arg_start arg_end env_start env_end saved_auxv binfmt context owner user_ns
        exe_file
        """.split()
    ),
    "vm_area_struct": ("vm_start", "vm_end", "vm_mm", "vm_page_prot", "vm_pgoff", "vm_file"),
    "cred": tuple(
        """
        uid gid suid sgid euid egid fsuid fsgid securebits cap_inheritable cap_permitted cap_effective
        cap_bset cap_ambient session_keyring process_keyring thread_keyring request_key_auth user user_ns
        """.split()
    ),
    "module": ("state", "list", "name", "mkobj", "version", "srcversion", "syms", "num_syms", "kp", "num_kp"),
    "list_head": ("next", "prev"),
    "upid": ("nr", "ns"),
    "path": ("mnt", "dentry"),
    "files_struct": ("count", "fdt", "fdtab", "file_lock", "next_fd"),
    "fdtable": ("max_fds", "fd", "close_on_exec", "open_fds"),
    "fs_struct": ("users", "umask", "in_exec", "root", "pwd"),
    "super_block": ("s_list", "s_dev", "s_blocksize", "s_type", "s_op", "s_flags", "s_magic", "s_root"),
    "vfsmount": ("mnt_root", "mnt_sb", "mnt_flags"),
    "mount": ("mnt_hash", "mnt_parent", "mnt_mountpoint", "mnt_mounts", "mnt_child", "mnt_id"),
    "socket": ("state", "type", "flags", "file", "sk", "ops"),
    "inet_sock": ("sk", "inet_num", "inet_saddr", "uc_ttl", "inet_sport"),
    "new_utsname": ("sysname", "nodename", "release", "version", "machine", "domainname"),
    "dentry": ("d_flags", "d_parent", "d_name", "d_inode", "d_op", "d_sb"),
    "inode": ("i_mode", "i_uid", "i_gid", "i_op", "i_sb", "i_mapping", "i_ino", "i_rdev", "i_size"),
}


RANDOM: Final = ("task_struct", "cred")
"""Structures that CONFIG_RANDSTRUCT lays out at random (`__randomize_layout`), and that have many members."""


def out_of_order(types: Types) -> dict[str, list[str]]:
    """Members of structures that stand elsewhere than the sources have them.

    Args:
        types: the kernel's types.

    Returns:
        For each structure in `ORDER` that has some the fewest members without which the rest is in order;
        nothing at all for a kernel whose structures were laid out at random.
    """
    structs = _structs(types)
    found = {name: _members(structs.get(name), name) for name in ORDER}
    strays = {name: _strays(members) for name, members in found.items()}
    if all(2 * len(strays[name]) > len(found[name]) for name in RANDOM):
        return {}
    return {name: members for name, members in strays.items() if members}


def _structs(types: Types) -> dict[str, Composite]:
    """The structures that have a list, found in one pass: asking for so many by name would make an index."""
    ids = types.ids_of_kind(Kind.STRUCT)
    found: dict[str, Composite] = {}
    for name, number in zip(types.names(ids), ids.tolist(), strict=True):
        if name in ORDER and name not in found:
            struct = types.by_id(number)
            if isinstance(struct, Composite):
                found[name] = struct
    return found


def _members(struct: Composite | None, name: str) -> list[tuple[str, int]]:
    """The members of a structure that are in its list, with their offsets."""
    if struct is None:
        return []
    return [(member, at[0]) for member in ORDER[name] if (at := member_at(struct, member)) is not None]


def _strays(members: list[tuple[str, int]]) -> list[str]:
    kept = _longest_rise([offset for _, offset in members])
    return [member for index, (member, _) in enumerate(members) if index not in kept]


def _longest_rise(numbers: Sequence[int]) -> set[int]:
    """Indexes of a longest subsequence that always rises."""
    tails: list[int] = []
    ends: list[int] = []
    before: list[int | None] = []
    for index, number in enumerate(numbers):
        at = bisect_left(tails, number)
        before.append(ends[at - 1] if at else None)
        tails[at : at + 1] = [number]
        ends[at : at + 1] = [index]
    kept: set[int] = set()
    index_: int | None = ends[-1] if ends else None
    while index_ is not None:
        kept.add(index_)
        index_ = before[index_]
    return kept
