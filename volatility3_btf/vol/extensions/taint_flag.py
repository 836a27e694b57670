# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct taint_flag` of kernels without its member `module` (6.19 and later; kernel/panic.c).

The framework asks each flag whether it is shown for modules. The kernel no longer says so, since it sets in a
module's `taints` only what is: `module_flags_taint` (kernel/module/main.c) shows every bit that is set.
"""

from __future__ import annotations

from volatility3.framework import objects


class TaintFlag(objects.StructType):
    """A flag that is shown wherever it is set."""

    module = True
