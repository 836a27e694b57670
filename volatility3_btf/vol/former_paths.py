# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Where classes lay when earlier versions saved configurations that name them.

Volatility takes a class from a module that is loaded, by the path that a configuration has
(`ClassRequirement.unsatisfied`).
"""

from __future__ import annotations

import sys
from typing import Final

from .layers import arranged, avml, elf, intel, lime, qemu
from .symbols import kernel_table

_MODULES: Final = {
    "arranged": arranged,
    "avml": avml,
    "elf": elf,
    "la57": intel,
    "lime": lime,
    "qemu": qemu,
    "table": kernel_table,
}


def keep_former_paths() -> None:
    """Make the former paths lead to the classes."""
    for name, module in _MODULES.items():
        sys.modules.setdefault(f"{__package__}.{name}", module)
