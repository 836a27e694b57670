# SPDX-License-Identifier: Apache-2.0
"""The kernels' own blobs, beside bpftool's reading of them."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from support import bpftool
from support.kernels import KERNELS
from volatility3_btf.btf import BtfError, Kind, Types, outline


@pytest.fixture(params=KERNELS)
def folder(request: pytest.FixtureRequest, dump: Callable[[str], Any]) -> Path:
    """The guest's /sys/kernel/btf."""
    return Path(dump(request.param).btf)


def test_counts_are_bpftools(folder: Path) -> None:
    blob = (folder / "vmlinux").read_bytes()
    types = Types(blob)
    assert types.header.size == len(blob)
    assert types.counts == bpftool.counts(folder / "vmlinux")
    assert not outline(blob).split


def test_every_module_goes_on_from_the_kernel(folder: Path) -> None:
    base = Types((folder / "vmlinux").read_bytes())
    for path in sorted(folder.iterdir()):
        if path.name == "vmlinux":
            continue
        blob = path.read_bytes()
        seen = outline(blob)
        assert seen.split
        assert seen.fits(base)
        types = Types(blob, base)
        assert types.counts == seen.counts == bpftool.counts(path, folder / "vmlinux")
        with pytest.raises(BtfError):
            Types(blob)


def test_modules_do_not_fit_another_kernel(dump: Callable[[str], Any]) -> None:
    here, there = dump("amd64-6.1").btf, dump("amd64-6.12").btf
    other = Types((there / "vmlinux").read_bytes())
    modules = [path for path in here.iterdir() if path.name != "vmlinux"]
    assert modules
    assert not any(outline(path.read_bytes()).fits(other) for path in modules)


def test_every_type_can_be_asked_for(folder: Path) -> None:
    types = Types((folder / "vmlinux").read_bytes())
    sized = [found for found in types.of_kind(Kind.STRUCT, Kind.UNION) if found.size]
    assert len(sized) > 5000
    assert sum(len(found.members) for found in sized) > 40000
    assert types["task_struct"]["comm"].type.size == 16
    assert types["char"].size == 1
    assert types.pointer_size == types["list_head"]["prev"].offset == 8
    names = types.names(range(types.end_id))
    assert names == [types.name_of(type_id) for type_id in range(types.end_id)]
