# SPDX-License-Identifier: Apache-2.0
"""What is read of an image beside BTF, and how often."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from decoys import ground_of
from dumpmaker.cache import Dump
from support.decoys import tokens
from support.overlay import Overlay
from volatility3_btf import open_memory
from volatility3_btf.kernel.arch.started import started_kernel
from volatility3_btf.kernel.identify import findings
from volatility3_btf.kernel.identify.findings import read_findings


@pytest.fixture
def tries(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """For each token table that kallsyms were read at, whether by all means."""
    tried: list[bool] = []
    read = findings.read_kallsyms
    monkeypatch.setattr(
        findings,
        "read_kallsyms",
        lambda *words: tried.append(words[3]) or read(*words),  # type: ignore[func-returns-value]
    )
    return tried


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.1", "amd64-7", "arm64-6.12", "s390x-6.12"])
def test_whole_kallsyms_is_read_once(name: str, dump: Callable[[str], Dump], tries: list[bool]) -> None:
    (found,) = read_findings(open_memory(dump(name).raw)).kallsyms
    assert found.is_sound
    assert tries == [False]


def test_token_tables_farther_from_a_kernels_types_than_its_own_are_read_quickly_only(
    dump: Callable[[str], Dump], tries: list[bool]
) -> None:
    ground = ground_of("amd64-6.1", dump)
    for seed in range(20):
        tokens(ground, random.Random(seed))
    tries.clear()
    found = read_findings(ground.image, [ground.kernel.blob.offset])
    assert [kallsyms.is_sound for kallsyms in found.kallsyms] == [True]
    assert 8 <= len(tries) < 16
    assert not any(tries)
    assert any("look like a token table" in complaint for complaint in found.complaints)


@pytest.mark.parametrize("name", ["amd64-6.1", "arm64-6.12"])
def test_damaged_kallsyms_of_the_kernel_that_runs_is_tried_twice(
    name: str, dump: Callable[[str], Dump], tries: list[bool]
) -> None:
    """Quickly, and with all means."""
    image = Overlay(dump(name).raw)
    (whole,) = read_findings(image).kallsyms
    assert whole.tables.num_syms is not None
    image.write(whole.tables.num_syms, bytes(4))
    tries.clear()
    (found,) = read_findings(image, home=started_kernel(image), beside=4).kallsyms
    assert (found.token_table, found.tables.count) == (whole.token_table, whole.tables.count)
    assert tries == [False, True]
