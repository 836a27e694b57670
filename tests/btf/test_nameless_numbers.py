# SPDX-License-Identifier: Apache-2.0
"""Numbers without a name: the kernel takes them, and pahole up to 1.16 gave arrays such an index type."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.btfwriter import Writer
from support.overlay import Overlay
from volatility3_btf.blobs.scan import find_kernel_btf
from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.c.header import c_header
from volatility3_btf.btf.recover.flaws import flaw_of
from volatility3_btf.btf.views.text import render
from volatility3_btf.isf import TypeEntries
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.memory.memory import Memory

SIGNED = 1


@pytest.fixture(scope="module")
def old(dump: Callable[[str], Dump]) -> Iterator[Memory]:
    """An image in which one integer type has lost its name."""
    image = Overlay(dump("amd64-6.1").raw)
    (blob,) = find_kernel_btf(image)
    types = blob.types
    number = types.find("__int128 unsigned", Kind.INT)
    assert number is not None
    record = int(types.columns.record[number.id - types.first_id])
    image.write(blob.offset + blob.header.type_start + record, bytes(4))
    yield image
    image.restore()


def test_such_a_kernel_is_complete_and_exact(old: Memory) -> None:
    kernel = identify_kernel(old)
    assert (kernel.blob.state, kernel.blob.problem) == ("complete", "")
    assert (kernel.state, kernel.doubts) == ("exact", [])


def numbers() -> tuple[Types, list[int]]:
    writer = Writer()
    index = writer.integer("", 4)
    ids = [index, writer.integer("", 8, SIGNED), writer.integer("", 4, SIGNED), writer.integer("", 16)]
    ids += [writer.integer("", 16, SIGNED), writer.floating("", 8), writer.integer("int", 4, SIGNED)]
    members = [(f"m{at}", writer.array(type_id, index, 2), 256 * at) for at, type_id in enumerate(ids)]
    writer.struct("whole", 256, members)
    return Types(writer.blob()), ids


def test_they_break_no_rule() -> None:
    types, _ = numbers()
    assert flaw_of(types) == ""


def test_what_must_have_a_name_must_have_it_still() -> None:
    writer = Writer()
    writer.typedef("", writer.integer("int", 4, SIGNED))
    assert flaw_of(Types(writer.blob())) == "1 type with values that the kernel refuses"


def test_they_are_shown_as_c_names_them() -> None:
    types, _ = numbers()
    text = render(types["whole"])
    words = ("unsigned int m0[2]", "signed long long m1[2]", "signed int m2[2]", "unsigned __int128 m3[2]")
    assert [word in text for word in (*words, "signed __int128 m4[2]", "double m5[2]")] == [True] * 6


def test_a_header_with_them_compiles(tmp_path: Path) -> None:
    types, _ = numbers()
    made = c_header(types)
    assert not made.inexpressible
    path = tmp_path / "types.h"
    path.write_text(made.text + made.assertion_text())
    subprocess.run(["gcc", "-std=gnu11", "-fsyntax-only", path], check=True)


def test_a_symbol_table_gives_them_names_by_size_and_sign() -> None:
    types, ids = numbers()
    entries = TypeEntries(types)
    described = [entries.describe(type_id)["name"] for type_id in ids]
    assert described[:3] == ["unsigned int", "long int", "int"]
    assert described[3:] == ["unnamed_int_16", "unnamed_signed_int_16", "unnamed_float_8", "int"]
    for type_id, name in zip(ids, described, strict=True):
        base = entries.base_types[name]
        assert base["size"] == types.word_of(type_id)
        assert base["signed"] == (type_id not in (ids[0], ids[3]))
