# SPDX-License-Identifier: Apache-2.0
"""What is handed out: that it builds, that a package index would take it, that nothing is missing in it."""

from __future__ import annotations

import configparser
import shutil
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
from trove_classifiers import classifiers, deprecated_classifiers

from support.checkout import CHECKOUT
from test_package import files

MADE = {"PKG-INFO", "setup.cfg"}
"""Files of a source distribution that setuptools writes; setup.cfg gets a section of its own."""


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with a source distribution, and the wheel that is made of that."""
    source, out = tmp_path_factory.mktemp("source"), tmp_path_factory.mktemp("dist")
    for path in files():
        target = source / path.relative_to(CHECKOUT)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(path, target)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return out


def packed(built: Path) -> dict[str, bytes]:
    """The files of the source distribution, by their paths in the checkout."""
    (path,) = built.glob("*.tar.gz")
    with tarfile.open(path) as archive:
        entries = [entry for entry in archive if entry.isfile()]
        content = {entry.name: archive.extractfile(entry) for entry in entries}
        return {name.partition("/")[2]: file.read() for name, file in content.items() if file}


@pytest.mark.slow
def test_a_package_index_would_take_both(built: Path) -> None:
    command = [sys.executable, "-m", "twine", "check", "--strict", *map(str, built.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert sorted(path.suffix for path in built.iterdir()) == [".gz", ".whl"]


@pytest.mark.slow
def test_the_source_distribution_holds_all_that_is_committed(built: Path) -> None:
    content = packed(built)
    committed = {str(path.relative_to(CHECKOUT)): path for path in files()}
    assert not committed.keys() - content.keys()
    extra = content.keys() - committed.keys()
    assert {name for name in extra if ".egg-info/" not in name} <= MADE
    assert not [
        name for name in committed if name not in MADE and content[name] != committed[name].read_bytes()
    ]


@pytest.mark.slow
def test_the_wheel_that_is_made_of_it_holds_the_library_and_the_plugins(built: Path) -> None:
    (path,) = built.glob("*.whl")
    with zipfile.ZipFile(path) as archive:
        names = set(archive.namelist())
    library = {str(path.relative_to(CHECKOUT)) for path in (CHECKOUT / "volatility3_btf").rglob("*.py")}
    plugins = {f"volatility3/plugins/linux/{path.name}" for path in (CHECKOUT / "plugins/linux").glob("*.py")}
    assert names >= library | plugins
    assert not [name for name in names if name.startswith(("tests/", "tools/", "docs/"))]


def test_the_classifiers_are_known_ones() -> None:
    settings = configparser.ConfigParser()
    settings.read(CHECKOUT / "setup.cfg")
    ours = settings["metadata"]["classifiers"].split("\n")[1:]
    assert ours and set(ours) <= classifiers - deprecated_classifiers.keys()
