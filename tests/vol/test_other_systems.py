# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The same rows where the system is not Linux: without what Windows and macOS lack (docs/platforms.md)."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import forms
from support.checkout import CHECKOUT
from support.othersystem import ELSEWHERE, VolElsewhere, environment_of
from support.volrunner import Result, Vol

GetDump = Callable[[str], Dump]

NAME, RICH = "amd64-6.1-stream", "amd64-6.12"
PLUGINS = {
    "btfscan": ("linux.btfscan", "--all", "--dump"),
    "btfisf": ("linux.btfisf", "--modules"),
    "btftypes": ("linux.btftypes", "--type", "task_struct"),
    "pslist": ("linux.pslist",),
    "lsmod": ("linux.lsmod",),
    "psscan": ("linux.psscan",),
    "bash": ("linux.bash",),
    "sockstat": ("linux.sockstat",),
    "files": ("linux.pagecache.Files",),
}
SEARCHED = ("btfscan", "btfisf", "btftypes", "pslist", "lsmod")
"""Those that are tried on `NAME`; the others on `RICH`, which has what they look for."""

SYSTEMS = ("win32", "darwin")


Run = Callable[..., Result]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """Runs of plugins on each system, each made once; a system's share a store, which starts empty."""
    folder = tmp_path_factory.mktemp("systems")
    known: dict[tuple[str, str, Path], Result] = {}

    def run(system: str, plugin: str, image: Path) -> Result:
        key = (system, plugin, image)
        if key not in known:
            vol = Vol(folder / system) if system == "linux" else VolElsewhere(folder / system, system)
            known[key] = vol(*PLUGINS[plugin], image=image)
        return known[key]

    return run


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory, dump: GetDump) -> Callable[[str], Path]:
    """The dump in a form that people have."""
    folder = tmp_path_factory.mktemp("images")

    def image(form: str) -> Path:
        source = dump(NAME)
        known = {"raw": source.raw, "elf": source.elf, "stream": source.stream}
        if form in known:
            return known[form]
        path = folder / f"memory.{form}"
        return path if path.exists() else getattr(forms, form)(source, path)

    return image


@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("plugin", SEARCHED)
def test_plugins_show_the_same(
    run: Run, images: Callable[[str], Path], dump: GetDump, plugin: str, system: str
) -> None:
    here, there = (run(where, plugin, images("raw")) for where in ("linux", system))
    assert here.rows
    assert there.stdout == here.stdout
    assert "Traceback" not in there.stderr


@pytest.mark.slow
@pytest.mark.parametrize("system", SYSTEMS)
@pytest.mark.parametrize("plugin", ["psscan", "bash", "sockstat", "files"])
def test_volatilitys_own_plugins_show_the_same_of_a_guest_that_has_it_all(
    run: Run, dump: GetDump, plugin: str, system: str
) -> None:
    here, there = (run(where, plugin, dump(RICH).raw) for where in ("linux", system))
    assert here.rows
    assert there.stdout == here.stdout
    assert "Traceback" not in there.stderr


@pytest.mark.parametrize("system", SYSTEMS)
def test_they_write_the_same_files(
    run: Run, images: Callable[[str], Path], dump: GetDump, system: str
) -> None:
    for plugin in ("btfscan", "btfisf"):
        here, there = (run(where, plugin, images("raw")) for where in ("linux", system))
        for name in {row["File output"] for row in here.rows}:
            assert (there.output / name).read_bytes() == (here.output / name).read_bytes()


@pytest.mark.parametrize("form", ["lime", "avml", "stream"])
def test_so_it_is_with_images_of_other_forms(
    run: Run, images: Callable[[str], Path], dump: GetDump, form: str
) -> None:
    here, there = (run(where, "pslist", images(form)) for where in ("linux", "win32"))
    assert here.rows
    assert there.stdout == here.stdout
    assert "Traceback" not in there.stderr


# --- the other system itself ---


def output_of(system: str, folder: Path, lines: str) -> str:
    """What lines print that are run as if they were the library's, on another system."""
    program = "import sys; exec(sys.argv[1], {'__name__': 'volatility3_btf.tried'})"
    done = subprocess.run(
        [sys.executable, "-c", program, lines],
        env={**environment_of(system, folder), "PYTHONPATH": f"{ELSEWHERE}:{CHECKOUT}"},
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout or done.stderr.strip().splitlines()[-1]


@pytest.mark.parametrize(
    ("lines", "expected"),
    [
        ("import os; os.pread", "AttributeError: module 'os' has no 'pread' on win32"),
        ("import os; print(os.name, hasattr(os, 'O_CLOEXEC'))", "nt False\n"),
        ("from signal import SIGKILL", "ImportError: cannot import name 'SIGKILL' from 'signal'"),
        ("import mmap; mmap.PROT_READ", "AttributeError: module 'mmap' has no 'PROT_READ' on win32"),
        ("import resource", "ModuleNotFoundError: No module named 'resource' on win32"),
        ("import os; os.open('file', os.O_RDONLY)", "OSError: [Errno 22] opened as text"),
        ("import os; f = open('file'); os.replace('new', 'file')", "PermissionError"),
        ("import os; os.rename('new', 'file')", "FileExistsError"),
        ("f = open('file'); from pathlib import Path; Path('file').unlink()", "PermissionError"),
        ("open('kernel:6.1', 'w')", "OSError: [Errno 22] Invalid argument"),
        ("open('NUL.json', 'w')", "OSError: [Errno 22] Invalid argument"),
    ],
)
def test_windows_refuses(tmp_path: Path, lines: str, expected: str) -> None:
    for name in ("file", "new"):
        (tmp_path / name).write_text(name)
    assert output_of("win32", tmp_path, lines).startswith(expected)


def test_a_file_that_somebody_reads_is_replaced_when_he_has_read_it(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("old")
    lines = """
import threading
from pathlib import Path
from volatility3_btf.isf.document import write_aside
file = open("table")
threading.Timer(0.2, file.close).start()
write_aside(Path("table"), b"new")
print(Path("table").read_text(), sorted(path.name for path in Path().iterdir() if path.suffix != ".json"))
"""
    assert output_of("win32", tmp_path, lines) == "new ['table']\n"


def test_one_that_stays_open_stays_whole_and_nothing_is_left_beside_it(tmp_path: Path) -> None:
    (tmp_path / "table").write_text("old")
    lines = """
from pathlib import Path
from volatility3_btf.isf.document import write_aside
file = open("table")
try:
    write_aside(Path("table"), b"new")
except PermissionError:
    print(Path("table").read_text(), sorted(p.name for p in Path().iterdir() if p.suffix != ".json"))
"""
    assert output_of("win32", tmp_path, lines) == "old ['table']\n"


def test_a_reader_that_is_gone_is_told_from_another_invalid_argument(tmp_path: Path) -> None:
    """Windows gives both the same number."""
    lines = """
import errno
from volatility3_btf.system import reader_is_gone
class Pipe:
    def __init__(self, is_read): self.is_read = is_read
    def flush(self):
        if not self.is_read: raise OSError(errno.EINVAL, "Invalid argument")
error = OSError(errno.EINVAL, "Invalid argument")
print(reader_is_gone(error, Pipe(False)), reader_is_gone(error, Pipe(True)))
print(reader_is_gone(BrokenPipeError(), Pipe(True)))
"""
    assert output_of("win32", tmp_path, lines) == "True False\nTrue\n"
