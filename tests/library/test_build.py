# SPDX-License-Identifier: Apache-2.0
"""A library of small kernels: each once, whatever happens to the process that builds it."""

from __future__ import annotations

import base64
import json
import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from support.checkout import CHECKOUT
from support.smallkernels import write_small_kernel
from volatility3_btf import build_isf, identify_kernel, open_memory
from volatility3_btf.isf.table_files import addresses_of, agreement_of, read_btf, read_document
from volatility3_btf.library import Catalogue, LibraryError, build
from volatility3_btf.library import spread as spreading
from volatility3_btf.library.folder import Folder
from volatility3_btf.library.spread import spread

MANY = 24
URL = "https://symbols.example/linux"


@pytest.fixture(scope="module")
def kernels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with images of many kernels; of the first there are three, moved by KASLR."""
    folder = tmp_path_factory.mktemp("kernels")
    for number in range(MANY):
        write_small_kernel(folder / f"{number}.raw", number)
    write_small_kernel(folder / "again.raw", 0, 0x1200000)
    write_small_kernel(folder / "moved.raw", 0, 0x400000)
    return folder


def tree(folder: Path) -> dict[str, bytes]:
    """Every file of a library, hidden ones too."""
    files = (path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in files}


def start(sources: Path, into: Path, *options: str) -> subprocess.Popen[str]:
    """The command, in a session of its own."""
    words = ["-m", "volatility3_btf", "library", "build", sources, "--into", into, "--url", URL, *options]
    return subprocess.Popen(
        [sys.executable, *map(str, words)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def test_equal_kernels_are_there_once(kernels: Path, tmp_path: Path) -> None:
    done = build([kernels], tmp_path / "library", workers=1)
    assert (done.looked_into, done.kernels, list(done.problems)) == (MANY + 2, MANY, [])
    with Catalogue(tmp_path / "library") as catalogue:
        entries = {entry.release: entry for entry in catalogue.kernels()}
        assert set(entries) == {f"6.6.{number}-test" for number in range(MANY)}
        sources = catalogue.sources(entries["6.6.0-test"])
    assert [Path(row["path"]).name for row in sources] == ["0.raw", "again.raw", "moved.raw"]


def test_a_table_is_the_one_that_the_image_gives(kernels: Path, tmp_path: Path) -> None:
    build([kernels / "moved.raw"], tmp_path, workers=1)
    kernel = identify_kernel(open_memory(kernels / "moved.raw"))
    with Catalogue(tmp_path) as catalogue:
        (entry,) = catalogue.kernels()
        content = read_document(catalogue.isf(entry).read_bytes())
        types = read_btf(catalogue.btf(entry).read_bytes(), entry.btf_sha256)
    assert content == build_isf(kernel).content
    assert types.data == kernel.blob.data
    agreement = agreement_of(kernel, addresses_of(content))
    assert agreement is not None and agreement.differing == 0 and agreement.listed > 500


def test_what_is_done_is_not_done_again(kernels: Path, tmp_path: Path) -> None:
    build([kernels / "1.raw"], tmp_path, workers=1)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("linux/*")}
    done = build([kernels], tmp_path, workers=1)
    assert (done.looked_into, done.known) == (MANY + 1, 1)
    assert all(path.stat().st_mtime_ns == mtime for path, mtime in before.items())


def test_a_file_that_has_changed_and_a_table_that_is_gone_are(tmp_path: Path) -> None:
    image, library = tmp_path / "a.raw", tmp_path / "library"
    write_small_kernel(image, 1)
    build([image], library, workers=1)
    next(library.glob("linux/*.btf.xz")).unlink()
    assert build([image], library, workers=1).looked_into == 1
    write_small_kernel(image, 2)
    assert build([image], library, workers=1).looked_into == 1
    with Catalogue(library) as catalogue:
        assert [entry.release for entry in catalogue.kernels()] == ["6.6.2-test"]


def test_a_bad_file_stops_nothing_and_is_in_the_report(kernels: Path, tmp_path: Path) -> None:
    bad = tmp_path / "vmlinuz-bad"
    bad.write_bytes(b"\x1f\x8b" + random.Random(1).randbytes(5000))
    gone = tmp_path / "gone"
    done = build([bad, gone, kernels / "1.raw"], tmp_path / "library", workers=1)
    assert done.kernels == 1
    assert [path for path, _ in done.problems] == [str(gone), str(bad)]
    report = (tmp_path / "library" / "report.txt").read_text()
    assert [line.partition(": ")[0] for line in report.splitlines()] == [str(gone), str(bad)]


def test_the_order_of_files_does_not_matter(kernels: Path, tmp_path: Path) -> None:
    forth, back = tmp_path / "forth", tmp_path / "back"
    names = ["0.raw", "again.raw", "moved.raw", "3.raw"]
    for name in names:
        build([kernels / name], forth, workers=1, url=URL)
    for name in reversed(names):
        build([kernels / name], back, workers=1, url=URL)
    assert tree(forth) == tree(back)


def test_banners_lead_to_tables(kernels: Path, tmp_path: Path) -> None:
    build([kernels / "1.raw", kernels / "2.raw"], tmp_path, workers=1, url=URL + "/")
    listed = json.loads((tmp_path / "banners.json").read_text())
    kernel = identify_kernel(open_memory(kernels / "2.raw"))
    assert kernel.banner is not None and listed["version"] == 1
    (url,) = listed["linux"][base64.b64encode(kernel.banner.rstrip(b"\n\0")).decode()]
    assert url.startswith(URL + "/linux/6.6.2-test-")
    assert (tmp_path / url.removeprefix(URL + "/")).is_file()


def test_only_one_build_at_a_time_writes(tmp_path: Path) -> None:
    with Folder(tmp_path), pytest.raises(LibraryError, match="another build"):
        Folder(tmp_path)
    Folder(tmp_path)


def test_killed_at_random_it_ends_with_the_same_bytes(kernels: Path, tmp_path: Path) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert start(kernels, whole, "--workers", "1").wait() == 0
    began = time.monotonic()
    chance, seen = random.Random(17), set()
    for _ in range(int(os.environ.get("BTF_KILLS", "5"))):
        run = start(kernels, killed, "--workers", "1")
        time.sleep(chance.uniform(0.2, 1.2))
        os.killpg(run.pid, signal.SIGKILL)
        run.communicate()
        seen.add(len(list(killed.glob("records/*"))))
    assert time.monotonic() > began and seen
    last = start(kernels, killed, "--workers", "1")
    assert last.wait() == 0
    assert tree(killed) == tree(whole)


@pytest.mark.slow
def test_two_workers_make_what_one_makes(kernels: Path, tmp_path: Path) -> None:
    one, two = tmp_path / "one", tmp_path / "two"
    assert start(kernels, one, "--workers", "1").wait() == 0
    run = start(kernels, two, "--workers", "2")
    time.sleep(6)
    os.killpg(run.pid, signal.SIGKILL)
    run.communicate()
    last = start(kernels, two, "--workers", "2")
    _, said = last.communicate()
    assert last.returncode == 0, said
    assert said == ""
    assert tree(two) == tree(one)


@pytest.mark.slow
def test_a_cluster_is_asked_by_its_address(kernels: Path, tmp_path: Path) -> None:
    from distributed import LocalCluster

    one = tmp_path / "one"
    assert start(kernels, one, "--workers", "1").wait() == 0
    with LocalCluster(n_workers=1, threads_per_worker=1, dashboard_address=None) as cluster:
        build([kernels], tmp_path / "cluster", scheduler=cluster.scheduler_address, url=URL)
    assert tree(tmp_path / "cluster") == tree(one)


def hoard(number: int) -> int:
    """Take more memory than a worker may, where asked for the wrong number."""
    held = []
    while number == 3:
        held.append(bytearray(os.urandom(1 << 20) * 16))
        time.sleep(0.01)
    return number * number


@pytest.mark.slow
def test_a_worker_that_takes_too_much_is_ended_and_the_others_go_on() -> None:
    done = dict(spread(hoard, range(6), workers=2, memory=512 << 20))
    assert isinstance(done.pop(3), Exception)
    assert done == {number: number * number for number in (0, 1, 2, 4, 5)}


def test_a_scheduler_that_is_not_there_is_one_line(
    kernels: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spreading, "ANSWER", 1)
    with pytest.raises(LibraryError, match="does not answer"):
        build([kernels / "1.raw"], tmp_path, scheduler="tcp://127.0.0.1:9")
