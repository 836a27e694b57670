# SPDX-License-Identifier: Apache-2.0
"""What can be read of a memory image, and how it is searched."""

from .memory import PAGE, BytesMemory, Memory, UnreadableError, Window
from .progress import Progress

__all__ = ["PAGE", "BytesMemory", "Memory", "Progress", "UnreadableError", "Window"]
