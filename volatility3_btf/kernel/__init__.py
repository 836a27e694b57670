# SPDX-License-Identifier: Apache-2.0
"""Which kernel is in an image: VMCOREINFO, banners, kallsyms, and the evidence that ties them to BTF."""

from __future__ import annotations

from .banner import Banner, find_banners, parse_banner, seen_kernels
from .errors import KallsymsError, KernelError, NoKernelError
from .identify import identify_kernel, identify_kernels
from .kernel import Kernel
from .paging import PageTables, translate
from .survey import Findings, survey
from .symbols import Symbols
from .vmcoreinfo import Vmcoreinfo, parse_vmcoreinfo

__all__ = [
    "Banner",
    "Findings",
    "KallsymsError",
    "Kernel",
    "KernelError",
    "NoKernelError",
    "PageTables",
    "Symbols",
    "Vmcoreinfo",
    "find_banners",
    "identify_kernel",
    "identify_kernels",
    "parse_banner",
    "parse_vmcoreinfo",
    "seen_kernels",
    "survey",
    "translate",
]
