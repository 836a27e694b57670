# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Views over the plugins' tables: a machine's tasks, files, modules and connections by their addresses.

Their names and columns are those of mquire's tables (github.com/trailofbits/mquire), so that a query for
one answers the same here. Addresses are whole ones, as Linux shows them, and keys from one view to another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from .capabilities import CAPABILITIES, PTRACE


@dataclass(frozen=True)
class View:
    """A query that has a name.

    Attributes:
        about: what it shows.
        query: it.
        addresses: its columns that hold addresses.
    """

    about: str
    query: str
    addresses: frozenset[str] = frozenset()


def _values(pairs: dict[str, int] | tuple[str, ...]) -> str:
    """Constants as rows of SQL."""
    rows = pairs.items() if isinstance(pairs, dict) else ((name,) for name in pairs)
    return ", ".join("(" + ", ".join(repr(value) for value in row) + ")" for row in rows)


def _view(about: str, query: str, *addresses: str) -> View:
    return View(about, query, frozenset(addresses))


_LEVELS = "['emerg', 'alert', 'crit', 'err', 'warn', 'notice', 'info', 'debug']"
_FACILITIES = (
    "['kern', 'user', 'mail', 'daemon', 'auth', 'syslog', 'lpr', 'news', 'uucp', 'cron', 'authpriv', 'ftp']"
)
_LOG_LINE = "".join(
    (
        r"^(\w{3} [ \d]\d \d\d:\d\d:\d\d|\d{4}-\d\d-\d\d[T ]\S+) ",  # RFC 3164's time, or RFC 3339's
        r"(?:([^\s:\[]+) )?",  # the host; syslogd -S of busybox leaves it out
        r"(?:[a-z0-9]+\.(?:emerg|alert|crit|err|warn|notice|info|debug) )?",  # what busybox adds
        r"(?:([^\s:\[]+)(?:\[\d+\])?: ?)?",  # the program, and its PID
        r"(.*)$",
    )
)
"""A line of a log file: time, host, program, message."""

_SETS = ("effective", "permitted", "inheritable", "bounding", "ambient")
_HAS = ", ".join(
    f"""coalesce(cap_{each} = 'all'
        or list_contains(string_split(cap_{each}, ', '), names.name), false) as {each}"""
    for each in _SETS
)

VIEWS: Final[dict[str, View]] = {
    "os_version": _view(
        "the kernel's release, version and processor, as uname prints them",
        """
        select release as kernel_version, version as system_version, machine as arch from btfsystem
        where row = 0
        """,
    ),
    "system_info": _view(
        "the machine's name and domain",
        "select hostname, domain from btfsystem where row = 0",
    ),
    "boot_time": _view(
        "when the machine was started",
        "select min(boot_time) as boot_time from boottime",
    ),
    "dmesg": _view(
        "the kernel's log",
        f"""
        select row as sequence, round(timestamp::decimal(18, 6) * 1000000000)::bigint as timestamp_ns,
            list_position({_LEVELS}, level) - 1 as level,
            list_position({_FACILITIES}, facility) - 1 as facility,
            caller as caller_id, line as message
        from kmsg
        """,
    ),
    "tasks": _view(
        "tasks and threads, once for each list of the kernel's that they are in",
        """
        select kernel_address(offset_v) as virtual_address, page_table, path as binary_path, comm,
            arguments as command_line, environment, ppid, real_ppid, pid as tgid, tid as pid,
            case type when 'kernel thread' then 'kthread' when 'process' then 'thread_group_leader'
                else 'thread' end as type,
            uid, gid, creation_time as start_time,
            case source when 'task list' then 'task_list' else 'pid_ns' end as source
        from btftasks
        """,
        "virtual_address",
        "page_table",
    ),
    "task_open_files": _view(
        "open files, with the addresses of task and struct file",
        """
        select kernel_address(offset_v) as virtual_address, kernel_address(task) as task, pid as tgid, fd,
            path, inode
        from btffiles
        """,
        "virtual_address",
        "task",
    ),
    "memory_mappings": _view(
        "processes' memory mappings, with the addresses of task and mapping",
        """
        select kernel_address(offset_v) as virtual_address, kernel_address(task) as task,
            start as region_start, end_ as region_end, flags[1] = 'r' as readable, flags[2] = 'w' as writable,
            flags[3] = 'x' as executable, flags[4] = 's' as shared, file_path, file_offset
        from btfmaps
        """,
        "virtual_address",
        "task",
        "region_start",
        "region_end",
    ),
    "task_capabilities": _view(
        "each task's capabilities, a row for each",
        f"""
        select kernel_address(t.offset_v) as task, 'CAP_' || upper(names.name) as name, {_HAS}
        from capabilities c
        join (select distinct offset_v, tid from btftasks where source = 'task list') t using (tid)
        cross join (values {_values(CAPABILITIES)}) names(name)
        """,
        "task",
    ),
    "task_ptrace_flags": _view(
        "the flags that ptrace has set for each task, a row for each",
        f"""
        select kernel_address(offset_v) as task, flags.name, (ptrace & flags.bit) <> 0 as value
        from btftasks cross join (values {_values(PTRACE)}) flags(name, bit)
        where source = 'task list'
        """,
        "task",
    ),
    "kernel_modules": _view(
        "loaded modules",
        """
        select kernel_address(offset_) as virtual_address, any_value(name) as name, any_value(state) as state,
            any_value(version) as version, any_value(source_version) as src_version,
            any_value(parameters) as parameters, any_value(taints) as taints,
            any_value(gpl_only) as gpl_only_symbols
        from btfmodules group by offset_ order by min(row)
        """,
        "virtual_address",
    ),
    "kernel_module_mem_entries": _view(
        "where the parts of loaded modules lie",
        """
        select kernel_address(offset_) as kernel_module, part as mem_type, kernel_address(start) as start,
            kernel_address(start) + size::ubigint as "end", size
        from btfmodules
        """,
        "kernel_module",
        "start",
        "end",
    ),
    "ftrace_ops": _view(
        "what is registered with the function tracer",
        """
        select kernel_address(offset_) as virtual_address, kernel_address(callback) as func_addr,
            s.name as func, flags
        from btfftrace f left join (select address, min(name) as name from kernel_symbols group by 1) s
            on s.address = kernel_address(f.callback)
        """,
        "virtual_address",
        "func_addr",
    ),
    "network_connections": _view(
        "TCP and UDP sockets of processes",
        """
        select distinct kernel_address(s.sock_offset) as virtual_address, lower(s.proto) as protocol,
            lower(s.state) as state, s.source_addr as local_address,
            try_cast(s.source_port as integer) as local_port,
            case when try_cast(s.destination_port as integer) > 0 then s.destination_addr end
                as remote_address,
            nullif(try_cast(s.destination_port as integer), 0) as remote_port,
            case s.family when 'AF_INET' then 'ipv4' else 'ipv6' end as type, l.inode
        from sockstat s left join lsof l on l.tid = s.tid and l.fd = s.fd
        where s.family in ('AF_INET', 'AF_INET6') and s.proto in ('TCP', 'UDP')
        """,
        "virtual_address",
    ),
    "network_interfaces": _view(
        "network interfaces and their addresses",
        """
        select a.interface as name, a.ip as ip_address,
            case when a.ip is null then null when contains(a.ip, ':') then 'ipv6' else 'ipv4' end as ip_type,
            a.prefix, a.mac as active_mac_address, lower(a.state) as state, a.netns
        from ip_addr a
        union all
        select l.interface, null, null, null, l.mac, lower(l.state), l.ns
        from ip_link l where not exists (
            select 1 from ip_addr a where a.interface = l.interface and a.netns is not distinct from l.ns)
        """,
    ),
    "syslog_file": _view(
        "lines of log files in the page cache, in their parts",
        f"""
        select kernel_address(inodeaddr) as inode_virtual_address, filepath as file_path,
            "position" as region_start, nullif(part.timestamp, '') as timestamp,
            nullif(part.hostname, '') as hostname, nullif(part.process, '') as process,
            if(part.timestamp = '', line, part.message) as message
        from (select *, regexp_extract(line, '{_LOG_LINE}', ['timestamp', 'hostname', 'process', 'message'])
                as part
            from btflogs)
        """,
        "inode_virtual_address",
    ),
}
