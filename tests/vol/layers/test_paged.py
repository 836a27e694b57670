# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Plugins on processors for which Volatility has no layer, held against what the guest said of itself."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from dumpmaker import initramfs
from dumpmaker.cache import Dump
from support.pluginruns import give_isf, guest_processes, make_isf, processes, stable
from support.volrunner import Vol
from support.wiping import without_vmcoreinfo

pytestmark = pytest.mark.slow
Dumps = Callable[[str], Dump]

FORMATS: Final = {
    "arm64-6.1": "arm64-4K-48-old",
    "arm64-6.12": "arm64-4K-48-new",
    "arm64-6.12-16k": "arm64-16K-47-new",
    "arm64-6.12-lpa2": "arm64-4K-52-new",
    "riscv64-6.12": "riscv64-Sv57",
    "s390x-6.12": "s390x-3",
    "ppc64el-6.12": "ppc64-4K",
    "ppc64el-6.12-64k": "ppc64-64K",
}
"""Every dump of such a processor, and the format of its page tables."""

TOLD: Final = (
    "arm64-6.12-16k",
    "riscv64-6.12",
    "ppc64el-6.12-64k",
    "arm64-6.12-lpa2",
    "ppc64el-6.12",
    "amd64-7",
    "arm64-6.12",
    "s390x-6.12",
    "amd64-6.12",
)
"""Those whose guests said more of their processes."""

PROCESSORS: Final = ("arm64-6.12", "riscv64-6.12", "s390x-6.12", "ppc64el-6.12")
"""One of each processor."""

KNOWN: Final = "only-here-1297790518-known"
"""What one process has in its memory, and nobody else (tools/dumpmaker/guest-told)."""


@pytest.mark.parametrize(("name", "form"), FORMATS.items())
def test_the_processes_are_the_guests_with_nothing_prepared(
    dump: Dumps, session_vol: Vol, tmp_path: Path, name: str, form: str
) -> None:
    guest, saved = dump(name), tmp_path / "saved.json"
    shown = processes(session_vol("--save-config", saved, "linux.pslist", image=guest.raw))
    assert stable(shown) == stable(guest_processes(guest.truth))
    assert f'"{form}"' in saved.read_text()


@pytest.mark.parametrize("name", FORMATS)
def test_the_modules_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.lsmod", image=guest.raw).rows
    assert {row["Module Name"] for row in rows} == {module["name"] for module in guest.truth["modules"]}


@pytest.mark.parametrize("name", FORMATS)
def test_a_process_has_its_arguments(dump: Dumps, session_vol: Vol, name: str) -> None:
    """They lie in the process's own memory, where its own tables lead."""
    guest = dump(name)
    shown = {str(row["PID"]): row["ARGS"] for row in session_vol("linux.psaux", image=guest.raw).rows}
    told = {row["pid"]: row["args"] for row in guest.truth["processes"]}
    sleeping = [pid for pid, line in told.items() if line.startswith(("sleep ", "nc ", "httpd "))]
    assert len(sleeping) >= 4
    assert [shown[pid] for pid in sleeping] == [told[pid] for pid in sleeping]


@pytest.mark.parametrize("name", TOLD)
def test_a_processes_maps_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.proc.Maps", image=guest.raw).rows
    compared = 0
    for path in sorted(guest.folder.glob("proc/*/maps")):
        shown = {
            (f"{row['Start']:x}", f"{row['End']:x}") for row in rows if row["PID"] == int(path.parent.name)
        }
        told = re.findall(r"^0*(\w+)-0*(\w+) ", path.read_text(), re.MULTILINE)
        if shown and path.parent.name != "1":
            assert shown == set(told)
            compared += 1
    assert compared >= 5


@pytest.mark.parametrize("name", TOLD)
def test_a_text_that_one_process_has_is_found_at_its_address(
    dump: Dumps, session_vol: Vol, name: str
) -> None:
    guest = dump(name)
    pid = (guest.folder / "proc/known-pid").read_text().strip()
    hits = session_vol("linux.vmaregexscan", "--pattern", KNOWN, image=guest.raw).rows
    assert [(str(hit["PID"]), hit["Text"]) for hit in hits] == [(pid, KNOWN)]
    (heap,) = re.findall(
        r"^(\w+)-(\w+) .*\[heap\]$", (guest.folder / "proc" / pid / "maps").read_text(), re.MULTILINE
    )
    assert int(heap[0], 16) <= hits[0]["Offset"] < int(heap[1], 16)


@pytest.mark.parametrize("name", TOLD)
def test_processes_have_the_guests_environment(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.envars", image=guest.raw).rows
    pid = (guest.folder / "proc/known-pid").read_text().strip()
    told = set((guest.folder / "proc" / pid / "environ").read_text().split())
    assert {f"{row['KEY']}={row['VALUE']}" for row in rows if str(row["PID"]) == pid} == told


@pytest.mark.parametrize("name", [*PROCESSORS, "arm64-6.12-16k", "ppc64el-6.12-64k"])
def test_a_file_is_in_the_page_cache_as_it_was_written(dump: Dumps, vol: Vol, name: str) -> None:
    """Which page is where only the kernel's memory sections tell."""
    guest = dump(name)
    vol("linux.pagecache.InodePages", "--find", "/init", "--dump", image=guest.raw)
    (path,) = vol.output.iterdir()
    assert path.read_bytes() == initramfs.INIT.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_vmcoreinfo_is_not_needed(dump: Dumps, session_vol: Vol, tmp_path: Path, name: str) -> None:
    guest = dump(name)
    image = without_vmcoreinfo(guest, tmp_path / "memory.raw")
    assert (
        session_vol("linux.psaux", image=image).rows == session_vol("linux.psaux", image=guest.raw).rows != []
    )


@pytest.mark.parametrize("name", FORMATS)
def test_an_elf_core_gives_the_same(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.psaux", image=guest.elf).rows
    assert rows == session_vol("linux.psaux", image=guest.raw).rows != []


@pytest.mark.parametrize("name", ["arm64-6.12-16k", "s390x-6.12"])
def test_a_saved_configuration_serves_again(dump: Dumps, vol: Vol, name: str) -> None:
    guest, saved = dump(name), vol.folder / "saved.json"
    first = vol("--save-config", saved, "linux.psaux", image=guest.raw)
    assert "page_table_format" in saved.read_text()
    assert vol("-c", saved, "linux.psaux").stdout == first.stdout


@pytest.mark.parametrize("name", ["arm64-6.12", "s390x-6.12"])
def test_the_users_own_symbol_file_serves(dump: Dumps, vol: Vol, tmp_path: Path, name: str) -> None:
    """Left to Volatility, it would get a 32-bit Intel layer, and an empty list."""
    guest = dump(name)
    plain = vol("linux.psaux", image=guest.raw).stdout
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), guest))
    done = vol("-v", "linux.psaux", image=guest.raw)
    assert done.stdout == plain
    assert re.search("symbol table: the user's own, .*own.json", done.stderr)
