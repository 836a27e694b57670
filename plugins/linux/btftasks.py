# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btftasks: every task of each list that the kernel keeps, with where it comes from."""

from __future__ import annotations

import datetime
from collections.abc import Iterator
from typing import Any

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.objects import utility
from volatility3.framework.renderers import format_hints
from volatility3.framework.symbols import linux
from volatility3.plugins.linux import pidhashtable, pslist

from volatility3_btf.vol.commands.cells import hexadecimal, member, process_text, read
from volatility3_btf.vol.commands.wants import its_tasks, some_pids, the_kernel

COLUMNS = [
    ("Source", str),
    ("OFFSET (V)", format_hints.Hex),
    ("Page table", format_hints.Hex),
    ("PID", int),
    ("TID", int),
    ("PPID", int),
    ("Real PPID", int),
    ("Type", str),
    ("UID", int),
    ("GID", int),
    ("Ptrace", format_hints.Hex),
    ("CREATION TIME", datetime.datetime),
    ("COMM", str),
    ("Path", str),
    ("Arguments", str),
    ("Environment", str),
]


class BtfTasks(interfaces.plugins.PluginInterface):
    """Lists tasks by several of the kernel's lists: one that is missing in a list may be hidden there."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            its_tasks(),
            requirements.VersionRequirement(
                name="pidhashtable", component=pidhashtable.PIDHashTable, version=(1, 0, 0)
            ),
            some_pids(),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each task of each list."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        wanted = set(self.config.get("pid", None) or ())
        for source, tasks in (("task list", self._listed()), ("PID namespace", self._numbered())):
            for task in tasks:
                if not wanted or int(task.tgid) in wanted:
                    yield 0, (source, *self._row(task))

    def _listed(self) -> Iterator[Any]:
        """The ring that starts at `init_task`, and each process's threads."""
        yield from pslist.PsList.list_tasks(self.context, self.config["kernel"], include_threads=True)

    def _numbered(self) -> Iterator[Any]:
        """What the initial PID namespace leads to."""
        finder = pidhashtable.PIDHashTable(self.context, self.config_path, self._progress_callback)
        yield from finder.get_tasks()

    def _row(self, task: Any) -> tuple[Any, ...]:
        is_kernel = read(lambda: bool(task.is_kernel_thread))
        mm: Any = None if is_kernel is True else read(lambda: task.mm)
        has_memory = isinstance(mm, int) and bool(mm)
        absent = renderers.NotApplicableValue()
        return (
            format_hints.Hex(task.vol.offset),
            self._page_table(mm) if has_memory else absent,
            int(task.tgid),
            int(task.pid),
            read(lambda: int(task.parent.tgid)),
            read(lambda: int(task.real_parent.tgid)),
            _type_of(task, is_kernel),
            read(lambda: int(task.cred.uid)),
            read(lambda: int(task.cred.gid)),
            hexadecimal(member(task, "ptrace")),
            read(task.get_create_time) or renderers.UnreadableValue(),
            read(lambda: utility.array_to_string(task.comm)),
            self._path(task, mm) if has_memory else absent,
            read(lambda: process_text(task, mm.arg_start, mm.arg_end)) if has_memory else absent,
            read(lambda: process_text(task, mm.env_start, mm.env_end)) if has_memory else absent,
        )

    def _page_table(self, mm: Any) -> Any:
        """Where the top page table lies in physical memory."""
        layer = self.context.layers[self.context.modules[self.config["kernel"]].layer_name]
        if not isinstance(layer, interfaces.layers.TranslationLayerInterface):
            return renderers.NotAvailableValue()
        place = read(lambda: next(iter(layer.mapping(int(mm.pgd) & layer.address_mask, 8)))[2])
        return hexadecimal(place)

    def _path(self, task: Any, mm: Any) -> Any:
        """The program's file."""
        try:
            file = mm.exe_file
            path = linux.LinuxUtilities.path_for_file(self.context, task, file) if file else ""
        except (exceptions.InvalidAddressException, AttributeError):
            return renderers.UnreadableValue()
        return path or renderers.UnreadableValue()


def _type_of(task: Any, is_kernel: Any) -> str:
    if is_kernel is True:
        return "kernel thread"
    return "process" if task.tgid == task.pid else "thread"
