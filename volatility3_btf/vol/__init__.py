# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The part of the project that knows Volatility: its layers as `Memory`, and what it needs from us."""

from .elf import ElfCoreStacker
from .layers import layer_memory, physical_layer_name

__all__ = ["ElfCoreStacker", "layer_memory", "physical_layer_name"]
