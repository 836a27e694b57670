# SPDX-License-Identifier: Apache-2.0
"""BTF in Linux memory images: find it, show it, and make Volatility 3's symbol tables of it."""

from .images import open_memory
from .scan import Blob, find_btf

__all__ = ["Blob", "find_btf", "open_memory"]
__version__ = "0.1.0"
