# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""5-level paging (LA57) on x86-64, which the framework's Intel layers do not walk."""

from __future__ import annotations

from volatility3.framework.layers import intel


class LinuxIntelLA57(intel.LinuxIntel32e):
    """The address space of a Linux kernel that runs with 5-level page tables.

    One more table of 512 entries stands above the four (Intel SDM volume 3A, "5-Level Paging"), so virtual
    addresses have 57 bits. Physical addresses keep the parent's width of 46 bits: nothing of the kind has
    more memory than that, and the bits above mark encrypted pages in confidential guests.
    """

    _maxvirtaddr = 57
    _structure = [("page map level 5", 9, False), *intel.LinuxIntel32e._structure]
