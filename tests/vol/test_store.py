# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The store of symbol tables: whole or not there, whoever writes, whatever happens to the writers."""

from __future__ import annotations

import os
import random
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from volatility3.framework import constants

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf import open_memory
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.vol.symbols.store import StoreError, keep, read_kernel

pytestmark = pytest.mark.slow

MAIN = "amd64-6.1"
KILLS = int(os.environ.get("BTF_KILLS", "5"))
TOGETHER = 8


@pytest.fixture
def image(dump: Callable[[str], Dump]) -> Path:
    return dump(MAIN).raw


@pytest.fixture(scope="module")
def undisturbed(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> tuple[str, Path]:
    """What linux.pslist prints, and the table that it leaves."""
    vol = Vol(tmp_path_factory.mktemp("undisturbed"))
    shown = vol("linux.pslist", image=dump(MAIN).raw).stdout
    (table,) = tables(vol)
    return shown, table


@pytest.fixture
def shown(undisturbed: tuple[str, Path]) -> str:
    """What linux.pslist prints."""
    return undisturbed[0]


@pytest.fixture
def good(undisturbed: tuple[str, Path]) -> Path:
    """A table as it should be."""
    return undisturbed[1]


def store(vol: Vol) -> Path:
    return vol.cache / "volatility3/symbols/btf"


def tables(vol: Vol) -> list[Path]:
    """Everything in the store, hidden files too."""
    return sorted(store(vol).iterdir()) if store(vol).is_dir() else []


def start(vol: Vol, image: Path, *options: str) -> subprocess.Popen[str]:
    """`vol linux.pslist` in the background."""
    return subprocess.Popen(
        vol.command(*options, "-f", image, "linux.pslist"),
        env=vol.environment,
        cwd=vol.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def damages(table: bytes) -> Iterator[tuple[str, bytes]]:
    yield "empty", b""
    yield "cut short", table[: len(table) // 2]
    yield "one byte too many", table + b"\0"
    yield "zeros", bytes(len(table))
    for place in (3, 40, len(table) // 2, len(table) - 1):
        yield f"a bit at {place}", table[:place] + bytes([table[place] ^ 4]) + table[place + 1 :]


def test_a_damaged_table_is_made_again(image: Path, shown: str, good: Path, vol: Vol) -> None:
    target = store(vol) / good.name
    target.parent.mkdir(parents=True)
    for content in (b"", good.read_bytes()[:-1] + b"\0"):
        target.write_bytes(content)
        assert vol("linux.pslist", image=image).stdout == shown
        assert target.read_bytes() == good.read_bytes()
        assert tables(vol) == [target]


def test_every_damage_is_noticed(
    image: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "SYMBOL_BASEPATHS", [str(tmp_path)])
    kernel = identify_kernel(open_memory(image))
    table = tmp_path / "btf" / good.name
    assert keep(kernel) == (table, False)
    assert keep(kernel) == (table, True)
    for what, content in damages(good.read_bytes()):
        table.write_bytes(content)
        with pytest.raises(StoreError):
            read_kernel(table)
        assert keep(kernel) == (table, False), what
        assert table.read_bytes() == good.read_bytes(), what


def test_a_damaged_table_of_a_saved_configuration(image: Path, shown: str, vol: Vol) -> None:
    saved = vol.folder / "saved.json"
    vol("--save-config", saved, "linux.pslist", image=image)
    (table,) = tables(vol)
    table.write_bytes(table.read_bytes()[:-1])
    assert vol("-c", saved, "linux.pslist").stdout == shown


@pytest.mark.parametrize("obstacle", ["symbols", "symbols/btf"])
def test_a_folder_that_cannot_be_made(obstacle: str, image: Path, shown: str, vol: Vol) -> None:
    """A file is in its place: that stops root too."""
    place = vol.cache / "volatility3" / obstacle
    place.parent.mkdir(parents=True)
    place.write_text("not a folder")
    done = vol("-q", "linux.pslist", image=image)
    assert done.stdout == shown
    (line,) = [line for line in done.stderr.splitlines() if "WARNING" in line]
    assert "The symbol table could not be stored and serves for this run only" in line
    assert str(place) in line


def test_a_full_disk(image: Path, shown: str, vol: Vol) -> None:
    """No file may grow beyond 1 MiB; the table is larger."""
    command = [
        "bash",
        "-c",
        'ulimit -f 1024; exec "$@"',
        "bash",
        *vol.command("-q", "-f", image, "linux.pslist"),
    ]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.stdout == shown, done.stderr
    assert "The symbol table could not be stored" in done.stderr
    assert tables(vol) == []


def test_many_at_once(image: Path, shown: str, good: Path, vol: Vol) -> None:
    runs = [start(vol, image) for _ in range(TOGETHER)]
    for run in runs:
        output, errors = run.communicate(timeout=300)
        assert (run.returncode, output) == (0, shown), errors
    assert [table.name for table in tables(vol)] == [good.name]
    assert tables(vol)[0].read_bytes() == good.read_bytes()


def test_killed_runs(image: Path, shown: str, good: Path, vol: Vol) -> None:
    """Killed at random moments, most of them while the table is written; the next run is as ever."""
    begun = time.monotonic()
    start(vol, image).communicate(timeout=300)
    longest = time.monotonic() - begun
    chance = random.Random(4)
    for number in range(KILLS):
        for table in tables(vol):
            table.unlink()
        run = start(vol, image)
        if number % 2:
            _wait_for_writing(run, vol)
            time.sleep(chance.random() / 50)
        else:
            time.sleep(chance.random() * longest)
        run.kill()
        run.communicate()
        left = [table for table in tables(vol) if table.name == good.name]
        assert all(table.read_bytes() == good.read_bytes() for table in left)
    assert vol("linux.pslist", image=image).stdout == shown
    assert (store(vol) / good.name).read_bytes() == good.read_bytes()


def _wait_for_writing(run: subprocess.Popen[str], vol: Vol) -> None:
    """Wait until something appears in the store, or the run is over."""
    while run.poll() is None and not tables(vol):
        time.sleep(0.001)


def test_what_killed_runs_leave_behind_is_removed(image: Path, vol: Vol) -> None:
    store(vol).mkdir(parents=True)
    old, young = store(vol) / ".abc.part", store(vol) / ".def.part"
    for path in (old, young):
        path.write_text("half a table")
    os.utime(old, (0, 0))
    vol("linux.pslist", image=image)
    assert not old.exists()
    assert young.exists()


def test_the_oldest_go_when_there_are_too_many(
    image: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    size = good.stat().st_size
    monkeypatch.setattr(constants, "SYMBOL_BASEPATHS", [str(tmp_path)])
    monkeypatch.setattr("volatility3_btf.vol.symbols.store.MAX_STORE", 3 * size + 1)
    folder = tmp_path / "btf"
    folder.mkdir()
    for age, name in enumerate(["newest", "newer", "old", "oldest"]):
        (folder / f"{name}.btfsym").write_bytes(bytes(size))
        os.utime(folder / f"{name}.btfsym", (10**9, 10**9 - age))
    other = folder / "notes.txt"
    other.write_text("not a table")
    kernel = identify_kernel(open_memory(image))
    assert keep(kernel) == (folder / good.name, False)
    left = {path.name for path in folder.iterdir()}
    assert left == {good.name, "newest.btfsym", "newer.btfsym", other.name}
    assert keep(kernel) == (folder / good.name, True)
    assert left == {path.name for path in folder.iterdir()}


def test_what_is_no_file_is_never_waited_for(
    image: Path, good: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(constants, "SYMBOL_BASEPATHS", [str(tmp_path)])
    folder = tmp_path / "btf"
    folder.mkdir()
    os.mkfifo(folder / good.name)
    with pytest.raises(StoreError):
        read_kernel(folder / good.name)
    assert keep(identify_kernel(open_memory(image))) == (folder / good.name, False)
    assert (folder / good.name).read_bytes() == good.read_bytes()


def test_list_and_delete(image: Path, good: Path, vol: Vol) -> None:
    def tool(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "volatility3_btf.vol", *arguments]
        return subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)

    vol("linux.pslist", image=image)
    damaged = store(vol) / "6.1.0-damaged.btfsym"
    damaged.write_text("not a table")
    place, *lines = tool().stdout.splitlines()
    assert place == str(store(vol))
    assert [line.split()[3] for line in lines] == [good.name, damaged.name]
    assert "damaged: made again" in lines[1] and "damaged: made" not in lines[0]
    assert tool("--delete", damaged.name).stdout == f"deleted {damaged.name}\n"
    assert tables(vol) == [store(vol) / good.name]
    outside = tool("--delete", "../../identifier.cache", "missing.btfsym")
    assert outside.returncode == 1
    assert (vol.cache / "volatility3/identifier.cache").exists()
    assert tool("--delete-all").returncode == 0
    assert tables(vol) == []
