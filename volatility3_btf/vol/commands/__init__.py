# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the plugins share: their image, their output, and their text and rows."""
