# SPDX-License-Identifier: Apache-2.0
"""What is read of an image beside BTF, and how often."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import open_memory
from volatility3_btf.kernel import findings
from volatility3_btf.kernel.findings import read_findings


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.1", "amd64-7", "arm64-6.12", "s390x-6.12"])
def test_whole_kallsyms_is_read_once(
    name: str, dump: Callable[[str], Dump], monkeypatch: pytest.MonkeyPatch
) -> None:
    tries: list[bool] = []
    read = findings.read_kallsyms
    monkeypatch.setattr(
        findings,
        "read_kallsyms",
        lambda *words: tries.append(words[-1]) or read(*words),  # type: ignore[func-returns-value]
    )
    (found,) = read_findings(open_memory(dump(name).raw)).kallsyms
    assert found.is_sound
    assert tries == [False]
