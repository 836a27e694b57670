# SPDX-License-Identifier: Apache-2.0
"""Compare our symbol tables with what the kernel's own DWARF says."""
