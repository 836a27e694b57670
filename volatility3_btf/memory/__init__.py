# SPDX-License-Identifier: Apache-2.0
"""What can be read of a memory image, and how it is searched."""

from .memory import PAGE, BytesMemory, Memory, Progress, UnreadableError, Window

__all__ = ["PAGE", "BytesMemory", "Memory", "Progress", "UnreadableError", "Window"]
