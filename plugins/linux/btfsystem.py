# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfsystem: what uname(1) prints, on the machine and in each container."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.objects import utility
from volatility3.plugins.linux import pslist

from volatility3_btf.vol.commands.cells import member, read
from volatility3_btf.vol.commands.wants import its_tasks, the_kernel

NAMES = ("nodename", "domainname", "release", "version", "machine")
COLUMNS = [
    ("UTS NS", int),
    ("Hostname", str),
    ("Domain", str),
    ("Release", str),
    ("Version", str),
    ("Machine", str),
    ("Processes", int),
]


class BtfSystem(interfaces.plugins.PluginInterface):
    """Shows the names of the machine and its kernel as uname does, and those of each container."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [
            the_kernel(),
            its_tasks(),
        ]

    def run(self) -> renderers.TreeGrid:
        """A row for each UTS namespace, the machine's own first."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        vmlinux = self.context.modules[self.config["kernel"]]
        initial = vmlinux.object_from_symbol("init_uts_ns")
        spaces, counts = {int(initial.vol.offset): initial}, {int(initial.vol.offset): 0}
        mask = self.context.layers[vmlinux.layer_name].address_mask
        for task in pslist.PsList.list_tasks(self.context, self.config["kernel"]):
            try:
                space = task.nsproxy.uts_ns.dereference()
            except exceptions.InvalidAddressException:
                continue  # a task that has ended has no namespaces any more
            place = int(space.vol.offset) & mask
            spaces.setdefault(place, space)
            counts[place] = counts.get(place, 0) + 1
        for place, space in spaces.items():
            yield 0, (_number(space), *(_name(space, name) for name in NAMES), counts[place])


def _number(space: Any) -> Any:
    """The namespace's number, as /proc/PID/ns/uts has it."""
    number = member(space, "ns", "inum")
    return int(number) if isinstance(number, int) else number


def _name(space: Any, name: str) -> Any:
    return read(lambda: utility.array_to_string(space.name.member(name), errors="backslashreplace"))
