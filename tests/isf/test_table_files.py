# SPDX-License-Identifier: Apache-2.0
"""The files of a library: whole, or an error of one line."""

from __future__ import annotations

import hashlib
import lzma
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.smallkernels import small_btf, write_small_kernel
from volatility3_btf import build_isf, identify_kernel, open_memory
from volatility3_btf.isf import table_files
from volatility3_btf.isf.table_files import (
    TableFileError,
    addresses_of,
    agreement_of,
    read_btf,
    read_document,
    unpacked,
)

BTF = small_btf(1)
PACKED = lzma.compress(BTF, preset=0)


def test_btf_is_that_of_its_name() -> None:
    digest = hashlib.sha256(BTF).hexdigest()
    assert read_btf(PACKED, digest[:12]).data == BTF
    with pytest.raises(TableFileError, match="another BTF"):
        read_btf(PACKED, "0" * 12)


@pytest.mark.parametrize("cut", [0, 1, 12, len(PACKED) // 2, len(PACKED) - 1])
def test_what_is_cut_short_is_not_whole(cut: int) -> None:
    with pytest.raises(TableFileError, match="not whole"):
        read_btf(PACKED[:cut])


def test_a_file_that_unpacks_to_far_too_much_is_no_table(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "_MOST_BTF", 1 << 20)
    with pytest.raises(TableFileError, match="far too large"):
        read_btf(lzma.compress(bytes(8 << 20)))


def test_one_that_wants_too_much_memory_is_none() -> None:
    filters = [{"id": lzma.FILTER_LZMA2, "dict_size": 512 << 20}]
    packer = lzma.LZMACompressor(lzma.FORMAT_XZ, filters=filters)
    with pytest.raises(TableFileError):
        unpacked(packer.compress(b"x") + packer.flush(), 100)


@given(st.binary(max_size=200))
def test_anything_else_is_an_error_of_one_kind(data: bytes) -> None:
    for packed in (data, lzma.compress(data, preset=0)):
        for read in (read_btf, read_document):
            with pytest.raises(TableFileError):
                read(packed)


def test_names_that_are_elsewhere_are_counted_and_named(tmp_path: Path) -> None:
    kernel = identify_kernel(open_memory(write_small_kernel(tmp_path / "a.raw", 1, 0x800000)))
    addresses = addresses_of(build_isf(kernel).content)
    whole = agreement_of(kernel, addresses)
    assert whole is not None and whole.differing == 0
    del addresses["function_1_3"]
    addresses["function_1_2"] += 1
    changed = agreement_of(kernel, addresses)
    assert changed is not None
    assert (changed.listed, changed.differing) == (whole.listed, 2)
    assert changed.others == ("function_1_2", "function_1_3")
