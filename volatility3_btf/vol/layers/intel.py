# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel's address space on x86-64, where the framework's Intel layers fall short.

They do not walk 5-level page tables (LA57), and take marks above physical addresses for a part of them.
"""

from __future__ import annotations

from volatility3.framework.layers import intel

from .pages import PagesKept

PHYSICAL_BITS = intel.LinuxIntel32e._maxphyaddr
"""Bits of a physical address: 46, 64 TiB.

No machine whose memory is written into a file has more. What stands above in a page-table entry marks pages
of confidential guests and hosts: the encryption bit of AMD's SME and SEV is 47 or 51 (`sme_me_mask`,
arch/x86/mm/mem_encrypt_identity.c), the shared bit of Intel's TDX too (`cc_mask`, arch/x86/coco/tdx/tdx.c),
and MKTME's key numbers are the topmost bits. They are no part of the address.
"""


class LinuxIntel32e(PagesKept, intel.LinuxIntel32e):
    """Volatility's 64-bit layer for Linux."""


class NarrowIntel32e(PagesKept, intel.Intel32e):
    """Volatility's plain 64-bit layer, with physical addresses as wide as in its Linux layers."""

    _maxphyaddr = PHYSICAL_BITS


class LinuxIntelLA57(LinuxIntel32e):
    """The address space of a Linux kernel that runs with 5-level page tables.

    One more table of 512 entries stands above the four (Intel SDM volume 3A, "5-Level Paging"), so virtual
    addresses have 57 bits. Physical addresses keep the parent's width, see `PHYSICAL_BITS`.
    """

    _maxvirtaddr = 57
    _structure = [("page map level 5", 9, False), *intel.LinuxIntel32e._structure]
