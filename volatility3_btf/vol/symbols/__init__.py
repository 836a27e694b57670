# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Symbol tables for Volatility: the kernel's, its modules', those stored, and the user's own files."""
