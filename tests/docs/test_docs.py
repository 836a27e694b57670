# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The documentation is right: its code runs, its columns are the plugin's, its links lead somewhere."""

from __future__ import annotations

import dataclasses
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import kernelfiles
from support.checkout import CHECKOUT
from support.dumpkernels import kernel_file
from support.smallkernels import write_small_kernel
from support.volrunner import Vol
from volatility3_btf.__main__ import main
from volatility3_btf.library.entry import Entry

DOCS = CHECKOUT / "docs"
PATHS = [CHECKOUT, CHECKOUT / "tools", CHECKOUT / "tests"]
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


def test_the_page_on_kernel_files_runs(dump: Callable[[str], Dump], vol: Vol) -> None:
    """Its Python, with a package of a kernel and one of its modules."""
    kernel = kernel_file(dump("amd64-reset"))
    module = next(kernel.parent.parent.rglob("virtio_blk.ko.xz"))
    content = {
        f"boot/{kernel.name}": kernel.read_bytes(),
        f"lib/modules/x/{module.name}": module.read_bytes(),
    }
    (vol.folder / "linux-image.deb").write_bytes(kernelfiles.deb(content, "gzip"))
    code = "\n".join(blocks(DOCS / "kernel-images.md", "python"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert f"linux-image.deb: boot/{kernel.name} (deb, gzip, bzImage, zstd, ELF)" in done.stdout
    assert re.search(r"^virtio_blk \d+$", done.stdout, re.MULTILINE)
    assert list(vol.folder.glob("*.json.xz"))


def test_the_page_on_libraries_runs(vol: Vol) -> None:
    """Its Python, with a folder of two small kernels."""
    (vol.folder / "kernels").mkdir()
    for number in (1, 2):
        write_small_kernel(vol.folder / "kernels" / f"{number}.raw", number)
    code = "\n".join(blocks(DOCS / "library.md", "python"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == ["6.6.1-test", "6.6.2-test"]
    assert all(Path(vol.folder, line.split()[-1]).is_file() for line in lines)


def test_the_library_page_names_every_column_and_option(capsys: pytest.CaptureFixture[str]) -> None:
    text = (DOCS / "library.md").read_text()
    columns = [field.name for field in dataclasses.fields(Entry)]
    assert [name for name in columns if name not in text] == []
    for action in ("build", "check", "diff", "list"):
        assert f"library {action}" in text
        with pytest.raises(SystemExit):
            main(["library", action, "--help"])
    options = set(re.findall(r"--[a-z]+", capsys.readouterr().out)) - {"--help"}
    assert "--workers" in options
    assert [option for option in sorted(options) if option not in text] == []


def test_the_readmes_python_runs(dump: Callable[[str], Dump], vol: Vol) -> None:
    (vol.folder / "memory.raw").symlink_to(dump("amd64-6.12").raw)
    for code in blocks(CHECKOUT / "README.md", "python"):
        command = [sys.executable, "-c", code]
        done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert re.search("kernel|kthreadd", done.stdout)


ELSEWHERE = {
    *("python.md", "README.md", "modules.md", "no-symbols.md", "notebook.md", "pictures.md"),
    *("kernel-images.md", "library.md"),
}
"""Pages whose programs other tests run, or the two above, and look at what they print; the build of the
site runs those of pictures."""
PROGRAMS = [page for page in PAGES if blocks(page, "python") and page.name not in ELSEWHERE]


@pytest.mark.parametrize("page", PROGRAMS, ids=lambda page: page.name)
def test_the_programs_of_other_pages_run(page: Path, dump: Callable[[str], Dump], vol: Vol) -> None:
    """A page's blocks are one program, in a folder with the image that they name."""
    (vol.folder / "memory.raw").symlink_to(dump("amd64-6.12").raw)
    (vol.folder / "out").mkdir()
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(blocks(page, "python"))],
        env=vol.environment | {"PYTHONPATH": os.pathsep.join(map(str, PATHS))},
        cwd=vol.folder,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


PLUGINS = {f"linux.{path.stem}": f"{path.stem}.md" for path in (CHECKOUT / "plugins/linux").glob("*.py")}
"""Ours, and their pages."""


@pytest.mark.parametrize("plugin", PLUGINS)
def test_every_plugin_of_ours_has_a_page(plugin: str) -> None:
    assert (DOCS / PLUGINS[plugin]).read_text().splitlines()[1] == f"# {plugin}"


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_columns_described_are_the_plugins(
    plugin: str, dump: Callable[[str], Dump], session_vol: Vol
) -> None:
    words = {"linux.btftypes": ("--type", "list_head"), "linux.btflogs": ("--path", "*/group")}
    asked = words.get(plugin, ())
    row = session_vol(plugin, *asked, image=dump("amd64-6.12").raw).rows[0]
    text = (DOCS / PLUGINS[plugin]).read_text()
    table = text[text.index("## Columns") :].partition("\n\n#")[0]
    described = [
        name
        for line in table.splitlines()
        if line.startswith("| `")
        for name in re.findall(r"`([^`]*)`", line.split("|")[1])
    ]
    assert set(described) == row.keys() - {"__children"}
    assert len(described) == len(set(described))


@pytest.mark.parametrize("plugin", PLUGINS)
def test_the_options_described_are_the_plugins(plugin: str, session_vol: Vol) -> None:
    shown = session_vol(plugin, "--help", renderer=None).stdout
    options = set(re.findall(r"^\s+(--[a-z]+)", shown, re.MULTILINE))
    page = (DOCS / PLUGINS[plugin]).read_text()
    described = set(re.findall(r"^\| `(--[a-z]+)", page, re.MULTILINE))
    assert described == options


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_files(page: Path) -> None:
    for target in re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text()):
        if not target.startswith("http"):
            assert (page.parent / target).exists(), f"{page.name}: {target}"
