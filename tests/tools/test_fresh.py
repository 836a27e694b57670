# SPDX-License-Identifier: Apache-2.0
"""What `make fresh` reports, and that it leaves nothing; no root is made here."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from freshroot import cli
from freshroot.root import FreshError, Root, chosen


@pytest.fixture
def shell(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[Path]:
    """Commands run in this machine's shell; roots would lie in the folder."""
    monkeypatch.setattr(cli, "system_mirror", lambda suite: "mirror")
    monkeypatch.setattr(Root, "make", lambda root, mirror: root.path.mkdir())
    monkeypatch.setattr(Root, "clone", lambda root, checkout: None)
    monkeypatch.setattr(Root, "command", lambda root, text: ["sh", "-c", text])
    monkeypatch.setattr(cli.os, "geteuid", lambda: 0)
    monkeypatch.setenv("BTF_FRESH", str(tmp_path))
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in handlers.items():
        signal.signal(number, handler)


def fresh(monkeypatch: pytest.MonkeyPatch, *words: str) -> int:
    monkeypatch.setattr(sys, "argv", ["fresh", *words])
    try:
        cli.main()
    except SystemExit as end:
        assert isinstance(end.code, int), end.code
        return end.code
    return 0


def test_all_is_well(
    shell: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    closing = "==== 3 passed, 1 skipped in 62.10s (0:01:02) ===="
    assert fresh(monkeypatch, "trixie", "bookworm", "--run", "true", "--run", f"echo '{closing}'") == 0
    lines = capsys.readouterr().out.partition("== On a fresh Debian\n")[2].splitlines()
    assert [line.split(":")[0] for line in lines if line[0] != " "] == ["trixie", "bookworm"]
    assert "Python 3." in lines[0]
    assert lines[1] == "  true: done in 0 s"
    assert lines[2].endswith("done in 0 s, 3 passed, 1 skipped")
    assert not list(shell.iterdir())


def test_one_failure_fails_all_and_the_next_is_run(
    shell: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        fresh(monkeypatch, "trixie", "--run", "echo 1 failed, 2 passed in 3.00s; exit 2", "--run", "echo on")
        == 1
    )
    said = capsys.readouterr().out
    assert "FAILED with exit code 2 in 0 s, 1 failed, 2 passed\n" in said
    assert "echo on: done in 0 s\n" in said
    (log,) = shell.iterdir()
    assert log.read_text() == "1 failed, 2 passed in 3.00s\non\n"


def test_an_interrupt_ends_the_command_and_leaves_nothing(
    shell: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    words = "echo begun; kill -INT $PPID; exec sleep 1000"
    assert fresh(monkeypatch, "trixie", "--run", words) == 130
    assert [path.suffix for path in shell.iterdir()] == [".log"]


def test_without_a_tool_for_roots_there_is_a_reason(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(shutil, "which", lambda name: None)
    with pytest.raises(FreshError, match="install one of them"):
        Root("trixie", tmp_path).make("mirror")


def test_a_root_sees_what_it_is_told_to_and_no_more(tmp_path: Path) -> None:
    there = {"PIP_CERT": "a", "https_proxy": "b", "SECRET": "c"}
    environment = chosen("PIP_* *_proxy", there)
    assert environment == {"PIP_CERT": "a", "https_proxy": "b"}
    words = Root("trixie", tmp_path, (Path("/etc/pip.conf"),), environment).command("make test")
    inside = words[words.index("--") + 1 :]
    assert inside[:2] == ["env", "-i"]
    assert {"PIP_CERT=a", "https_proxy=b"} <= set(inside)
    assert not any("SECRET" in word for word in inside)
    assert inside[-1].endswith("&& make test")


def test_what_is_not_committed_is_not_cloned(tmp_path: Path) -> None:
    source, root = tmp_path / "source", Root("trixie", tmp_path / "home")
    git = ["git", "-C", str(source), "-c", "user.name=x", "-c", "user.email=x@x"]
    subprocess.run(["git", "init", "-q", str(source)], check=True)
    (source / "committed").touch()
    subprocess.run([*git, "add", "."], check=True)
    subprocess.run([*git, "commit", "-qm", "x"], check=True)
    (source / "changed").touch()
    root.clone(source)
    (clone,) = (root.path / "root").iterdir()
    assert {path.name for path in clone.iterdir()} == {".git", "committed"}
