# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What goes wrong around a run of `vol`: full disks, forbidden folders, images that change, sudden ends.

docs/hostile.md says what is promised.
"""

from __future__ import annotations

import hashlib
import os
import random
import re
import signal
import stat
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

import pytest

from dumpmaker.cache import Dump
from support.volrunner import Result, Vol

pytestmark = pytest.mark.slow

NAME = "amd64-6.1-stream"  # the smallest guest
ENDS = int(os.environ.get("BTF_KILLS", "4"))
"""How often each kind of end, spread over the commands."""

WRITERS = {
    "linux.btfisf": r"[\w.-]+\.json\.xz",
    "linux.btfscan --dump": r"kernel\.0x[0-9a-f]+\.btf",
    "linux.btftypes --header": r"vmlinux-[\w.-]+\.h",
}
"""Commands that write into the output folder, and the file that each writes."""

COMMANDS = [
    "linux.btfscan --all --dump",
    "linux.btfisf",
    "linux.btfisf --install",
    "linux.btftypes --header",
    "linux.btftypes --type task_struct",
    "linux.pslist",
]
"""All that we do with an image."""

ASIDE = r"tmp_\w+\.vol3"
"""Volatility's name for a file that is being written."""

SMALL = 'ulimit -f 200; exec "$@"'
"""No file may grow beyond 200 KiB: each of ours is larger, Volatility's own cache is not."""

WATCH = """
import os, sys
target, log = os.environ["WATCHED_FILE"], os.environ["WATCHED_LOG"]
def hook(event, arguments):
    if event == "open" and isinstance(arguments[0], (str, bytes)) and os.fsdecode(arguments[0]) == target:
        descriptor = os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, b"%d\\n" % arguments[2])
        os.close(descriptor)
sys.addaudithook(hook)
"""
"""For sitecustomize.py: notes the flags with which one file is opened."""


class Undisturbed(NamedTuple):
    """What a command prints, the files that it writes (name → SHA-256), and the seconds that it takes."""

    shown: str
    files: dict[str, str]
    seconds: float


Ask = Callable[[str], Undisturbed]


@pytest.fixture
def image(dump: Callable[[str], Dump]) -> Path:
    return dump(NAME).raw


@pytest.fixture
def copy(image: Path, tmp_path: Path) -> Path:
    """An image to be changed."""
    path = tmp_path / "copy.raw"
    subprocess.run(["cp", "--sparse=always", image, path], check=True)
    return path


@pytest.fixture(scope="module")
def undisturbed(dump: Callable[[str], Dump], tmp_path_factory: pytest.TempPathFactory) -> Ask:
    """What a command does when nothing goes wrong; asked once."""
    known: dict[str, Undisturbed] = {}

    def ask(command: str) -> Undisturbed:
        if command not in known:
            vol = Vol(tmp_path_factory.mktemp("undisturbed"))
            begun = time.monotonic()
            shown = vol("-q", *command.split(), image=dump(NAME).raw).stdout
            known[command] = Undisturbed(shown, files_of(vol), time.monotonic() - begun)
        return known[command]

    return ask


def files_of(vol: Vol) -> dict[str, str]:
    """The files in the output folder: name → SHA-256."""
    return {path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in vol.output.iterdir()}


def start(vol: Vol, image: Path, command: str, prefix: tuple[str, ...] = ()) -> subprocess.Popen[str]:
    """A command in the background, leader of a group of processes as a shell would make it."""
    return subprocess.Popen(
        [*prefix, *vol.command("-q", "-f", image, *command.split())],
        env=vol.environment,
        cwd=vol.folder,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )


def result_of(run: subprocess.Popen[str], vol: Vol, timeout: float = 300) -> Result:
    """Wait for a command."""
    output, errors = run.communicate(timeout=timeout)
    return Result(run.returncode, output, errors, vol.output)


def without_rights() -> tuple[str, ...]:
    """Starts a command that may write only where the permissions say so, even for root."""
    return ("setpriv", "--bounding-set", "-dac_override") if os.geteuid() == 0 else ()


def assert_one_line_of_ours(done: Result, cause: str) -> None:
    """One line that says why; exit code 1; nothing of ours half written."""
    assert done.returncode == 1, done.stderr
    assert "Traceback" not in done.stderr
    (line,) = [line for line in done.stderr.splitlines() if "btf" in line or cause in line]
    assert re.match(rf"ERROR +volatility3\.plugins\.linux\.btf\w+: \S+ cannot be written: {cause}$", line)


@pytest.mark.parametrize("command", WRITERS)
def test_a_full_disk(command: str, image: Path, vol: Vol) -> None:
    done = result_of(start(vol, image, command, ("bash", "-c", SMALL, "bash")), vol)
    assert_one_line_of_ours(done, "File too large")
    assert files_of(vol) == {}


@pytest.mark.parametrize("command", WRITERS)
def test_a_folder_that_may_not_be_written(command: str, image: Path, vol: Vol) -> None:
    vol.output.chmod(0o555)
    done = result_of(start(vol, image, command, without_rights()), vol)
    assert_one_line_of_ours(done, "Permission denied")
    assert files_of(vol) == {}


@pytest.mark.parametrize("cause", ["Permission denied", "File too large"])
def test_a_symbol_folder_that_cannot_be_written(cause: str, image: Path, vol: Vol) -> None:
    symbols = vol.cache / "volatility3/symbols/linux"
    symbols.mkdir(parents=True)
    if cause == "Permission denied":
        symbols.chmod(0o555)
    prefix = without_rights() if cause == "Permission denied" else ("bash", "-c", SMALL, "bash")
    done = result_of(start(vol, image, "linux.btfisf --install", prefix), vol)
    assert_one_line_of_ours(done, cause)
    assert list(symbols.iterdir()) == []


def test_a_store_that_may_not_be_written(image: Path, vol: Vol, undisturbed: Ask) -> None:
    """The table serves for this run only."""
    store = vol.cache / "volatility3/symbols/btf"
    store.mkdir(parents=True)
    store.chmod(0o555)
    done = result_of(start(vol, image, "linux.pslist", without_rights()), vol)
    assert done.stdout == undisturbed("linux.pslist").shown
    assert "could not be stored and serves for this run only" in done.stderr
    assert list(store.iterdir()) == []


def test_images_are_only_read(image: Path, copy: Path, vol: Vol) -> None:
    """No command opens the image for writing, and its bytes and times are as before."""
    site, log = vol.folder / "site", vol.folder / "opened"
    site.mkdir()
    (site / "sitecustomize.py").write_text(WATCH)
    before, digest = copy.stat(), digest_of(copy)
    variables = {"WATCHED_FILE": str(copy), "WATCHED_LOG": str(log)}
    for command in COMMANDS:
        environment = vol.environment | variables
        environment["PYTHONPATH"] = f"{site}{os.pathsep}{environment['PYTHONPATH']}"
        log.unlink(missing_ok=True)
        done = subprocess.run(
            vol.command("-q", "-f", copy, *command.split()),
            env=environment,
            cwd=vol.folder,
            capture_output=True,
        )
        assert done.returncode == 0, done.stderr
        flags = [int(line) for line in log.read_text().split()]
        assert flags, command
        assert {flag & (os.O_ACCMODE | os.O_TRUNC | os.O_CREAT) for flag in flags} == {os.O_RDONLY}, command
    after = copy.stat()
    assert digest_of(copy) == digest
    assert (after.st_mtime_ns, after.st_size, stat.S_IMODE(after.st_mode)) == (
        before.st_mtime_ns,
        before.st_size,
        stat.S_IMODE(before.st_mode),
    )


def digest_of(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@pytest.mark.parametrize("command", ["linux.btfscan --all", "linux.btfisf", "linux.pslist"])
def test_an_image_that_shrinks(command: str, copy: Path, vol: Vol, undisturbed: Ask) -> None:
    """At any moment, to any length: an answer, or an error that says so; never a signal."""
    chance = random.Random(command)
    size, moment = copy.stat().st_size, chance.uniform(0.3, 0.8) * undisturbed(command).seconds
    run = start(vol, copy, command)
    time.sleep(moment)
    os.truncate(copy, int(chance.uniform(0, 0.9) * size))
    done = result_of(run, vol)
    assert done.returncode in (0, 1), done
    assert "Traceback" not in done.stderr
    assert done.returncode == 0 or done.stderr.strip()
    assert not any(re.fullmatch(ASIDE, name) for name in files_of(vol))


@pytest.mark.parametrize("command", ["linux.btfscan --all", "linux.pslist"])
def test_an_image_that_grows(command: str, copy: Path, vol: Vol, undisturbed: Ask) -> None:
    run = start(vol, copy, command)
    with copy.open("ab") as file:
        for _ in range(64):
            file.write(bytes(1 << 20))
            time.sleep(0.02)
    done = result_of(run, vol)
    assert (done.returncode, done.stdout) == (0, undisturbed(command).shown), done.stderr


def test_an_image_that_was_cut_short(copy: Path, vol: Vol) -> None:
    """The kernel's BTF is cut in its middle: a row that says so, and no symbol table."""
    (row,) = vol("-q", "linux.btfscan", image=copy).rows
    os.truncate(copy, row["Offset"] + row["Size"] // 2)
    cut = [
        found for found in vol("-q", "linux.btfscan", "--all", image=copy).rows if found["Kind"] == "kernel"
    ]
    assert "complete" not in {found["State"] for found in cut}
    done = vol("-q", "linux.pslist", image=copy, check=False)
    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGKILL], ids=["Ctrl-C", "kill -9"])
def test_ended_at_any_moment(
    end: signal.Signals,
    image: Path,
    vol: Vol,
    undisturbed: Ask,
) -> None:
    """Half of the times while a file is written: that is whole, or has the name of an unfinished one."""
    chance = random.Random(end)
    for number in range(ENDS):
        command = list(WRITERS)[number % len(WRITERS)]
        expected = undisturbed(command).files
        run = start(vol, image, command)
        if number % 2:
            wait_for_a_file(run, vol)
        else:
            time.sleep(chance.random() * undisturbed(command).seconds)
        os.killpg(run.pid, end)
        done = result_of(run, vol, timeout=5)
        assert done.returncode in (0, -end, 128 + end), done.stderr
        for name, digest in files_of(vol).items():
            whole = re.fullmatch(WRITERS[command], name) and digest == expected[name]
            assert whole or (end == signal.SIGKILL and re.fullmatch(ASIDE, name)), name
        for path in vol.output.iterdir():
            if re.fullmatch(WRITERS[command], path.name):
                path.unlink()
    command = "linux.btfisf"
    assert result_of(start(vol, image, command), vol).stdout == undisturbed(command).shown
    assert undisturbed(command).files.items() <= files_of(vol).items()


def wait_for_a_file(run: subprocess.Popen[str], vol: Vol) -> None:
    """Wait until another file appears in the output folder, or the run is over."""
    before = len(list(vol.output.iterdir()))
    while run.poll() is None and len(list(vol.output.iterdir())) == before:
        time.sleep(0.001)


def test_no_process_outlives_a_killed_run(image: Path, vol: Vol) -> None:
    """A large image is searched by processes of their own."""
    run = start(vol, image, "linux.btfscan --all")
    children: set[int] = set()
    while run.poll() is None and not children:
        children = children_of(run.pid)
    assert children
    run.kill()
    run.communicate()
    until = time.monotonic() + 30
    while any(is_running(child) for child in children) and time.monotonic() < until:
        time.sleep(0.01)
    assert not any(is_running(child) for child in children)


def children_of(process: int) -> set[int]:
    try:
        return set(map(int, Path(f"/proc/{process}/task/{process}/children").read_text().split()))
    except OSError:
        return set()


def is_running(process: int) -> bool:
    """Whether a process is there and no zombie (whose parent may be one that does not wait for it)."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
