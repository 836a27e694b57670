# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What must not be taken for an x86 kernel, whatever symbol file there is for it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.pluginruns import give_isf, make_isf
from support.volrunner import Vol

pytestmark = pytest.mark.slow


def test_a_symbol_file_of_another_processors_kernel(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path
) -> None:
    """Without us Volatility takes it for 32-bit x86, as its pointers have 64 bits, and would find nothing."""
    arm = dump("arm64-6.12")
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), arm))
    done = vol("--no-btf", "linux.pslist", image=arm.raw, check=False)
    assert done.returncode == 1
    assert "of a 64-bit kernel that is not for x86-64" in done.stderr
    assert "Traceback" not in done.stderr
