# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A plugin that misses what damaged BTF has lost ends with a word; any other fault is left alone."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.overlay import PAGE, Overlay
from support.volrunner import Vol
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.vol.symbols import losses

MAIN = "amd64-6.1"


@pytest.mark.slow
def test_lost_types_are_told_with_a_saved_choice_too(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path
) -> None:
    overlay = Overlay(dump(MAIN).raw)
    blob = identify_kernel(overlay).blob
    start = blob.offset + blob.header.type_start
    overlay.blank(range(start // PAGE + 1, (start + blob.header.type_len) // PAGE, 4))
    overlay.save(tmp_path / "memory.raw")
    saved = tmp_path / "saved.json"
    first = vol("--save-config", saved, "linux.pslist", image=tmp_path / "memory.raw", check=False)
    again = vol("-c", saved, "linux.pslist", image=tmp_path / "memory.raw", check=False)
    for done in (first, again):
        assert done.returncode == 1
        assert "This plugin cannot go on: the symbol table of Linux 6.1" in done.stderr
        assert "Traceback" not in done.stderr


def test_a_fault_without_a_partial_table_is_left_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(losses, "_partial", [])
    with pytest.raises(AttributeError), losses.types_may_be_lost():
        raise AttributeError("tasks")
    losses.given(None)
    with pytest.raises(SystemExit), losses.types_may_be_lost():
        raise AttributeError("tasks")
    with pytest.raises(OSError), losses.types_may_be_lost():
        raise OSError("disk full")
