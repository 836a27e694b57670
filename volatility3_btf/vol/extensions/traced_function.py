# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct ftrace_func_entry`, whose `ip` is where a function calls its tracer (kernel/trace/ftrace.c).

The framework looks for a symbol at that very address. On x86-64 (5.18 and later, CONFIG_X86_KERNEL_IBT) that
call stands behind the instruction that indirect branches have to land on, and elsewhere behind up
to four, so that no symbol is found, and nothing says which function is traced.
"""

from __future__ import annotations

from volatility3.framework import exceptions, objects
from volatility3.framework.symbols import linux

_BEFORE = (0, 4, 8, 12, 16)
"""Bytes from a function's first instruction to the call of its tracer."""


class _Start(int):
    """The address of a function, which is a pointer's value already."""

    def cast(self, _: str) -> _Start:
        return self


class TracedFunction(objects.StructType):
    """A function that is traced: `ip` is where it starts, or as the kernel has it if no symbol is near."""

    @property
    def ip(self) -> int:
        """The address of the function."""
        address = int(self.member("ip").cast("pointer"))
        try:
            kernel = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        except exceptions.VolatilityException:
            return _Start(address)
        starts = (address - before for before in _BEFORE)
        known = (start for start in starts if kernel.get_symbols_by_absolute_location(start))
        return _Start(next(known, address))
