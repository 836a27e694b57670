# SPDX-License-Identifier: Apache-2.0
"""All that there is to say of a kernel's types, made as linux.btftypes makes it and thrown away."""

from __future__ import annotations

from volatility3_btf.btf.budget import Budget
from volatility3_btf.btf.views.difference import diff
from volatility3_btf.btf.views.table_rows import rows_of
from volatility3_btf.btf.views.text import render
from volatility3_btf.kernel import Kernel


def text(kernel: Kernel) -> None:
    """Every type as C."""
    budget = Budget()
    for found in budget.within(kernel.blob.types):
        render(found, budget)


def rows(kernel: Kernel) -> None:
    """Every type as rows."""
    budget = Budget()
    for found in budget.within(kernel.blob.types):
        for _ in rows_of(found, budget):
            pass


def differences(kernel: Kernel) -> None:
    """The comparison with itself."""
    for _ in diff(kernel.blob.types, kernel.blob.types):
        pass
