# SPDX-License-Identifier: Apache-2.0
"""Copies of a kernel, and damaged BTF: what is held against memory, and what may be left alone."""

from __future__ import annotations

import random
from collections.abc import Callable
from typing import Any

import pytest

from decoys import answer
from dumpmaker.cache import Dump
from support.decoys import HUGE, PAGE, Ground, copy_image, many_names
from support.overlay import Overlay
from volatility3_btf.blobs.scan import MOST_SOUND, find_sound_btf
from volatility3_btf.kernel import Kernel, identify_running
from volatility3_btf.kernel.arch.started import started_kernel
from volatility3_btf.kernel.identify import identify
from volatility3_btf.kernel.identify.asked import undecided
from volatility3_btf.kernel.identify.findings import Findings, read_findings
from volatility3_btf.kernel.kallsyms import names
from volatility3_btf.kernel.kallsyms.tokens import Tokens
from volatility3_btf.memory.memory import lies_in

GetDump = Callable[[str], Dump]


def damage(image: Overlay, kernel: Kernel) -> None:
    """Change the first word of a record in the middle of the kernel's BTF."""
    at = kernel.blob.offset + kernel.blob.header.type_start + kernel.blob.header.type_len // 8 * 4
    image.write(at, b"\xff" * 32)


def test_many_copies_of_its_read_only_data_do_not_hide_a_kernel(dump: GetDump) -> None:
    """Their banners and types are as many witnesses as its own, and most of them lie below."""
    image = Overlay(dump("amd64-6.1").raw)
    (honest,) = identify_running(image)
    ground, rng = Ground(image, honest), random.Random(1)
    for changes in [0, 2] * 8:
        copy_image(ground, rng, image, honest, changes)
    first, *others = identify_running(image)
    assert (answer(first), first.state, first.doubts) == (answer(honest), "exact", [])
    sound, left = find_sound_btf(image)
    assert len(sound) == MOST_SOUND and len(left) > 2
    assert {kernel.state for kernel in others} <= {"unchecked", "partial", "types only"}
    assert len({kernel.blob.offset for kernel in (first, *others)}) == len(others) + 1
    assert undecided(first, others, "") == ""


def with_copies(image: Overlay, honest: Kernel, count: int, changes: int = 0) -> Overlay:
    ground, rng = Ground(image, honest), random.Random(3)
    for _ in range(count):
        copy_image(ground, rng, image, honest, changes)
    return image


@pytest.mark.parametrize("name", ["amd64-6.1", "s390x-6.12", "arm64-6.12"])
def test_beside_the_kernel_that_runs_few_symbols_are_read(dump: GetDump, name: str) -> None:
    """It is the one that processors enter, or, on arm64, the one that its page tables map."""
    image = Overlay(dump(name).raw)
    (honest,) = identify_running(image)
    (own,) = read_findings(image).kallsyms
    with_copies(image, honest, 12)
    home = started_kernel(image)
    sound, left = find_sound_btf(image, home=home)
    places = sorted((blob.offset for blob in (*sound, *left)), key=lambda place: not lies_in(place, home))
    findings = read_findings(image, places, home=home, beside=2)
    assert findings.kallsyms[0].token_table == own.token_table
    assert len(findings.kallsyms) <= 3 < len(places)
    assert findings.unread > 0
    assert f"{findings.unread} token tables were left unread" in findings.complaints


def test_beside_it_no_more_names_are_read_than_some_kernels_have(dump: GetDump) -> None:
    image = Overlay(dump("arm64-6.12").raw)
    (honest,) = identify_running(image)
    ground = Ground(image, honest)
    for number in range(3):
        many_names(ground, random.Random(number))
    findings = read_findings(image, [honest.blob.offset], beside=4)
    own, *others = findings.kallsyms
    assert (others, findings.unread > 2) == ([], True)
    every = read_findings(image, [honest.blob.offset]).kallsyms
    assert sum(found.tables.count > 4 * own.tables.count for found in every) > 1


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[Findings]:
    """Everything that is read beside BTF, each time that it is."""
    every = list[Findings]()

    def kept(*words: Any, **options: Any) -> Findings:
        every.append(read_findings(*words, **options))
        return every[-1]

    monkeypatch.setattr(identify, "read_findings", kept)
    return every


@pytest.mark.parametrize("name", ["arm64-6.12", "arm64-6.1"])
def test_all_symbols_are_read_only_where_the_mapped_kernel_has_ended(
    dump: GetDump, name: str, read: list[Findings]
) -> None:
    """Of arm64-6.1 nothing is exact: it lists no variables."""
    image = Overlay(dump(name).raw)
    (honest,) = identify_running(image)
    start, size = read[-1].kallsyms[0].token_table - (3 << 20) & -PAGE, 4 << 20
    runs = Ground(image, honest).runs
    places = [place for at, room in runs for place in range(at, at + room - size + 1, size)]
    assert len(places) > 8
    for place in places[:8]:
        image.write(place, image.read(start, size))
    read.clear()
    assert [answer(kernel) for kernel in identify_running(image)] == [answer(honest)]
    assert [(len(found.kallsyms), found.unread) for found in read] == [(5, 4)]
    state, enum = honest.find("system_state"), honest.blob.types["system_states"]
    assert state is not None
    image.write(state, dict(enum.values)["SYSTEM_POWER_OFF"].to_bytes(4, "little"))
    read.clear()
    first, *_ = identify_running(image)
    assert (answer(first), first.life) == (answer(honest), "ended")
    assert [(len(found.kallsyms), found.unread) for found in read] == [(5, 4), (9, 0)]


def test_the_names_of_equal_copies_are_decoded_once(dump: GetDump, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where all kernels are wanted, the symbols of all are read."""
    image, decoded, decode = Overlay(dump("arm64-6.12").raw), list[int](), names.decode

    def counted(data: bytes, found: names.Walk, tokens: Tokens) -> names.Names:
        decoded.append(tokens.table)
        return decode(data, found, tokens)

    (honest,) = identify_running(image)
    start, end = honest.find("linux_banner"), honest.find("__end_rodata")
    assert start is not None and end is not None
    data = image.read(start, end - start)
    size = -(-len(data) // HUGE) * HUGE
    runs = Ground(image, honest).runs
    places = [place for at, room in runs for place in range(at, at + room - size + 1, size)]
    for place in places[:5]:
        image.write(place + start % PAGE, data)
    table = honest.find("kallsyms_names")
    assert table is not None
    image.write(places[4] + start % PAGE + table - start + 5000, b"\x01")
    monkeypatch.setattr(names, "decode", counted)
    findings = read_findings(image, [honest.blob.offset])
    assert (len(findings.kallsyms), len(decoded)) == (6, 2)
    first, *_ = identify_running(image)
    assert answer(first) == answer(honest)


def test_damaged_btf_is_left_alone_where_another_kernel_runs(
    dump: GetDump, caplog: pytest.LogCaptureFixture
) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    (honest,) = identify_running(image)
    ground = Ground(image, honest)
    place = ground.run(random.Random(2), 16 << 20)
    assert place is not None
    image.write(place, honest.blob.data)
    at = place + honest.blob.header.type_start + honest.blob.header.type_len // 8 * 4
    image.write(at, b"\xff" * 32)
    sound, others = find_sound_btf(image)
    assert [blob.offset for blob in sound] == [honest.blob.offset]
    assert [(blob.offset, blob.state) for blob in others] == [(place, "damaged")]
    assert [answer(kernel) for kernel in identify_running(image)] == [answer(honest)]
    assert "damaged" not in caplog.text


@pytest.mark.parametrize("name", ["amd64-kexec", "amd64-reset", "amd64-crash"])
def test_a_damaged_kernel_that_runs_stands_before_a_sound_one_that_has_ended(
    dump: GetDump, name: str
) -> None:
    image = Overlay(dump(name).raw)
    running, *_ = identify_running(image)
    damage(image, running)
    first, *others = identify_running(image)
    assert first.blob.offset == running.blob.offset
    assert (first.life, first.state, first.blob.state) == (running.life, "partial", "damaged")
    assert first.symbols is not None and first.blob.types["task_struct"].get("comm")
    assert others
