# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What plugins print is held against what there was before memory was copied, and after it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import pytest

from dumpmaker import crashdump
from support.truths import TYPED, Answer, Checks
from support.volrunner import Result, Vol

Row = dict[str, Any]
Ask = Callable[..., Answer]

MODULES = "ext4 1 0 - Live 0x0\ntun 1 0 - Live 0x0\n"
LISTENING = " 0: 0100007F:115C 00000000:0000 0A 0 0 0 0 0 {}\n"
SOCKET: Row = {
    "Proto": "TCP",
    "Source Addr": "127.0.0.1",
    "Source Port": 4444,
    "Destination Addr": "0.0.0.0",
    "Destination Port": 0,
}
LINE = "WARNING  volatility3_btf.vol.lines: the list of processes is torn\n"


@pytest.fixture
def ask(tmp_path: Path) -> Ask:
    """Asks about one plugin, which prints the rows that are given."""
    for moment, newest, ps, modules in (
        ("before", 100, ["1 0 init", "7 1 sleep", "8 1 ended"], MODULES),
        ("after", 200, ["1 0 init", "7 1 sleep", "150 1 began"], MODULES),
    ):
        folder = tmp_path / moment
        folder.mkdir()
        (folder / "loadavg").write_text(f"0.5 0.5 0.5 1/70 {newest}\n")
        (folder / "ps").write_text("PID PPID COMMAND COMMAND\n" + "".join(f"{line} x\n" for line in ps))
        (folder / "modules").write_text(modules)
        (folder / "net-tcp").write_text("heading\n" + LISTENING.format(77) + LISTENING.format(0))
        (folder / "net-tcp6").write_text("heading\n")
        (folder / "files").write_text("/etc\n/etc/passwd\n/busy/file-1\n")
    (tmp_path / "truth.json").write_text(json.dumps({"release": "6.1", "btf": {"ext4": {"sha256": "aa"}}}))

    def answer(plugin: str, rows: list[Row], stderr: str = "", code: int = 0) -> Answer:
        def vol(*words: str, image: Path, check: bool) -> Result:
            return Result(code, json.dumps(rows if plugin in words else []), stderr, tmp_path)

        checks = Checks(cast(Vol, vol), tmp_path / "image", tmp_path, ("before", "after"))
        (found,) = (one for one in checks.all() if one.plugin.split()[0] == plugin)
        return found

    return answer


def processes(*named: tuple[int, str]) -> list[Row]:
    return [{"PID": pid, "COMM": comm} for pid, comm in named]


ALL_THE_TIME = ((1, "init"), (7, "sleep"))


def test_what_was_there_all_the_time_is_asked_for(ask: Ask) -> None:
    answer = ask("linux.pslist", processes(*ALL_THE_TIME))
    assert (answer.found, answer.there, answer.more, answer.strange) == (2, 2, 0, 0)
    assert not answer.is_silent_fault


def test_what_ended_or_began_meanwhile_may_be_there(ask: Ask) -> None:
    answer = ask("linux.pslist", processes(*ALL_THE_TIME, (8, "ended"), (150, "began")))
    assert (answer.more, answer.strange) == (0, 0)


def test_what_lived_for_less_than_the_copy_took_is_counted(ask: Ask) -> None:
    answer = ask("linux.pslist", processes(*ALL_THE_TIME, (120, "sleep"), (121, "kworker/0:1")))
    assert (answer.more, answer.strange) == (1, 0)
    assert not answer.is_silent_fault


@pytest.mark.parametrize("process", [(50, "sleep"), (250, "sleep"), (120, "never-started")])
def test_a_process_that_never_was_is_a_fault_unless_something_is_said(
    ask: Ask, process: tuple[int, str]
) -> None:
    rows = processes(*ALL_THE_TIME, process)
    assert ask("linux.pslist", rows).strange == 1
    assert ask("linux.pslist", rows).is_silent_fault
    assert not ask("linux.pslist", rows, LINE).is_silent_fault


def test_what_is_missing_is_a_fault_unless_something_is_said(ask: Ask) -> None:
    rows = processes((1, "init"))
    assert ask("linux.pslist", rows).is_silent_fault
    assert not ask("linux.pslist", rows, LINE).is_silent_fault
    assert ask("linux.pslist", rows, LINE + "Traceback (most recent call last):\n").is_silent_fault
    assert ask("linux.pslist", processes(*ALL_THE_TIME), code=1).is_silent_fault


@pytest.mark.parametrize(
    ("plugin", "right", "wrong"),
    [
        ("linux.lsmod", [{"Module Name": "ext4"}, {"Module Name": "xfs"}], {"Module Name": "rootkit"}),
        ("linux.bash", [{"Command": command} for command in TYPED], {"Command": "other"}),
        (
            "linux.sockstat",
            [SOCKET, {**SOCKET, "Proto": "UDP", "Source Port": 1}],
            {**SOCKET, "Source Port": 1},
        ),
        (
            "linux.pagecache.Files",
            [
                {"FilePath": "/etc", "FileType": "DIR"},
                {"FilePath": "/etc/passwd", "FileType": "REG"},
                {"FilePath": "/busy/file-99", "FileType": "REG"},
                {"FilePath": "/etc/a-link", "FileType": "LNK"},
            ],
            {"FilePath": "/etc/shadow", "FileType": "REG"},
        ),
        (
            "linux.btfscan",
            [
                {"Kind": "module", "Name": "ext4", "SHA256": "aa", "State": "complete"},
                {"Kind": "module", "Name": "ext4", "SHA256": "bb", "State": "damaged"},
            ],
            {"Kind": "module", "Name": "ext4", "SHA256": "bb", "State": "complete"},
        ),
    ],
)
def test_so_it_is_with_every_plugin(ask: Ask, plugin: str, right: list[Row], wrong: Row) -> None:
    good, bad = ask(plugin, right), ask(plugin, [*right, wrong])
    assert good.found == good.there > 0
    assert good.strange == 0
    assert bad.strange == 1


def test_each_dump_of_a_crash_kernel_is_written_under_its_own_name() -> None:
    for name, command in crashdump.DUMPS.items():
        assert f"/images/{name}" in command.replace("of=", "").split()
        assert "/proc/vmcore" in command
