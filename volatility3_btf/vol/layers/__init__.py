# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Volatility's layers as `Memory`, and layers of ours."""

from .as_memory import FAULTS, layer_memory, physical_layer_name

__all__ = ["FAULTS", "layer_memory", "physical_layer_name"]
