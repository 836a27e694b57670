# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""An image in which a process left types with a million names each, and claims by the dozen."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from decoys import ground_of
from dumpmaker.cache import Dump
from support.decoys import claims, many_names, tokens
from support.volrunner import Vol

pytestmark = pytest.mark.slow

CLEAN = "arm64-6.12"
"""Of this processor's kernels nothing outside of their own memory tells which one runs."""


@pytest.fixture(scope="module")
def crowded(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Path:
    ground, rng = ground_of(CLEAN, dump), random.Random(7)
    for decoy in (many_names, many_names, claims, tokens):
        decoy(ground, rng)
    path = tmp_path_factory.mktemp("crowded") / "memory.raw"
    ground.image.save(path)
    return path


@pytest.mark.parametrize("words", [("linux.pslist",), ("linux.btftypes", "--type", "task_struct")])
def test_what_is_printed_is_of_the_honest_kernel(
    dump: Callable[[str], Dump], vol: Vol, crowded: Path, words: tuple[str, ...]
) -> None:
    result = vol(*words, image=crowded)
    assert result.rows and result.rows == vol(*words, image=dump(CLEAN).raw).rows
    assert "kernels are in this image" not in result.stderr


def test_the_honest_kernel_alone_gets_a_table(dump: Callable[[str], Dump], vol: Vol, crowded: Path) -> None:
    (row,) = vol("linux.btfisf", image=dump(CLEAN).raw).rows
    result = vol("linux.btfisf", image=crowded)
    first, *others = result.rows
    assert first == row
    assert len(others) > 4 and {other["File output"] for other in others} == {None}
    assert f"{len(others)} kernels get no table" in result.stderr
    assert result.stderr.count("damaged, and not mended") == 1
    one = others[-1]["BTF offset"]
    (alone,) = vol("--btf-kernel", hex(one), "linux.btfisf", image=crowded).rows
    assert (alone["BTF offset"], alone["State"]) == (one, others[-1]["State"])
    assert (vol.output / alone["File output"]).is_file()
