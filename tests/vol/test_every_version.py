# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What must work with every Python and Volatility that we support; `tools/versions` runs this with each."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.pluginruns import guest_processes, make_isf, processes, stable
from support.volrunner import Result, Vol
from volatility3_btf import build_isf, identify_kernel, open_memory

NAME = "amd64-6.1-stream"


@pytest.fixture(scope="module")
def guest(dump: Callable[[str], Dump]) -> Dump:
    return dump(NAME)


def shown(vol: Vol, guest: Dump, *words: str) -> Result:
    """What a plugin shows of the guest: some rows, and no traceback."""
    result = vol(*words, image=guest.raw)
    assert result.rows
    assert "Traceback" not in result.stderr
    return result


def test_the_kernels_and_modules_btf_is_found(session_vol: Vol, guest: Dump) -> None:
    rows = shown(session_vol, guest, "linux.btfscan", "--all").rows
    loaded = {row["Name"]: row["SHA256"] for row in rows if row["Kind"] in ("kernel", "module")}
    told = {name: about["sha256"] for name, about in guest.truth["btf"].items()}
    assert {name: loaded.get(name) for name in told} == told


def test_types_are_shown(session_vol: Vol, guest: Dump) -> None:
    rows = shown(session_vol, guest, "linux.btftypes", "--type", "cred").rows
    assert {"Member": "uid", "Member type": "kuid_t"}.items() <= rows[1].items()


def test_processes_are_the_guests_at_first_and_from_the_store(vol: Vol, guest: Dump) -> None:
    first, later = (shown(vol, guest, "linux.pslist") for _ in range(2))
    assert stable(processes(first)) == stable(guest_processes(guest.truth))
    assert later.stdout == first.stdout
    assert len(list(vol.cache.rglob("*.btfsym"))) == 1


def test_modules_are_the_guests(session_vol: Vol, guest: Dump) -> None:
    rows = shown(session_vol, guest, "linux.lsmod").rows
    named = {row.get("Module Name", row.get("Name")) for row in rows}
    assert named == {module["name"] for module in guest.truth["modules"]}


@pytest.mark.parametrize("plugin", ["linux.sockstat", "linux.pagecache.Files"])
def test_other_plugins_end_well(session_vol: Vol, guest: Dump, plugin: str) -> None:
    shown(session_vol, guest, plugin)


def test_a_symbol_file_of_ours_serves_volatility_alone(vol: Vol, guest: Dump, tmp_path: Path) -> None:
    isf = make_isf(vol, guest)
    (vol.symbols / "own.json").write_bytes(isf.read_bytes())
    alone = shown(vol, guest, "--no-btf", "linux.pslist")
    assert stable(processes(alone)) == stable(guest_processes(guest.truth))
    document = build_isf(identify_kernel(open_memory(guest.raw)))
    assert document.write(tmp_path, "none").read_bytes() == isf.read_bytes()
