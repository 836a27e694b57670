# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btffiles: open files with the addresses of their structures, as keys to other tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from volatility3.framework import interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.objects import utility
from volatility3.framework.renderers import format_hints
from volatility3.plugins.linux import lsof, pslist

from volatility3_btf.vol.commands.cells import read
from volatility3_btf.vol.commands.wants import its_tasks, some_pids, the_kernel

COLUMNS = [
    ("Task", format_hints.Hex),
    ("OFFSET (V)", format_hints.Hex),
    ("PID", int),
    ("TID", int),
    ("Process", str),
    ("FD", int),
    ("Inode", int),
    ("Path", str),
]


class BtfFiles(interfaces.plugins.PluginInterface):
    """Lists open files as linux.lsof does, with the addresses of task and struct file."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            its_tasks(),
            requirements.VersionRequirement(name="lsof", component=lsof.Lsof, version=(2, 0, 0)),
            some_pids(),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each file descriptor of each task."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        wanted = pslist.PsList.create_pid_filter(self.config.get("pid", None))
        for found in lsof.Lsof.list_fds(self.context, self.config["kernel"], wanted):
            yield 0, _row(found.task, *found.fd_fields)


def _row(task: Any, number: int, file: Any, path: str) -> tuple[Any, ...]:
    return (
        format_hints.Hex(task.vol.offset),
        format_hints.Hex(file),
        int(task.tgid),
        int(task.pid),
        read(lambda: utility.array_to_string(task.comm)),
        int(number),
        _inode_number(file),
        str(path) or renderers.UnreadableValue(),
    )


def _inode_number(file: Any) -> Any:
    inode = read(file.get_inode)
    return read(lambda: int(inode.i_ino)) if inode else renderers.NotAvailableValue()
