# SPDX-License-Identifier: Apache-2.0
"""BTF in Linux memory images: find it, show it, and make Volatility 3's symbol tables of it."""

from .images import open_memory
from .isf import build_isf
from .kernel import identify_kernel, identify_kernels
from .scan import Blob, find_btf
from .version import VERSION as __version__

__all__ = [
    "Blob",
    "__version__",
    "build_isf",
    "find_btf",
    "identify_kernel",
    "identify_kernels",
    "open_memory",
]
