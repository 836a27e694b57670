# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct kobject` of modules whose notes are an attribute group (6.14 and later; kernel/module/sysfs.c).

The framework takes what is in `module_kset` for a loaded module, and not for a part of the kernel, if it has
more than two references. One was that of the folder `notes`, which was a kobject of its own: without it every
module looks as if it were not in sysfs, and one that is hidden from the list of modules is not found.
"""

from __future__ import annotations

from volatility3.framework import exceptions
from volatility3.framework.symbols import linux
from volatility3.framework.symbols.linux import extensions


class ModuleKobject(extensions.kobject):
    """A kobject that counts the notes of a loaded module as it did."""

    def reference_count(self) -> int:
        """The references, and for a loaded module one more."""
        return int(super().reference_count()) + self._is_a_loaded_modules()

    def _is_a_loaded_modules(self) -> bool:
        module = linux.LinuxUtilities.get_module_from_volobj_type(self._context, self)
        try:
            if int(self.kset) != int(module.object_from_symbol("module_kset")):
                return False
            before = module.get_type("module_kobject").relative_child_offset("kobj")
            at = int(self.vol.offset) - before
            return bool(int(module.object("module_kobject", offset=at, absolute=True).mod))
        except (exceptions.SymbolError, exceptions.InvalidAddressException):
            return False
