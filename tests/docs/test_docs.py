# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The documentation is right: its code runs, its columns are the plugin's, its links lead somewhere."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.volrunner import Vol

DOCS = CHECKOUT / "docs"
PAGES = [CHECKOUT / "README.md", *sorted(DOCS.glob("*.md"))]


def blocks(page: Path, language: str) -> list[str]:
    """The code blocks of a language, in order."""
    return re.findall(rf"^```{language}\n(.*?)^```$", page.read_text(), re.MULTILINE | re.DOTALL)


def test_the_python_page_runs_as_it_stands(dump: Callable[[str], Dump], vol: Vol) -> None:
    """One program of all its blocks, in a folder with the image files that they name."""
    source = dump("amd64-6.12")
    (vol.folder / "memory.raw").symlink_to(source.raw)
    (vol.folder / "memory.elf").symlink_to(source.elf)
    code = "\n".join(blocks(DOCS / "python.md", "python"))
    assert code.count("find_btf") >= 5
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=vol.environment,
        cwd=vol.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    digest = source.truth["btf"]["vmlinux"]["sha256"][:12]
    (kernel,) = (line for line in lines if line.endswith(f"kernel complete {digest}"))
    assert "Searching BTF 0 %" in lines
    assert any(re.fullmatch(r"\d+ \d+ 16", line) for line in lines)  # sizes of task_struct and comm
    assert any(line.endswith(" True") for line in lines)
    assert "9feb0100" in lines
    # The ELF core's, through Volatility: the same place, as memory starts at 0.
    assert lines[-1].split()[0] == kernel.split()[0]


def test_the_readmes_python_runs(dump: Callable[[str], Dump], vol: Vol) -> None:
    (vol.folder / "memory.raw").symlink_to(dump("amd64-6.12").raw)
    for code in blocks(CHECKOUT / "README.md", "python"):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search("kernel|kthreadd", done.stdout)


def test_the_columns_described_are_the_plugins(dump: Callable[[str], Dump], session_vol: Vol) -> None:
    (row,) = session_vol("linux.btfscan", image=dump("amd64-6.12").raw).rows
    text = (DOCS / "btfscan.md").read_text()
    table = text[text.index("## Columns") : text.index("## How to read")]
    described = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([A-Z][^`]*)`", line.split("|")[1])
    ]
    assert set(described) == row.keys() - {"__children"}
    assert len(described) == len(set(described))


def test_the_options_described_are_the_plugins(session_vol: Vol) -> None:
    shown = session_vol("linux.btfscan", "--help", renderer=None).stdout
    options = set(re.findall(r"^\s+(--[a-z]+)", shown, re.MULTILINE))
    described = set(re.findall(r"^\| `(--[a-z]+)", (DOCS / "btfscan.md").read_text(), re.MULTILINE))
    assert described == options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"


def test_every_page_is_in_the_index() -> None:
    index = (DOCS / "index.md").read_text()
    for page in DOCS.glob("*.md"):
        assert page.name == "index.md" or f"({page.name})" in index, page.name
