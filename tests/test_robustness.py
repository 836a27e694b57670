# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The cells of the damage matrix in which everything must be recovered, and a few of the others."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from robustness import target_of, try_cell
from support.damages import CELLS, Cell, Target
from support.verdicts import Truth, Verdict, judge
from volatility3_btf.kernel import identify_kernels

GetDump = Callable[[str], Dump]
Try = Callable[[Cell], Verdict]
COMPLETE = [cell for cell in CELLS if cell.complete]
PARTIAL = ("BTF types zeroed 10 % of its pages", "BTF strings missing 1 page")


@pytest.fixture(scope="module", params=["amd64-6.1", "amd64-6.12"])
def damaged(request: pytest.FixtureRequest, dump: GetDump) -> Iterator[tuple[Target, Truth]]:
    sound = dump(request.param)
    yield target_of(sound), Truth(sound.kallsyms, sound.folder / "btf" / "vmlinux")


def named(name: str) -> Cell:
    (cell,) = (cell for cell in CELLS if f"{cell.group} {cell.name}" == name)
    return cell


@pytest.mark.parametrize("cell", COMPLETE, ids=lambda cell: f"{cell.group} {cell.name}")
def test_everything_is_recovered(cell: Cell, damaged: tuple[Target, Truth]) -> None:
    for seed in range(min(2, cell.seeds)):
        verdict = try_cell(cell, *damaged, seed=f"test {seed}")
        assert (verdict.word, verdict.false) == ("right", 0), verdict


@pytest.mark.parametrize("name", PARTIAL)
def test_the_rest_is_recovered_and_the_loss_told(name: str, damaged: tuple[Target, Truth]) -> None:
    verdict = try_cell(named(name), *damaged, seed="test")
    assert (verdict.word, verdict.state, verdict.false) == ("partial", "partial", 0), verdict
    assert verdict.types > 0.5


def test_a_torn_image_is_read_whole(dump: GetDump) -> None:
    """One half of it is of the moment when the guest's first process started."""
    sound = dump("amd64-6.1-torn")
    target, truth = target_of(sound), Truth(sound.kallsyms, sound.folder / "btf" / "vmlinux")
    cell = named("torn half of an earlier moment")
    for seed in range(cell.seeds):
        verdict = try_cell(cell, target, truth, seed=f"test {seed}")
        assert (verdict.word, verdict.false) == ("right", 0), verdict


def test_two_damaged_copies_make_a_whole_one(damaged: tuple[Target, Truth]) -> None:
    cell = named("two copies of BTF, each lacking others 10 % of its pages")
    verdict = try_cell(cell, *damaged, seed="test")
    assert (verdict.word, verdict.state) == ("right", "partial")


def test_a_function_that_kallsyms_does_not_list_is_noticed(damaged: tuple[Target, Truth]) -> None:
    target, truth = damaged
    start, end = target.strings
    place = start + target.image.read(start, end - start).index(b"\0wake_up_process\0")
    target.image.write(place + 1, b"wale")
    kernels = identify_kernels(target.image)
    target.image.restore()
    assert judge(kernels, truth).word == "partial"
    assert any("are not in kallsyms" in doubt for doubt in kernels[0].doubts)
