# SPDX-License-Identifier: Apache-2.0
"""The three kinds of addresses, which a type checker tells apart; none of them costs anything at run time."""

from __future__ import annotations

from typing import NewType

Virtual = NewType("Virtual", int)
"""What the kernel and its processes use: the values of pointers and symbols."""

Physical = NewType("Physical", int)
"""What page tables and the kernel's map of memory hold: where the machine has it."""

Place = NewType("Place", int)
"""Where something lies in the image, as Volatility's layer counts: physical less `Kernel.layer_base`."""
