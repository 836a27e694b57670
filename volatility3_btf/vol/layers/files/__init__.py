# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The file under an image's layers: plain, or packed as a whole."""
