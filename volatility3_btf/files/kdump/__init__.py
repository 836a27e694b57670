# SPDX-License-Identifier: Apache-2.0
"""Compressed kdump files, as makedumpfile and QEMU write them, split and flattened ones too."""
