# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The automagics: which kernel, layer and symbol table a plugin gets, and what the user is told."""
