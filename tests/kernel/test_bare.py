# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Kernels without BTF: names and addresses are shown as what they are."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from support.volrunner import Vol
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.kernel.untyped_table import as_text, bare_kernels
from volatility3_btf.memory.memory import BytesMemory

WITHOUT = "s390x-6.1"
"""Built without BTF; its kallsyms lists functions only."""


def guests_own(guest: Dump) -> str:
    """The guest's /proc/kallsyms without what modules added."""
    lines = guest.kallsyms.read_text().splitlines(keepends=True)
    return "".join(line for line in lines if len(line.split()) == 3)


def test_the_symbols_are_written_as_the_guest_has_them(vol: Vol, dump: Callable[[str], Dump]) -> None:
    guest = dump(WITHOUT)
    result = vol("linux.btfisf", "--symbols", image=guest.raw)
    (row,) = result.rows
    assert (row["Release"], row["Architecture"]) == (guest.truth["release"], "s390x")
    assert (row["State"], row["BTF offset"], row["Types"]) == ("symbols only", None, None)
    text = (vol.output / row["File output"]).read_text()
    assert text == guests_own(guest)
    assert row["Symbols"] == text.count("\n")


@pytest.mark.parametrize("plugin", ["linux.btfisf", "linux.btftypes"])
def test_without_types_a_line_says_what_is_there(vol: Vol, dump: Callable[[str], Dump], plugin: str) -> None:
    result = vol(plugin, image=dump(WITHOUT).raw, check=False)
    count = guests_own(dump(WITHOUT)).count("\n")
    (line,) = (line for line in result.stderr.splitlines() if "volatility3.plugins.linux.btf" in line)
    assert "No kernel BTF found" in line
    assert f"{count} names and addresses without types: linux.btfisf --symbols writes them" in line
    assert result.returncode == 1
    assert "file a bug" not in result.stderr


def test_a_kernel_whose_btf_is_gone_keeps_its_symbols(dump: Callable[[str], Dump]) -> None:
    guest = dump("amd64-6.12")
    image = Overlay(guest.raw)
    for blob in list(find_kernel_btf(image)):
        image.write(blob.offset, bytes(blob.size))
    (kernel,) = bare_kernels(image)
    image.restore()
    assert (kernel.release, kernel.architecture) == (guest.truth["release"], "x86-64")
    assert as_text(kernel.symbols).decode() == guests_own(guest)
    assert kernel.doubts == []


def test_where_no_kernel_is_there_is_none() -> None:
    assert bare_kernels(BytesMemory(bytes(1 << 16))) == []
