# SPDX-License-Identifier: Apache-2.0
"""What each frame of physical memory is used for, as the kernel keeps account of it."""
