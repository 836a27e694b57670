# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""One guest, one moment, in every form that Volatility opens: the same rows, symbol table and process list.

docs/formats.md has the table; each of its cells is tried here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

import forms
from dumpmaker.cache import Dump
from volrunner import Vol

pytestmark = pytest.mark.slow

NAME = "amd64-6.1"
SLOW = ("raw.gz", "raw.xz")  # Volatility decompresses these anew at each step back
Answers = dict[str, str]


def answers(vol: Vol, image: Path, plugins: tuple[str, ...]) -> Answers:
    """What each plugin prints of an image, and the symbol table that linux.btfisf writes."""
    found: Answers = {}
    for plugin in plugins:
        result = vol(*plugin.split(), image=image, check=False)
        assert result.returncode == 0, f"{image.name}: {result.stderr[-2000:]}"
        found[plugin] = result.stdout
    for path in sorted(vol.output.iterdir()):
        found[path.name] = hashlib.sha256(path.read_bytes()).hexdigest()
        path.unlink()
    return found


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory, dump: Callable[[str], Dump]) -> Callable[..., Answers]:
    """The same of the flat image, asked once a plugin."""
    vol, known = Vol(tmp_path_factory.mktemp("flat")), Answers()

    def ask(*plugins: str) -> Answers:
        wanted: Answers = {}
        for plugin in plugins:
            if plugin not in known:
                known.update({plugin: "", **answers(vol, dump(NAME).raw, (plugin,))})
            wanted[plugin] = known[plugin]
        tables = {name: digest for name, digest in known.items() if name.endswith(".json.xz")}
        return wanted | (tables if "linux.btfisf" in plugins else {})

    return ask


@pytest.mark.parametrize("form", forms.FORMS)
def test_every_form_gives_the_same(
    form: str, dump: Callable[[str], Dump], vol: Vol, tmp_path: Path, expected: Callable[..., Answers]
) -> None:
    image = forms.FORMS[form](dump(NAME), tmp_path / f"memory.{form}")
    before = hashlib.sha256(image.read_bytes()).hexdigest()
    plugins = ["linux.btfscan" if form in SLOW else "linux.btfscan --all"]
    plugins += ["linux.btfisf"] if form != "raw.xz" else []
    plugins += [] if form in SLOW else ["linux.pslist"]
    assert answers(vol, image, tuple(plugins)) == expected(*plugins)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == before
    image.unlink()


def test_qemus_own_core_gives_the_same(
    dump: Callable[[str], Dump], vol: Vol, expected: Callable[..., Answers]
) -> None:
    plugins = ("linux.btfscan --all", "linux.btfisf", "linux.pslist")
    assert answers(vol, dump(NAME).elf, plugins) == expected(*plugins)
