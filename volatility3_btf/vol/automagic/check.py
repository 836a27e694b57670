# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The last automagic: what was configured for a Linux kernel, by whomever, must be of use.

It looks at the symbol tables and layers that a plugin has got, ours or Volatility's own, with a saved
configuration too.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.configuration import requirements
from volatility3.framework.layers import intel
from volatility3.framework.symbols import linux

from ..extensions.page import AnyPage
from ..lines import still_true
from ..walks.watch import watch_walks
from .left_out import left_out

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
Requirement: TypeAlias = interfaces.configuration.RequirementInterface

POINTER = 8
"""Bytes of a 64-bit kernel's pointers."""


class BtfCheck(interfaces.automagic.AutomagicInterface):
    """Watches the kernel's lists, tells of gaps, and takes back a layer that cannot be the kernel's."""

    priority = 110
    exclusion_list = ["windows", "mac"]

    def __call__(
        self, context: Context, config_path: str, requirement: Requirement, progress_callback: Any = None
    ) -> None:
        """Look at all that the other automagic has made."""
        for name in context.symbol_space:
            table = context.symbol_space[name]
            if isinstance(table, linux.LinuxKernelIntermedSymbols):
                table.optional_set_type_class("page", AnyPage)
                watch_walks(table)
                line = left_out(requirement.name, table)
                if line:
                    log.warning("%s", line)
        for line in still_true(context):
            log.warning("%s", line)
        for path, layer, table in self._pairs(context, config_path, requirement):
            if (
                isinstance(layer, intel.Intel)
                and layer.bits_per_register == 32
                and _pointer(table) == POINTER
            ):
                log.warning(
                    "This symbol file is of a 64-bit kernel that is not for x86-64: Volatility has no layer "
                    "for it, and would find nothing: %s",
                    table.config.get("isf_url", table.name),
                )
                module = interfaces.configuration.parent_path(path)
                is_module = context.config.get(module, None) in context.modules
                del context.config[module if is_module else path]

    def _pairs(self, context: Context, config_path: str, root: Requirement) -> Iterator[tuple[str, Any, Any]]:
        """Layers with the Linux symbol tables beside them, and where the layer's name is configured."""
        kinds = (requirements.TranslationLayerRequirement, requirements.SymbolTableRequirement)
        found = self.find_requirements(context, config_path, root, kinds, shortcut=False)
        parent = interfaces.configuration.parent_path
        layers = {parent(path): path for path, kind in found if isinstance(kind, kinds[0])}
        for path, kind in found:
            layer = layers.get(parent(path))
            table = context.symbol_space.get(context.config.get(path, None))
            if (
                isinstance(kind, kinds[1])
                and layer is not None
                and isinstance(table, linux.LinuxKernelIntermedSymbols)
                and context.config.get(layer, None) in context.layers
            ):
                yield layer, context.layers[context.config[layer]], table


def _pointer(table: Any) -> int:
    """The size of a table's pointers, in bytes."""
    return int(table.natives.get_type("pointer").size)
