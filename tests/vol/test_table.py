# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What our own symbol table offers to plugins, and what it keeps to itself."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.vol.symbols.kernel_table import OFFSETS, Content


@pytest.mark.parametrize(
    ("name", "is_right"), [("amd64-6.1", True), ("amd64-7", False), ("arm64-6.12", False)]
)
def test_offsets_are_offered_where_volatility_reads_them_right(
    name: str, is_right: bool, dump: Callable[[str], Dump]
) -> None:
    kernel = identify_kernel(open_memory(dump(name).raw))
    symbols = Content("file:///none", kernel)["symbols"]
    assert (OFFSETS in symbols) == (OFFSETS in list(symbols)) == is_right
    assert len(symbols) == len(list(symbols))
    assert "init_task" in symbols and symbols["init_task"]["address"]
    if not is_right:
        with pytest.raises(KeyError):
            symbols[OFFSETS]
