# SPDX-License-Identifier: Apache-2.0
"""The words for what a frame of physical memory is used for."""

from __future__ import annotations

import enum


class Use(enum.IntEnum):
    """What a frame of physical memory is used for; later values are more specific."""

    HOLE = 0
    """There is no memory at this address."""
    UNKNOWN = 1
    """The image holds it; the kernel's record of it cannot be read."""
    FREE = 2
    """Nobody uses it; what lies there is left over."""
    RESERVED = 3
    """The allocator does not give it away: firmware, and what was taken when the kernel started."""
    KERNEL = 4
    """The kernel uses it, and nothing tells for what: stacks, vmalloc, buffers; and the few frames that each
    processor keeps at hand to give away."""
    SLAB = 5
    """The kernel's objects: tasks, inodes, sockets."""
    ANONYMOUS = 6
    """Memory of processes that no file lies behind: heaps, stacks."""
    PAGE_CACHE = 7
    """Contents of files."""
    PAGE_TABLE = 8
    """Page tables of the kernel and of listed processes."""
    RECORDS = 9
    """The kernel's own record of each frame, `struct page`."""
    IMAGE = 10
    """The kernel's code and data, as they were loaded."""
    MODULE = 11
    """Code and data of listed modules."""
    BTF = 12
    """Loaded BTF."""
    ZEROED = 13
    """It must not be zero, and is: pages of the kernel's BTF."""
    MISSING = 14
    """The kernel has memory there, and the image has not."""
