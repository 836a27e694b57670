# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Plugins that want a Linux kernel's layer and no kernel, or layer and table in the form of older plugins."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.oldform import OLD_FORM
from support.pluginruns import give_isf, guest_processes, make_isf, processes, stable
from support.volrunner import Result, Vol

pytestmark = pytest.mark.slow

MAIN, LA57 = "amd64-6.1", "amd64-6.12-la57"
SEARCH = ("regexscan.RegExScan", "--pattern", "Linux version [0-9.]+")


def finds_the_banner(done: Result, dump: Dump) -> bool:
    """Whether `linux_banner` is among the hits, at the address that the guest named."""
    there = int(dump.truth["symbols"]["linux_banner"], 16)
    return any((row["Offset"] ^ there) & (1 << 47) - 1 == 0 for row in done.rows)


def test_a_search_of_the_kernels_memory(dump: Callable[[str], Dump], vol: Vol) -> None:
    saved = vol.folder / "saved.json"
    done = vol("--save-config", saved, *SEARCH, image=dump(MAIN).raw)
    assert finds_the_banner(done, dump(MAIN))
    assert vol("-c", saved, *SEARCH).stdout == done.stdout
    assert not (vol.cache / "volatility3/symbols/btf").exists()  # no table is wanted, and none is made


def test_five_levels_with_the_users_own_file(dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    """Notes that anybody can write say that there are four levels, a hundred times."""
    guest = dump(LA57)
    give_isf(vol, make_isf(Vol(tmp_path / "maker"), guest))
    image = tmp_path / "memory.raw"
    subprocess.run(["cp", "--sparse=always", guest.raw, image], check=True)
    note = f"OSRELEASE={guest.truth['release']}\nPAGESIZE=4096\nNUMBER(pgtable_l5_enabled)=0\n"
    note += "NUMBER(phys_base)=0\nKERNELOFFSET=0\nSYMBOL(swapper_pg_dir)=ffffffff82e10000\n\0"
    pages = free_pages(guest.raw, 100)
    with image.open("r+b") as file:
        for page in pages:
            file.seek(page)
            file.write(note.encode())
    assert finds_the_banner(vol(*SEARCH, image=image), guest)
    assert stable(processes(vol("linux.pslist", image=image))) == stable(guest_processes(guest.truth))


def free_pages(image: Path, count: int) -> list[int]:
    """Pages of zeros, the highest ones."""
    pages: list[int] = []
    with image.open("rb") as file:
        page = image.stat().st_size
        while len(pages) < count:
            page -= 4096
            file.seek(page)
            if not any(file.read(4096)):
                pages.append(page)
    return pages


@pytest.mark.parametrize("name", [MAIN, LA57])
def test_a_plugin_of_the_old_form(name: str, dump: Callable[[str], Dump], vol: Vol, tmp_path: Path) -> None:
    folder = tmp_path / "plugins"
    (folder / "linux").mkdir(parents=True)
    (folder / "linux/oldform.py").write_text(OLD_FORM)
    done = vol("-p", f"{CHECKOUT / 'plugins'};{folder}", "linux.oldform", image=dump(name).raw)
    (row,) = done.rows
    assert row["Banner"] == "Linux version "
    assert row["Size"] > 5000


@pytest.mark.parametrize("plugin", ["banners", "linux.btfscan", "layerwriter.LayerWriter"])
def test_what_wants_the_image_gets_the_image(plugin: str, dump: Callable[[str], Dump], vol: Vol) -> None:
    saved = vol.folder / "saved.json"
    options = ("--list",) if "writer" in plugin else ()
    vol("--save-config", saved, plugin, *options, image=dump(MAIN).raw)
    assert not re.search("btf.vol|Intel", saved.read_text())


@pytest.mark.parametrize("name", ["arm64-6.12", "s390x-6.12"])
def test_for_another_processor_it_is_the_same(name: str, dump: Callable[[str], Dump], vol: Vol) -> None:
    """Spaces of 56 and 64 bits are stepped through as fast as their tables allow."""
    assert vol("-q", *SEARCH, image=dump(name).raw).rows


def test_an_image_of_another_system_gets_no_word(vol: Vol, tmp_path: Path) -> None:
    image = tmp_path / "memory.raw"
    image.write_bytes(bytes(1 << 20) + b"Windows " * 1000)
    done = vol("-q", *SEARCH, image=image, check=False)
    assert done.returncode == 1
    assert "volatility3_btf" not in done.stderr
