# SPDX-License-Identifier: Apache-2.0
"""Which processor a kernel is for, told by its types alone."""

from __future__ import annotations

import pytest

from support.btfwriter import Writer
from volatility3_btf.btf import Types
from volatility3_btf.kernel.arch.detect import architecture_of


def test_the_members_of_pt_regs_tell_it() -> None:
    writer = Writer()
    number = writer.integer("long", 8)
    writer.struct("pt_regs", 16, [("r15", number, 0), ("orig_ax", number, 64)])
    assert architecture_of(None, None, Types(writer.blob()), "little") == "x86-64"


def test_a_forward_declaration_that_is_left_of_it_tells_nothing() -> None:
    writer = Writer()
    writer.fwd("pt_regs")
    assert architecture_of(None, None, Types(writer.blob()), "little") is None


@pytest.mark.parametrize(("more", "told"), [(0, "x86-64"), (300, None)])
def test_registers_without_number_tell_nothing(more: int, told: str | None) -> None:
    """Each of them would be looked at for every architecture, in a made-up kernel's types."""
    writer = Writer()
    word = writer.integer("long unsigned int", 8)
    names = ["r15", "orig_ax", *(f"x{number}" for number in range(more))]
    writer.struct("pt_regs", 8 * len(names), [(name, word, 64 * at) for at, name in enumerate(names)])
    assert architecture_of(None, None, Types(writer.blob()), "little") == told
