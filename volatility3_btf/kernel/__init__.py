# SPDX-License-Identifier: Apache-2.0
"""Which kernel is in an image: VMCOREINFO, banners, kallsyms, and the evidence that ties them to BTF.

The names below are loaded when they are used: whoever has a symbol file needs a banner and a note, no numpy.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .address_space import AddressSpace, address_space_of, translate
    from .errors import KallsymsError, KernelError, NoKernelError
    from .evidence.banner import Banner, find_banners, parse_banner, seen_kernels
    from .evidence.vmcoreinfo import Vmcoreinfo, parse_vmcoreinfo
    from .frames.physical_map import PhysicalMap, physical_map
    from .identify.asked import NotThereError, asked_for, name_of
    from .identify.identify import identify_kernel, identify_kernels, identify_running
    from .kernel import Kernel
    from .paging.tables import PageTables
    from .symbols import Symbols

__all__ = [
    "AddressSpace",
    "Banner",
    "Findings",
    "KallsymsError",
    "Kernel",
    "KernelError",
    "NoKernelError",
    "NotThereError",
    "PageTables",
    "PhysicalMap",
    "Symbols",
    "Vmcoreinfo",
    "address_space_of",
    "asked_for",
    "find_banners",
    "identify_kernel",
    "identify_kernels",
    "identify_running",
    "name_of",
    "parse_banner",
    "parse_vmcoreinfo",
    "physical_map",
    "seen_kernels",
    "translate",
]

_HOMES = {
    "AddressSpace": "address_space",
    "Banner": "evidence.banner",
    "Findings": "identify.findings",
    "KallsymsError": "errors",
    "Kernel": "kernel",
    "KernelError": "errors",
    "NoKernelError": "errors",
    "NotThereError": "identify.asked",
    "PageTables": "paging.tables",
    "PhysicalMap": "frames.physical_map",
    "Symbols": "symbols",
    "Vmcoreinfo": "evidence.vmcoreinfo",
    "address_space_of": "address_space",
    "asked_for": "identify.asked",
    "find_banners": "evidence.banner",
    "identify_kernel": "identify.identify",
    "identify_kernels": "identify.identify",
    "identify_running": "identify.identify",
    "name_of": "identify.asked",
    "parse_banner": "evidence.banner",
    "parse_vmcoreinfo": "evidence.vmcoreinfo",
    "physical_map": "frames.physical_map",
    "seen_kernels": "evidence.banner",
    "translate": "address_space",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
