# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A library in Volatility's symbol path: an image that has lost its BTF is answered with its types."""

from __future__ import annotations

import functools
import http.server
import lzma
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import orjson
import pytest

from dumpmaker.cache import Dump
from support.pluginruns import guest_processes, processes, stable
from support.volrunner import Result, Vol
from support.wiping import wiped
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.library import build

pytestmark = pytest.mark.slow

MAIN = "amd64-6.1"


@pytest.fixture(scope="module")
def library(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A library with the kernel of one dump."""
    folder = tmp_path_factory.mktemp("library")
    build([dump(MAIN).raw], folder, workers=1)
    return folder


@pytest.fixture(scope="module")
def without_btf(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the dump whose BTF is zeros."""
    blob = identify_kernel(open_memory(dump(MAIN).raw)).blob
    return wiped(dump(MAIN), tmp_path_factory.mktemp("wiped") / "memory.raw", blob.offset, blob.size)


def warnings(done: Result) -> list[str]:
    return [line for line in done.stderr.splitlines() if "WARNING" in line]


def assert_told(done: Result, guest: Dump) -> None:
    """The guest's processes are listed, and one line says whose the types are."""
    assert stable(processes(done)) == stable(guest_processes(guest.truth))
    (line,) = warnings(done)
    assert "its BTF is not in this image: the types are those of the library's table" in line
    assert "names of the image's kallsyms are where the table has them" in line


def test_an_image_without_btf_gets_the_types_of_its_banner(
    library: Path, without_btf: Path, dump: Callable[[str], Dump], vol: Vol
) -> None:
    vol.symbols.rmdir()
    vol.symbols.symlink_to(library)
    assert_told(vol("-q", "linux.pslist", image=without_btf), dump(MAIN))


def test_so_does_one_whose_btf_is_damaged(
    library: Path, dump: Callable[[str], Dump], vol: Vol, tmp_path: Path
) -> None:
    blob = identify_kernel(open_memory(dump(MAIN).raw)).blob
    image = wiped(dump(MAIN), tmp_path / "half.raw", blob.offset + blob.size // 3, blob.size // 3)
    vol.symbols.rmdir()
    vol.symbols.symlink_to(library)
    assert_told(vol("-q", "linux.pslist", image=image), dump(MAIN))


def test_without_a_library_there_is_no_table(without_btf: Path, vol: Vol) -> None:
    done = vol("-q", "linux.pslist", image=without_btf, check=False)
    assert done.returncode == 1
    assert "No symbol table could be made from this image" in done.stderr


def test_an_image_that_has_its_own_needs_no_library(
    library: Path, dump: Callable[[str], Dump], vol: Vol
) -> None:
    vol.symbols.rmdir()
    vol.symbols.symlink_to(library)
    done = vol("-q", "linux.pslist", image=dump(MAIN).raw)
    assert stable(processes(done)) == stable(guest_processes(dump(MAIN).truth))
    assert warnings(done) == []


def test_the_kernel_that_runs_is_taken_though_it_is_the_one_without_btf(
    dump: Callable[[str], Dump], vol: Vol, tmp_path: Path
) -> None:
    """Without a library the crashed kernel is shown, as a line says: the other one has no types."""
    crash = dump("amd64-crash")
    blob = identify_kernel(open_memory(crash.raw)).blob
    image = wiped(crash, tmp_path / "crash.raw", blob.offset, blob.size)
    build([crash.raw], vol.symbols, workers=1)
    done = vol("-q", "linux.pslist", image=image)
    assert stable(processes(done)) == stable(guest_processes(crash.truth))
    assert any("A library has its types" in line and "is taken after all" in line for line in warnings(done))


def test_a_table_of_another_build_is_passed_over(library: Path, without_btf: Path, vol: Vol) -> None:
    """One of the same banner, whose symbols lie elsewhere: as of a kernel that was built again."""
    for path in (library / "linux").iterdir():
        target = vol.symbols / path.name
        target.write_bytes(path.read_bytes())
        if path.name.endswith(".json.xz"):
            content = orjson.loads(lzma.decompress(path.read_bytes()))
            for name, entry in content["symbols"].items():
                if name != "linux_banner":
                    entry["address"] += 16
            target.write_bytes(lzma.compress(orjson.dumps(content), preset=0))
    done = vol("-q", "linux.pslist", image=without_btf, check=False)
    passed = [line for line in warnings(done) if "is passed over, as of another build" in line]
    assert len(passed) == 1
    assert "names of the image's kallsyms are not where the table has them" in passed[0]


@pytest.fixture
def server(library: Path) -> Iterator[str]:
    """The URL under which a web server on this machine gives out the library."""
    handler = functools.partial(Quiet, directory=str(library))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as served:
        threading.Thread(target=served.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{served.server_port}"
        served.shutdown()


class Quiet(http.server.SimpleHTTPRequestHandler):
    """A web server that says nothing."""

    def log_message(self, *_: object) -> None:
        """Nothing."""


def test_a_library_on_a_server_serves_too(
    library: Path, server: str, without_btf: Path, dump: Callable[[str], Dump], vol: Vol
) -> None:
    build([], library, url=server)
    url = f"{server}/banners.json"
    assert_told(vol("-q", "--remote-isf-url", url, "linux.pslist", image=without_btf), dump(MAIN))
    whole = vol("-q", "--remote-isf-url", url, "linux.pslist", image=dump(MAIN).raw)
    assert warnings(whole) == []
