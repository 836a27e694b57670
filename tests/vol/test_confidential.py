# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Confidential guests: in page-table entries a bit above the address marks encrypted or shared pages."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.pagetables import with_marks
from support.pluginruns import give_isf, guest_processes, make_isf, processes, stable
from support.volrunner import Vol
from volatility3_btf import identify_kernel, open_memory

pytestmark = pytest.mark.slow

MAIN = "amd64-6.1"


@pytest.fixture(scope="module", params=[47, 51])
def image(
    request: pytest.FixtureRequest, dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A guest whose encryption bit is 47 (Zen 1 and 2, TDX with 4 levels) or 51 (later ones)."""
    memory = open_memory(dump(MAIN).raw)
    path = tmp_path_factory.mktemp("guest") / "memory.raw"
    yield with_marks(dump(MAIN), memory, identify_kernel(memory), request.param, path)
    path.unlink()


def test_process_list(image: Path, dump: Callable[[str], Dump], vol: Vol) -> None:
    done = vol("linux.psaux", image=image)
    shown = {row["PID"]: (row["PPID"], row["COMM"]) for row in done.rows}
    assert stable(shown) == stable(guest_processes(dump(MAIN).truth))
    assert "WARNING" not in done.stderr
    assert (
        done.stdout == vol("linux.psaux", image=dump(MAIN).raw).stdout
    )  # arguments: the processes' own memory


def test_with_the_users_own_file(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), dump(MAIN)))
    memory = open_memory(dump(MAIN).raw)
    image = with_marks(dump(MAIN), memory, identify_kernel(memory), 51, tmp_path / "memory.raw")
    shown = processes(vol("linux.pslist", image=image))
    image.unlink()
    assert stable(shown) == stable(guest_processes(dump(MAIN).truth))
