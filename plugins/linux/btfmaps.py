# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfmaps: each process's mappings with the addresses of their structures, as keys to other tables."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import interfaces, renderers
from volatility3.framework.objects import utility
from volatility3.framework.renderers import format_hints
from volatility3.plugins.linux import pslist

from volatility3_btf.vol.commands.cells import member, read
from volatility3_btf.vol.commands.wants import its_tasks, some_pids, the_kernel

SHARED: Final = 0x8
"""VM_SHARED (include/linux/mm.h)."""

COLUMNS = [
    ("Task", format_hints.Hex),
    ("OFFSET (V)", format_hints.Hex),
    ("PID", int),
    ("Process", str),
    ("Start", format_hints.Hex),
    ("End", format_hints.Hex),
    ("Flags", str),
    ("File offset", format_hints.Hex),
    ("File Path", str),
]


class BtfMaps(interfaces.plugins.PluginInterface):
    """Lists processes' memory mappings as /proc/PID/maps does, with the addresses of task and mapping."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            its_tasks(),
            some_pids(),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each mapping of each process."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        wanted = pslist.PsList.create_pid_filter(self.config.get("pid", None))
        for task in pslist.PsList.list_tasks(self.context, self.config["kernel"], wanted):
            mm = member(task, "mm")
            if isinstance(mm, interfaces.renderers.BaseAbsentValue) or not mm or not mm.is_readable():
                continue
            for area in mm.get_vma_iter():
                yield 0, (format_hints.Hex(task.vol.offset), *self._row(task, area))

    def _row(self, task: Any, area: Any) -> tuple[Any, ...]:
        return (
            format_hints.Hex(area.vol.offset),
            int(task.pid),
            read(lambda: utility.array_to_string(task.comm)),
            read(lambda: format_hints.Hex(area.vm_start)),
            read(lambda: format_hints.Hex(area.vm_end)),
            read(lambda: area.get_protection() + ("s" if area.vm_flags & SHARED else "p")),
            read(lambda: format_hints.Hex(area.get_page_offset())),
            self._path(task, area),
        )

    def _path(self, task: Any, area: Any) -> Any:
        has_file = read(lambda: bool(area.vm_file))
        if has_file is False:
            return renderers.NotApplicableValue()
        return area.get_name(self.context, task) or renderers.UnreadableValue()
