# SPDX-License-Identifier: Apache-2.0
"""A large file is searched by child processes: what they find, and what is left when something ends early."""

from __future__ import annotations

import contextlib
import gc
import logging
import os
import random
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.checkout import CHECKOUT
from support.cores import Elf, lime
from support.memories import occurrences
from volatility3_btf import system
from volatility3_btf.files import images
from volatility3_btf.files.images import open_memory
from volatility3_btf.memory import search_processes as children
from volatility3_btf.memory import search_worker as finder
from volatility3_btf.memory.memory import PAGE, Run, UnreadableError

PIECE = 16 * PAGE
NEEDLE = b"match"
PATIENCE = 30_000  # milliseconds

Program = Callable[[str], None]


@pytest.fixture(autouse=True)
def small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Two children for the smallest file, which are asked for four small pieces ahead."""
    monkeypatch.setattr(images, "LARGE", 1)
    monkeypatch.setattr(images, "SMALL", 1)
    monkeypatch.setattr(images, "PIECE", PIECE)
    monkeypatch.setattr(images, "MOST_WAITING", 4)
    monkeypatch.setattr(children, "SHARE", 1)
    monkeypatch.setattr(system, "processors", lambda: 2)


@pytest.fixture
def program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Program:
    """Lets children run another program: theirs, changed by some lines."""

    def change(lines: str) -> None:
        path = tmp_path / "changed.py"
        folder = str(Path(finder.__file__).parent)
        path.write_text(
            f"import os, signal, sys\nsys.path[:0] = [sys.argv[1], {folder!r}]\n"
            f"import search_worker as finder\n{lines}\n"
            "try:\n    finder.main()\nexcept (EOFError, OSError):\n    os._exit(1)\n"
        )
        monkeypatch.setattr(children, "PROGRAM", path)

    return change


@pytest.fixture
def pages(tmp_path: Path) -> Path:
    """A file of 40 pieces with a match at the start of each page."""
    path = tmp_path / "image"
    path.write_bytes((NEEDLE + b"\1" * (PAGE - len(NEEDLE))) * (40 * PIECE // PAGE))
    return path


def processes() -> set[int]:
    """The children that this process has, zombies too."""
    lists = Path("/proc/self/task").glob("*/children")
    return {int(pid) for path in lists for pid in path.read_text().split()}


@pytest.fixture(autouse=True)
def nothing_is_left() -> Iterator[None]:
    """After every test: no process, no zombie, no descriptor."""
    gc.collect()  # what earlier tests dropped must not be closed meanwhile
    before = processes(), len(os.listdir("/proc/self/fd"))
    yield
    assert (processes(), len(os.listdir("/proc/self/fd"))) == before


# --- what is found ---


@pytest.mark.parametrize("form", ["raw", "lime", "elf"])
@pytest.mark.parametrize("needles", [[b"ab"], [b"a", b"abab", b"bbbbbbbbb"]])
def test_children_find_what_this_process_finds(tmp_path: Path, form: str, needles: list[bytes]) -> None:
    """In three runs of which two touch, and across the borders of pieces."""
    generator = random.Random(1)
    size = 3 * PIECE + 100
    first, second, third = (bytes(generator.choices(b"abcc", k=size)) for _ in range(3))
    pieces = [(PAGE, first), (PAGE + size, second), (PAGE + 2 * size + 7, third)]
    image = {"raw": first + second + third, "lime": lime(pieces), "elf": Elf().core(pieces)}[form]
    path = tmp_path / "image"
    path.write_bytes(image)
    held = [(0, image)] if form == "raw" else pieces
    with open_memory(path) as memory:
        found = list(memory.search(needles))
    for number, needle in enumerate(needles):
        assert [a for a, which in found if which == number] == list(occurrences(held, needle))
    if len(needles) == 1:
        assert found == sorted(found)


def test_only_what_is_asked_for_is_searched(pages: Path) -> None:
    with open_memory(pages) as memory:
        assert list(memory.find(NEEDLE, 5 * PAGE - 2, 90 * PAGE + 4)) == [p * PAGE for p in range(5, 90)]


def test_a_million_matches_are_all_found_unless_a_limit_is_set(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = tmp_path / "image"
    path.write_bytes(b"abcd" * (1 << 20))
    with open_memory(path) as memory:
        assert sum(1 for _ in memory.find(b"abcd")) == 1 << 20
        some = list(memory.search([b"abcd", b"bcda"], most=3, what="Looking"))
    mib = [i << 20 for i in range(4)]
    step = PIECE  # a piece, where it is smaller than a MiB, is what the limit is for
    assert [a for a, number in some if number == 0] == [
        p + d for m in mib for p in range(m, m + (1 << 20), step) for d in (0, 4, 8)
    ]
    assert "Looking: 20" in caplog.text
    assert "too many for one place" in caplog.text


def test_the_limit_does_not_depend_on_who_searches(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "image"
    path.write_bytes(lime([(3 << 19, b"abcd" * (1 << 19))]))
    with open_memory(path) as memory:
        by_children = list(memory.find(b"abcd", most=5))
        monkeypatch.setattr(images, "LARGE", 1 << 60)
        assert list(memory.find(b"abcd", most=5)) == by_children


def test_several_processes_share_the_work(pages: Path) -> None:
    with open_memory(pages) as memory:
        found = memory.find(NEEDLE)
        next(found)
        assert len(processes()) == 2
        assert len(list(found)) == 40 * PIECE // PAGE - 1
        assert not processes()


def test_children_map_little_and_dump_no_core(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(images, "PIECE", 16 << 20)
    path = tmp_path / "image"
    with path.open("wb") as out:
        for _ in range(128):
            out.write(b"\1" * (1 << 20))
        out.write(NEEDLE * 10)
    with open_memory(path) as memory:
        found = memory.find(NEEDLE)
        next(found)
        for pid in processes():
            status = dict(line.split(":", 1) for line in Path(f"/proc/{pid}/status").read_text().splitlines())
            assert int(status["VmHWM"].split()[0]) << 10 <= (16 + 32) << 20
            limits = Path(f"/proc/{pid}/limits").read_text()
            assert "Max core file size        0 " in limits
        found.close()


# --- a file that shrinks ---


def ends_early(found: Iterator[int], path: Path, kept: int) -> None:
    """All that is left of a file is found, and then that there was more."""
    seen = []
    with pytest.raises(UnreadableError, match="shorter") as caught:
        seen += found
    assert caught.value.offset == kept
    assert seen[-1:] == [kept - PAGE]
    assert os.stat(path).st_size == kept


def test_a_file_cut_off_between_two_matches(pages: Path) -> None:
    with open_memory(pages) as memory:
        found = memory.find(NEEDLE)
        next(found)
        os.truncate(pages, 20 * PIECE)
        ends_early(found, pages, 20 * PIECE)


def test_a_file_emptied_between_two_matches(pages: Path) -> None:
    with open_memory(pages) as memory:
        found = memory.find(NEEDLE)
        next(found)
        os.truncate(pages, 0)
        with pytest.raises(UnreadableError, match="shorter"):
            list(found)


def test_a_file_cut_off_by_the_callback(pages: Path) -> None:
    def cut(done: float, what: str) -> None:
        if done > 50:
            os.truncate(pages, 30 * PIECE)

    with open_memory(pages) as memory:
        found = (address for address, _ in memory.search([NEEDLE], progress=cut))
        ends_early(found, pages, 30 * PIECE)


def test_a_file_cut_off_under_a_childs_mapping(
    pages: Path, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """No check of the size can help here: the child gets SIGBUS, and this process is none the worse.

    One child: a second one could see the cut before it maps its own piece, and end in peace.
    """
    monkeypatch.setattr(system, "processors", lambda: 1)
    kept = 20 * PIECE
    program(
        "mapped = finder.mapped\n"
        "def cut(descriptor, start, stop):\n"
        "    found = mapped(descriptor, start, stop)\n"
        f"    if stop > {kept}: os.truncate({str(pages)!r}, {kept})\n"
        "    return found\n"
        "finder.mapped = cut"
    )
    with open_memory(pages) as memory, caplog.at_level(logging.INFO):
        ends_early(memory.find(NEEDLE), pages, kept)
    assert f"exit status {-signal.SIGBUS}" in caplog.text


# --- children that die, or cannot be had ---


@pytest.mark.parametrize(
    "lines",
    [
        "os._exit(3)",
        "print('no answer', flush=True); os._exit(0)",
        "search, left = finder.Searcher.search, [3]\n"
        "def dying(self, *command):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    search(self, *command)\n"
        "finder.Searcher.search = dying",
        "finder.MOST_AT_ONCE, finder.STRIDE, left = 1, finder.mmap.PAGESIZE, [9]\n"
        "answer = finder.Searcher._answer\n"
        "def dying(self, *found, last):\n"
        "    left[0] -= 1\n"
        "    if not left[0]: os.kill(os.getpid(), signal.SIGKILL)\n"
        "    answer(self, *found, last=last)\n"
        "finder.Searcher._answer = dying",
    ],
    ids=["at its start", "with nonsense", "between answers", "between the parts of an answer"],
)
def test_nothing_is_lost_with_a_child(pages: Path, program: Program, lines: str) -> None:
    program(lines)
    with open_memory(pages) as memory:
        assert list(memory.find(NEEDLE)) == list(range(0, 40 * PIECE, PAGE))


@pytest.mark.parametrize("executable", ["", "/bin/false", "/none/python", "/usr/bin/vol"])
def test_without_a_python_this_process_searches(
    pages: Path, executable: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "executable", executable)
    with open_memory(pages) as memory:
        assert list(memory.find(NEEDLE)) == list(range(0, 40 * PIECE, PAGE))


def test_what_a_disk_does_not_give_is_skipped(
    pages: Path, program: Program, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A bad sector under a mapping kills the child; reading it is an error that can be stepped over."""
    bad = 100 * PAGE
    program(
        "search = finder.Searcher.search\n"
        "def dying(self, start, stop, end, address):\n"
        f"    if start <= {bad} < stop: os.kill(os.getpid(), signal.SIGBUS)\n"
        "    search(self, start, stop, end, address)\n"
        "finder.Searcher.search = dying"
    )
    read = images.FileMemory._read

    def failing(self: images.FileMemory, run: Run, offset: int, length: int) -> bytes:
        if offset < bad + PAGE and bad < offset + length:
            raise UnreadableError(bad, "Input/output error")
        return read(self, run, offset, length)

    monkeypatch.setattr(images.FileMemory, "_read", failing)
    with open_memory(pages) as memory:
        assert list(memory.find(NEEDLE)) == [a for a in range(0, 40 * PIECE, PAGE) if a != bad]
    assert f"skipped {PAGE} bytes" in caplog.text


# --- stopping ---


def test_stopping_ends_the_children(pages: Path) -> None:
    with open_memory(pages) as memory:
        found = memory.find(NEEDLE)
        assert not processes()
        next(found)
        assert processes()
        found.close()
        assert not processes()


def test_an_interrupt_ends_the_children_even_while_its_traceback_is_kept(pages: Path) -> None:
    def interrupt(done: float, what: str) -> None:
        if done > 10:
            assert processes()
            raise KeyboardInterrupt

    with open_memory(pages) as memory:
        with pytest.raises(KeyboardInterrupt) as caught:
            list(memory.search([NEEDLE], progress=interrupt))
        assert caught.tb
        assert not processes()


SEARCH_AND_WAIT = """
import signal, sys
from volatility3_btf import open_memory
from volatility3_btf import system
from volatility3_btf.files import images
from volatility3_btf.memory import search_processes as children
images.LARGE = images.SMALL = images.MOST_WAITING = children.SHARE = 1
images.PIECE = 4096
found = open_memory(sys.argv[1]).find(b"match")
next(found)
print(flush=True)
signal.pause()
"""


@contextlib.contextmanager
def searching(image: Path) -> Iterator[tuple[subprocess.Popen[str], list[int]]]:
    """A process in the middle of a search, and descriptors of its children."""
    with subprocess.Popen(
        [sys.executable, "-c", SEARCH_AND_WAIT, str(image)],
        cwd=CHECKOUT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
    ) as process:
        assert process.stdout
        process.stdout.readline()
        own = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()
        handles = [os.pidfd_open(int(pid)) for pid in own]
        try:
            yield process, handles
        finally:
            process.kill()
            for handle in handles:
                os.close(handle)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_children_do_not_outlive_a_parent_that_is_ended(pages: Path, number: signal.Signals) -> None:
    with searching(pages) as (process, handles):
        assert handles
        os.killpg(process.pid, number)
        for handle in handles:
            poll = select.poll()
            poll.register(handle, select.POLLIN)
            assert poll.poll(PATIENCE)
        _, errors = process.communicate()
    assert process.returncode == -number
    assert errors.count("Traceback") == (number == signal.SIGINT)  # the parent's own
