# SPDX-License-Identifier: Apache-2.0
"""Kernels whose own page tables map them to where they lie, told apart from copies by a few symbols."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import pytest

from decoys import answer, ground_of
from dumpmaker.cache import Dump
from support.decoys import HUGE, PAGE, Ground, copy_image, page_tables
from support.overlay import Overlay
from volatility3_btf.kernel import identify_kernels, identify_running
from volatility3_btf.kernel.evidence.banner import read_banners
from volatility3_btf.kernel.evidence.vmcoreinfo import Vmcoreinfo, read_vmcoreinfo
from volatility3_btf.kernel.home.mapped import tell_tables
from volatility3_btf.kernel.identify.findings import read_findings
from volatility3_btf.kernel.kallsyms.tokens import Tokens, tokens_at_digits
from volatility3_btf.survey import BANNER, DIGITS, NOTE, Survey

GetDump = Callable[[str], Dump]
NAMES = ["amd64-5.10", "amd64-6.1", "amd64-7", "arm64-6.12", "riscv64-6.12", "s390x-6.12", "ppc64el-6.12"]
NO_VARIABLES = ["arm64-6.1", "s390x-6.1"]
"""Kernels whose kallsyms has functions only."""


def token_tables(image: Overlay) -> dict[int, Tokens]:
    found = (tokens_at_digits(image, hit) for hit, _ in Survey(image).places(DIGITS))
    return {tokens.table: tokens for tokens in found if tokens is not None}


def mapped(image: Overlay, notes: Sequence[Vmcoreinfo] | None = None) -> list[int]:
    """The token tables of mapped kernels, by all notes of the image or by some."""
    survey = Survey(image)
    banners = read_banners(image, [place for place, _ in survey.places(BANNER)])
    if notes is None:
        notes = read_vmcoreinfo(image, [place for place, _ in survey.places(NOTE)])
    tables = [*token_tables(image).values()]
    told = tell_tables(image, tables, tables, banners, notes)
    assert told.is_complete
    return [tokens.table for tokens in told.mapped]


def table_of(image: Overlay) -> int:
    (found,) = read_findings(image).kallsyms
    return found.token_table


@pytest.mark.parametrize("name", NAMES)
def test_by_symbols(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    assert mapped(image, []) == [table_of(image)]


@pytest.mark.parametrize("name", [*NAMES[1:], *NO_VARIABLES])
def test_by_its_note(dump: GetDump, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    image = Overlay(dump(name).raw)
    monkeypatch.setattr("volatility3_btf.kernel.home.mapped.lookup_at", lambda *_: None)
    assert mapped(image) == [table_of(image)]
    assert mapped(image, []) == []


@pytest.mark.parametrize("name", NO_VARIABLES)
def test_nothing_is_told_by_functions_alone(dump: GetDump, name: str) -> None:
    assert mapped(Overlay(dump(name).raw), []) == []


@pytest.mark.parametrize("name", ["amd64-6.1", "arm64-6.1", "arm64-6.12", "s390x-6.12"])
def test_copies_are_not_mapped(dump: GetDump, name: str) -> None:
    """Each begins where the kernel does, and ends behind its page tables."""
    image = Overlay(dump(name).raw)
    (kernel,) = identify_kernels(image)
    own, tables, symbols = table_of(image), kernel.page_tables, kernel.symbols
    assert tables is not None and symbols is not None and symbols.image is not None
    start = symbols.image.start - (kernel.physical_shift or 0) & -PAGE
    data = image.read(start, max(own, tables.root) + (1 << 20) - start & -PAGE)
    size = -(-len(data) // HUGE) * HUGE
    runs = [(at, room) for at, room in Ground(image, kernel).runs if room >= size]
    places = [place for at, room in runs for place in range(at, at + room - size + 1, size)][:3]
    for place in places:
        image.write(place, data)
    assert token_tables(image).keys() == {own, *(own - start + place for place in places)} != {own}
    assert mapped(image) == [own]


@pytest.mark.parametrize("count", [3, 40])
def test_page_tables_that_a_process_wrote_hide_nothing(dump: GetDump, count: int) -> None:
    """The kernel's own is among those that are mapped, however many they are."""
    ground = ground_of("arm64-6.12", dump)
    image, own = ground.image, table_of(ground.image)
    page_tables(ground, random.Random(1), count)
    forged = set(mapped(image)) - {own}
    assert len(forged) > count // 2 and own in mapped(image)
    findings = read_findings(image, [ground.kernel.blob.offset], beside=0)
    assert own in {found.token_table for found in findings.kallsyms}
    assert answer(identify_running(image)[0]) == answer(ground.kernel)


def test_nothing_is_left_unread_where_not_all_could_be_tried(
    dump: GetDump, monkeypatch: pytest.MonkeyPatch
) -> None:
    ground = ground_of("arm64-6.12", dump)
    for number in range(8):
        copy_image(ground, random.Random(number), ground.image, ground.kernel, 0)
    near = [ground.kernel.blob.offset]
    few = read_findings(ground.image, near, beside=1)
    monkeypatch.setattr("volatility3_btf.kernel.home.mapped._MOST_READ", 3)
    every = read_findings(ground.image, near, beside=1)
    assert few.unread > 0 == every.unread
    assert len(every.kallsyms) > len(few.kallsyms) == 2


def test_every_kernel_that_was_started_is_mapped(dump: GetDump) -> None:
    """The one before it lies where it lay."""
    for name in ("amd64-kexec", "amd64-reset"):
        image = Overlay(dump(name).raw)
        assert len(mapped(image, [])) == len(mapped(image)) == 2


def test_page_tables_that_lead_elsewhere_map_nothing(dump: GetDump) -> None:
    image = Overlay(dump("arm64-6.12").raw)
    (kernel,) = identify_kernels(image)
    root = kernel.find("swapper_pg_dir")
    assert root is not None
    image.write(root, image.read(root + 8, PAGE - 8) + bytes(8))
    assert mapped(image) == []
    image.write(root, bytes(PAGE))
    assert mapped(image) == []
