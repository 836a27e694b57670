# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct kernel_symbol` with places instead of pointers (4.19 and later, where an architecture has PREL32).

`value_offset`, `name_offset` and `namespace_offset` count from where each of them lies
(include/linux/export-internal.h, `offset_to_ptr` in include/linux/compiler.h). The framework (2.28) counts
from where the structure starts, and takes the number that comes of it for a pointer object, which fails.
"""

from __future__ import annotations

from volatility3.framework import constants
from volatility3.framework.constants import linux as linux_constants
from volatility3.framework.symbols.linux import extensions


class RelativeKernelSymbol(extensions.kernel_symbol):
    """An exported symbol whose value and texts are told by their distance."""

    def _at(self, member: str) -> int:
        layer = self._context.layers[self.vol.layer_name]
        distance = self.member(member)
        return int(distance.vol.offset + int(distance)) & int(layer.address_mask)

    def _text(self, member: str) -> str:
        found = self._context.object(
            self.get_symbol_table_name() + constants.BANG + "string",
            layer_name=self.vol.layer_name,
            offset=self._at(member),
            max_length=linux_constants.KSYM_NAME_LEN,
            errors="ignore",
        )
        return str(found)

    def _do_get_name(self) -> str:
        return self._text("name_offset")

    def _do_get_value(self) -> int:
        return self._at("value_offset")

    def _do_get_namespace(self) -> str:
        return self._text("namespace_offset")
