# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct module` that names a function of another module (its symbols are in `kallsyms` in 4.5 and later).

The framework (2.28) finds the module that an address lies in, and then asks the last module of its list for
the name (`Modules.module_lookup_by_address`): a hook, a thread or a probe in any other module has no name
then, without an error. Whichever is asked, the module that has the address answers here.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from volatility3.framework import exceptions
from volatility3.framework.symbols import linux
from volatility3.framework.symbols.linux import extensions


class NamingModule(extensions.module):
    """A loaded module; what it is asked for and does not have, the others are asked for."""

    def get_symbol_by_address(self, wanted_sym_address: int) -> str | None:
        """The name of what starts at an address (as the framework masks it) in any loaded module."""
        address = int(wanted_sym_address)
        if not _has_function(self, address):
            for other in self._listed():
                if _has_function(other, address):
                    return _named(other, address)
        return _named(self, address)

    def _listed(self) -> Iterator[Any]:
        """All modules in the kernel's list."""
        kernel = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        modules = kernel.object_from_symbol("modules")
        yield from modules.to_list(kernel.symbol_table_name + "!module", "list")


def _has_function(module: Any, address: int) -> bool:
    """Whether an address is in a module's code."""
    try:
        mask = module._context.layers[module.vol.layer_name].address_mask
        start = int(module.get_module_base()) & mask
        return bool(start <= address < start + int(module.get_core_text_size()))
    except (exceptions.InvalidAddressException, AttributeError):
        return False


def _named(module: Any, address: int) -> str | None:
    found: str | None = extensions.module.get_symbol_by_address(module, address)
    return found
