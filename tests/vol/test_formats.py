# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""One guest, one moment, in every form that Volatility opens: the same rows, symbol table and process list.

docs/formats.md has the table; each of its cells is tried here.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import forms
from support.vmcores import makedumpfile, write_vmcore
from support.volrunner import Vol

pytestmark = pytest.mark.slow

NAME = "amd64-6.1"
HIGH, STREAM, KDUMP = "amd64-6.1-high", "amd64-6.1-stream", "amd64-6.1-kdump"
HIGH_FORMS = ("gaps.lime", "unsorted.elf")
PLUGINS = ("linux.btfscan --all", "linux.btfisf", "linux.pslist")
COMPRESSED = ("raw.gz", "raw.xz", "raw.bz2", "zst", "zip", "zlib.lime")
"""Packing takes longer than all else: the smaller guest does."""

Answers = dict[str, str]
Expected = Callable[..., Answers]


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
def expected(tmp_path_factory: pytest.TempPathFactory, dump: Callable[[str], Dump]) -> Expected:
    """The same of a guest's flat image, asked once a plugin: `expected(name, *plugins)`."""
    flat: dict[str, tuple[Vol, dict[str, Answers]]] = {}

    def ask(name: str, *plugins: str) -> Answers:
        vol, known = flat.setdefault(name, (Vol(tmp_path_factory.mktemp("flat")), {}))
        wanted: Answers = {}
        for plugin in plugins:
            if plugin not in known:
                known[plugin] = answers(vol, dump(name).raw, (plugin,))
            wanted |= known[plugin]
        return wanted

    return ask


@pytest.mark.parametrize("form", forms.FORMS)
def test_every_form_gives_the_same(
    form: str, dump: Callable[[str], Dump], vol: Vol, tmp_path: Path, expected: Expected
) -> None:
    name = STREAM if form in COMPRESSED else NAME
    image = forms.FORMS[form](dump(name), tmp_path / f"memory.{form}")
    before = hashlib.sha256(image.read_bytes()).hexdigest()
    assert answers(vol, image, PLUGINS) == expected(name, *PLUGINS)
    assert hashlib.sha256(image.read_bytes()).hexdigest() == before
    image.unlink()


def test_qemus_own_core_gives_the_same(dump: Callable[[str], Dump], vol: Vol, expected: Expected) -> None:
    assert answers(vol, dump(NAME).elf, PLUGINS) == expected(NAME, *PLUGINS)


def test_qemus_migration_stream_gives_the_same(
    dump: Callable[[str], Dump], vol: Vol, expected: Expected
) -> None:
    assert answers(vol, dump(STREAM).stream, PLUGINS) == expected(STREAM, *PLUGINS)


def test_memory_above_4_gib_is_found(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path, expected: Expected
) -> None:
    """Modules' BTF lies up there; the flat image and every other form give the same."""
    high = dump(HIGH)
    flat = expected(HIGH, *PLUGINS)
    rows = json.loads(flat["linux.btfscan --all"])
    above = {row["Name"] for row in rows if row["Offset"] >= 1 << 32 and row["Listed"] == "yes"}
    assert above and above <= set(high.truth["btf"]) - {"vmlinux"}
    assert len(json.loads(flat["linux.pslist"])) >= len(high.truth["processes"]) - 2
    assert answers(vol, high.elf, PLUGINS) == flat
    for form in HIGH_FORMS:
        image = forms.FORMS[form](high, tmp_path / f"memory.{form}")
        assert answers(vol, image, PLUGINS) == flat, form
        image.unlink()


# --- kdump ---


@pytest.fixture(scope="module")
def vmcore(tmp_path_factory: pytest.TempPathFactory, dump: Callable[[str], Dump]) -> Path:
    """The guest's memory as makedumpfile finds it in /proc/vmcore."""
    return write_vmcore(dump(KDUMP), tmp_path_factory.mktemp("vmcore") / "vmcore")


def test_qemus_kdump_gives_the_same(dump: Callable[[str], Dump], vol: Vol, expected: Expected) -> None:
    assert answers(vol, dump(KDUMP).kdump, PLUGINS) == expected(KDUMP, *PLUGINS)


@pytest.mark.parametrize("words", ["-l -d 1", "-E -F -d 0"])
def test_what_makedumpfile_writes_gives_the_same(
    words: str, dump: Callable[[str], Dump], vol: Vol, vmcore: Path, tmp_path: Path, expected: Expected
) -> None:
    made = tmp_path / "made"
    if "-F" in words:
        makedumpfile(*words.split(), vmcore, out=made)
    else:
        makedumpfile(*words.split(), vmcore, made)
    assert answers(vol, made, PLUGINS) == expected(KDUMP, *PLUGINS)


def test_without_pages_of_cache_and_processes_the_kernels_lists_are_the_same(
    dump: Callable[[str], Dump], vol: Vol, vmcore: Path, tmp_path: Path, expected: Expected
) -> None:
    """As every kdump service writes it; any part of a dump that was split will do."""
    parts = [tmp_path / f"part{number}" for number in range(2)]
    makedumpfile("-l", "-d", "31", "--split", "--splitblock-size", "4", vmcore, *parts)
    kernels = ("linux.btfisf", "linux.pslist", "linux.lsmod", "linux.sockstat")
    assert answers(vol, parts[1], kernels) == expected(KDUMP, *kernels)
    saved = tmp_path / "saved.json"
    shown = vol("--save-config", saved, "linux.pslist", image=parts[0])
    again = vol("-c", saved, "linux.pslist")
    assert shown.rows == again.rows
    for result in (shown, again):
        assert result.stderr.count("without cache, private cache, user, free pages (dump level 31)") == 1
    parts[0].rename(tmp_path.parent / "part0")
    result = vol("linux.pslist", image=parts[1], check=False)
    assert "this dump was split" in result.stderr and "Traceback" not in result.stderr
