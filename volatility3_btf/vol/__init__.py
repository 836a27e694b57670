# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The part of the project that knows Volatility: its layers as `Memory`, and what it needs from us.

Importing it makes Volatility's own lists of stackers and automagic know ours.
"""

from .automagic.automagic import BtfSymbols
from .automagic.check import BtfCheck
from .automagic.location import ImageFile
from .former_paths import keep_former_paths
from .layers import layer_memory, physical_layer_name
from .layers.avml import AvmlFramesStacker
from .layers.elf import ElfCoreStacker
from .layers.files.packed import UnpackedStacker
from .layers.intel import LinuxIntelLA57, NarrowIntel32e
from .layers.kdump import KdumpStacker
from .layers.kernel_file import KernelFileStacker
from .layers.lime import LimeRangesStacker
from .layers.paged import LinuxArm64, LinuxPpc64, LinuxRiscv64, LinuxS390x
from .layers.qemu import QemuStreamStacker
from .symbols.kernel_table import BtfKernelSymbols
from .symbols.module_tables import ModuleTypes, module_types

__all__ = [
    "AvmlFramesStacker",
    "BtfCheck",
    "BtfKernelSymbols",
    "BtfSymbols",
    "ElfCoreStacker",
    "ImageFile",
    "KdumpStacker",
    "KernelFileStacker",
    "LimeRangesStacker",
    "LinuxArm64",
    "LinuxIntelLA57",
    "LinuxPpc64",
    "LinuxRiscv64",
    "LinuxS390x",
    "ModuleTypes",
    "NarrowIntel32e",
    "QemuStreamStacker",
    "UnpackedStacker",
    "layer_memory",
    "module_types",
    "physical_layer_name",
]

keep_former_paths()
