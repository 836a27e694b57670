# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfftrace: what is registered with the kernel's function tracer, with its flags."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from typing import Any, Final

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.renderers import format_hints

from volatility3_btf.vol.commands.wants import the_kernel

vollog = logging.getLogger(__name__)

MOST: Final = 1 << 16
"""Structures that are shown; a kernel has some dozens."""

COLUMNS = [("Offset", format_hints.Hex), ("Callback", format_hints.Hex), ("Flags", format_hints.Hex)]


class BtfFtrace(interfaces.plugins.PluginInterface):
    """Lists every struct ftrace_ops that is registered: where it is, what it calls, its flags."""

    _required_framework_version = (2, 0, 0)
    _version = (1, 0, 0)

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """What the user may say."""
        return [the_kernel()]

    def run(self) -> renderers.TreeGrid:
        """A row for each, in the order of the kernel's list."""
        return renderers.TreeGrid(COLUMNS, self._generator())

    def _generator(self) -> Iterator[tuple[int, tuple[Any, ...]]]:
        vmlinux = self.context.modules[self.config["kernel"]]
        if not vmlinux.has_symbol("ftrace_ops_list"):
            vollog.warning("This kernel has no ftrace_ops_list: it was built without the function tracer")
            return
        end = int(vmlinux.object_from_symbol("ftrace_list_end").vol.offset)
        mask = self.context.layers[vmlinux.layer_name].address_mask
        seen: set[int] = set()
        try:
            ops = vmlinux.object_from_symbol("ftrace_ops_list")
            while (place := int(ops) & mask) != end & mask:
                if place in seen or len(seen) >= MOST:
                    vollog.warning("The list of ftrace_ops does not end: after %d it comes back", len(seen))
                    return
                seen.add(place)
                row = (format_hints.Hex(place), format_hints.Hex(ops.func), format_hints.Hex(ops.flags))
                yield 0, row
                ops = ops.next
        except exceptions.InvalidAddressException as error:
            vollog.warning(
                "The list of ftrace_ops is cut short after %d: %#x cannot be read",
                *(len(seen), error.invalid_address),
            )
