# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""How plugins walk the kernel's lists and trees: nothing twice, and nothing that is torn without a word."""
