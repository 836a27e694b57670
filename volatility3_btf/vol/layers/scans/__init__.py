# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""How plugins scan an image's memory: the framework's scanners for byte strings, with a faster search."""
