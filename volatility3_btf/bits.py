# SPDX-License-Identifier: Apache-2.0
"""Words of 64 bits."""

from typing import Final

ALL_BITS: Final = (1 << 64) - 1
"""The largest number in one, and the mask of addresses of which nothing is cut off."""
