# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The first glance: what is written before a kernel does not hide it."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.survey import BANNER, NOTE, Survey
from volatility3_btf.survey import BTF as SIGNATURES
from volatility3_btf.vol.automagic.glance import IN_MIB, glance_at, notes_in

GetDump = Callable[[str], Dump]
MIB = 1 << 20
BTF = SIGNATURES["little"]


@pytest.mark.parametrize("flood", [BTF, BANNER, BANNER + b"9.9.9 (a@b) (c) #1 SMP\n\0"])
def test_a_flood_below_a_kernel_does_not_hide_it(dump: GetDump, flood: bytes) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    image.write(16 * MIB, flood * (2 * MIB // len(flood)))
    glance = glance_at(Survey(image))
    assert glance.is_linux and glance.is_crowded
    assert dump("amd64-6.1").truth["release"] in glance.releases


def test_a_flood_of_notes_does_not_hide_the_kernels(dump: GetDump) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    image.write(16 * MIB, (NOTE + b"1.2.3\nPAGESIZE=1\nA=1\nB=1\nC=1\n\0") * (2 * MIB // 64))
    assert dump("amd64-6.1").truth["release"] in {note.release for note in notes_in(Survey(image))}


def test_where_not_all_was_looked_at_nobody_says_that_there_is_no_linux() -> None:
    assert not glance_at(Survey(BytesMemory(bytes(MIB)))).is_linux
    assert not glance_at(Survey(BytesMemory(BTF * (IN_MIB - 1) + bytes(MIB)))).is_linux
    assert glance_at(Survey(BytesMemory(BTF * 16384 + bytes(MIB)))).is_linux
