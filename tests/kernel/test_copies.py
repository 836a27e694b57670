# SPDX-License-Identifier: Apache-2.0
"""Copies of a kernel, and damaged BTF: what is held against memory, and what may be left alone."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from decoys import answer, identified
from dumpmaker.cache import Dump
from support.decoys import HUGE, PAGE, Ground, copy_image
from support.overlay import Overlay
from volatility3_btf.blobs.scan import MOST_SOUND, find_sound_btf
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.arch.started import started_kernel
from volatility3_btf.kernel.identify.asked import undecided
from volatility3_btf.kernel.identify.findings import Enough, read_findings
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
    (honest,) = identified(image)
    ground, rng = Ground(image, honest), random.Random(1)
    for changes in [0, 2] * 8:
        copy_image(ground, rng, image, honest, changes)
    first, *others = identified(image)
    assert (answer(first), first.state, first.doubts) == (answer(honest), "exact", [])
    sound, left = find_sound_btf(image)
    assert len(sound) == MOST_SOUND and len(left) > 2
    assert {kernel.state for kernel in others} <= {"unchecked", "partial", "types only"}
    assert len({kernel.blob.offset for kernel in (first, *others)}) == len(others) + 1
    assert undecided(first, others, "") == ""


@pytest.mark.parametrize("name", ["amd64-6.1", "s390x-6.12"])
def test_beside_the_kernel_that_processors_enter_few_symbols_are_read(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    (honest,) = identified(image)
    ground, rng = Ground(image, honest), random.Random(3)
    for _ in range(12):
        copy_image(ground, rng, image, honest, 0)
    home = started_kernel(image)
    sound, left = find_sound_btf(image, home=home)
    places = sorted((blob.offset for blob in (*sound, *left)), key=lambda place: not lies_in(place, home))
    findings = read_findings(image, places, enough=Enough(home, 2))
    assert any(lies_in(found.token_table, home) for found in findings.kallsyms)
    assert len(findings.kallsyms) <= 3 < len(places)
    assert any("left unread" in text for text in findings.complaints)


def test_the_names_of_equal_copies_are_decoded_once(dump: GetDump, monkeypatch: pytest.MonkeyPatch) -> None:
    """On arm64 nothing outside of the kernel tells which one runs, so the symbols of all are read."""
    image, decoded, decode = Overlay(dump("arm64-6.12").raw), list[int](), names.decode

    def counted(data: bytes, found: names.Walk, tokens: Tokens) -> names.Names:
        decoded.append(tokens.table)
        return decode(data, found, tokens)

    (honest,) = identified(image)
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
    first, *_ = identified(image)
    assert answer(first) == answer(honest)


def test_damaged_btf_is_left_alone_where_another_kernel_runs(
    dump: GetDump, caplog: pytest.LogCaptureFixture
) -> None:
    image = Overlay(dump("amd64-6.1").raw)
    (honest,) = identified(image)
    ground = Ground(image, honest)
    place = ground.run(random.Random(2), 16 << 20)
    assert place is not None
    image.write(place, honest.blob.data)
    at = place + honest.blob.header.type_start + honest.blob.header.type_len // 8 * 4
    image.write(at, b"\xff" * 32)
    sound, others = find_sound_btf(image)
    assert [blob.offset for blob in sound] == [honest.blob.offset]
    assert [(blob.offset, blob.state) for blob in others] == [(place, "damaged")]
    assert [answer(kernel) for kernel in identified(image)] == [answer(honest)]
    assert "damaged" not in caplog.text


@pytest.mark.parametrize("name", ["amd64-kexec", "amd64-reset", "amd64-crash"])
def test_a_damaged_kernel_that_runs_stands_before_a_sound_one_that_has_ended(
    dump: GetDump, name: str
) -> None:
    image = Overlay(dump(name).raw)
    running, *_ = identified(image)
    damage(image, running)
    first, *others = identified(image)
    assert first.blob.offset == running.blob.offset
    assert (first.life, first.state, first.blob.state) == (running.life, "partial", "damaged")
    assert first.symbols is not None and first.blob.types["task_struct"].get("comm")
    assert others
