# SPDX-License-Identifier: Apache-2.0
"""BTF in Linux memory images: find it, show it, and make Volatility 3's symbol tables of it.

The names below are loaded when they are used: Volatility imports every plugin at each start, and whoever
looks at another system's image shall not wait for what only Linux needs.
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from .version import VERSION as __version__

if TYPE_CHECKING:
    from .blobs.blob import Blob
    from .blobs.scan import find_btf
    from .files.images import open_memory
    from .isf import build_isf
    from .kernel import identify_kernel, identify_kernels
    from .sources.kernels import open_kernels
    from .sources.modules import open_modules

__all__ = [
    "Blob",
    "__version__",
    "build_isf",
    "find_btf",
    "identify_kernel",
    "identify_kernels",
    "open_kernels",
    "open_memory",
    "open_modules",
]

_HOMES = {
    "Blob": "blobs.blob",
    "build_isf": "isf",
    "find_btf": "blobs.scan",
    "identify_kernel": "kernel",
    "identify_kernels": "kernel",
    "open_kernels": "sources.kernels",
    "open_memory": "files.images",
    "open_modules": "sources.modules",
}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
