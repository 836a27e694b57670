# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A plugin of the old form: it asks for a layer and a symbol table, and for no kernel."""

from __future__ import annotations

from typing import Final

OLD_FORM: Final = """
from volatility3.framework import interfaces, renderers
from volatility3.framework.configuration import requirements
from volatility3.framework.objects import utility

class OldForm(interfaces.plugins.PluginInterface):
    _required_framework_version = (2, 0, 0)

    @classmethod
    def get_requirements(cls):
        return [
            requirements.TranslationLayerRequirement(
                name="primary", description="Memory layer", architectures=["Intel32", "Intel64"]
            ),
            requirements.SymbolTableRequirement(name="vmlinux", description="Linux kernel symbols"),
        ]

    def run(self):
        layer = self.context.layers[self.config["primary"]]
        table = self.context.symbol_space[self.config["vmlinux"]]
        shift = layer.config["kernel_virtual_offset"]
        at = table.get_symbol("linux_banner").address + shift & layer.address_mask
        kernel = self.context.module(self.config["vmlinux"], self.config["primary"], shift)
        name = utility.array_to_string(kernel.object_from_symbol("init_task").comm)
        row = (name, layer.read(at, 14).decode(), table.get_type("task_struct").size)
        return renderers.TreeGrid([("Name", str), ("Banner", str), ("Size", int)], iter([(0, row)]))
"""
"""Its row: the first task's name, the start of `linux_banner`, bytes of a `task_struct`."""
