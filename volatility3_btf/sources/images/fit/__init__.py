# SPDX-License-Identifier: Apache-2.0
"""U-Boot's FIT: a device tree whose nodes are kernels and what they need."""
