# SPDX-License-Identifier: Apache-2.0
"""Which pages of an image were read, and whether they still hold the same."""

from __future__ import annotations

from volatility3_btf.memory.memory import PAGE, BytesMemory, Run, SegmentedMemory
from volatility3_btf.memory.touched import TouchedMemory, digest_of_runs


def test_what_was_read_is_told_as_pages_that_touch() -> None:
    memory = TouchedMemory(BytesMemory(bytes(16 * PAGE)))
    assert memory.touched == []
    memory.read(PAGE + 10, 4)
    memory.read(2 * PAGE - 1, 2)
    memory.read(9 * PAGE, 2 * PAGE)
    assert memory.touched == [Run(PAGE, 2 * PAGE), Run(9 * PAGE, 2 * PAGE)]


def test_what_was_only_searched_does_not_count() -> None:
    memory = TouchedMemory(BytesMemory(bytes(4 * PAGE) + b"needle" + bytes(PAGE)))
    assert list(memory.find(b"needle")) == [4 * PAGE]
    assert list(memory.windows()) and memory.touched == []


def test_only_what_the_image_holds_is_told() -> None:
    memory = TouchedMemory(SegmentedMemory([(100, bytes(PAGE)), (PAGE + 200, bytes(50))]))
    memory.read(PAGE - 10, 20)
    memory.read(PAGE + 210, 10)
    assert memory.touched == [Run(100, PAGE), Run(PAGE + 200, 50)]


def test_the_digest_changes_with_a_byte_and_with_a_place() -> None:
    data, runs = bytearray(range(256)) * 64, [Run(0, PAGE), Run(2 * PAGE, PAGE)]
    before = digest_of_runs(BytesMemory(bytes(data)), runs)
    assert before == digest_of_runs(BytesMemory(bytes(data)), runs)
    assert before != digest_of_runs(BytesMemory(bytes(data)), [Run(0, PAGE), Run(PAGE, PAGE)])
    data[2 * PAGE + 5] ^= 1
    assert before != digest_of_runs(BytesMemory(bytes(data)), runs)


def test_what_is_gone_is_another_digest_and_no_error() -> None:
    whole, cut = BytesMemory(bytes(2 * PAGE)), BytesMemory(bytes(PAGE + 1))
    assert digest_of_runs(whole, [Run(0, 2 * PAGE)]) != digest_of_runs(cut, [Run(0, 2 * PAGE)])
