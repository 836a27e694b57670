# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The part of the project that knows Volatility: its layers as `Memory`, and what it needs from us.

Importing it makes Volatility's own lists of stackers and automagic know ours.
"""

from .automagic import BtfSymbols
from .avml import AvmlFramesStacker
from .check import BtfCheck
from .elf import ElfCoreStacker
from .la57 import LinuxIntelLA57, NarrowIntel32e
from .layers import layer_memory, physical_layer_name
from .layers.paged import LinuxArm64, LinuxPpc64, LinuxRiscv64, LinuxS390x
from .lime import LimeRangesStacker
from .location import ImageFile
from .modules import ModuleTypes, module_types
from .qemu import QemuStreamStacker
from .table import BtfKernelSymbols

__all__ = [
    "AvmlFramesStacker",
    "BtfCheck",
    "BtfKernelSymbols",
    "BtfSymbols",
    "ElfCoreStacker",
    "ImageFile",
    "LimeRangesStacker",
    "LinuxArm64",
    "LinuxIntelLA57",
    "LinuxPpc64",
    "LinuxRiscv64",
    "LinuxS390x",
    "ModuleTypes",
    "NarrowIntel32e",
    "QemuStreamStacker",
    "layer_memory",
    "module_types",
    "physical_layer_name",
]
