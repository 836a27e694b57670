# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The framework's layers of image files, as ever but for how they are scanned."""

from __future__ import annotations

from typing import Final

from volatility3.framework.layers import avml, elf, lime, physical, vmware

from .quick import QuickScans


class QuickFileLayer(QuickScans, physical.FileLayer):
    """A raw image."""


class QuickLimeLayer(QuickScans, lime.LimeLayer):
    """A LiME file."""


class QuickElf64Layer(QuickScans, elf.Elf64Layer):
    """An ELF core."""


class QuickAvmlLayer(QuickScans, avml.AVMLLayer):
    """An AVML file."""


class QuickVmwareLayer(QuickScans, vmware.VmwareLayer):
    """A VMware file with its description beside it."""


_QUICK: Final = {
    physical.FileLayer: QuickFileLayer,
    lime.LimeLayer: QuickLimeLayer,
    elf.Elf64Layer: QuickElf64Layer,
    avml.AVMLLayer: QuickAvmlLayer,
    vmware.VmwareLayer: QuickVmwareLayer,
}

_PATHS: Final = {
    f"{kind.__module__}.{kind.__name__}": f"{quick.__module__}.{quick.__name__}"
    for kind, quick in _QUICK.items()
}


def quick_class(path: str) -> str:
    """The path of our class for the framework's one at a path; the same path where there is none."""
    return _PATHS.get(path, path)
