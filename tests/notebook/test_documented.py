# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What docs/notebook.md and docs/sql.md show works, and is what the guest says of itself."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pandas
import pytest

from dumpmaker.cache import RECIPES, Dump
from support.checkout import CHECKOUT
from support.pluginruns import stable
from support.volrunner import Vol
from volatility3_btf.notebook import Image
from volatility3_btf.notebook.frame import Rows
from volatility3_btf.notebook.sql.views import VIEWS

Opened = Callable[[str], Image]
Dumps = Callable[[str], Dump]

DEBIAN = "amd64-6.12"
MACHINES = {
    "amd64": "x86_64",
    "arm64": "aarch64",
    "s390x": "s390x",
    "riscv64": "riscv64",
    "ppc64el": "ppc64le",
}
"""What uname calls Debian's architectures."""

RICH = [name for name, recipe in RECIPES.items() if recipe.rich]


def blocks(page: str, language: str) -> list[str]:
    text = (CHECKOUT / "docs" / page).read_text()
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def documented(table: str) -> str:
    """The query that docs/sql.md has for a table of mquire's."""
    *_, block = blocks("sql.md", "sql")
    (query,) = (each for each in block.split(";") if re.search(rf"\bfrom {table}\s*$", each))
    return query


@pytest.fixture(params=RICH)
def guest(request: pytest.FixtureRequest, dump: Dumps, opened: Opened) -> tuple[Image, Dump]:
    return opened(request.param), dump(request.param)


def told(guest: Dump, name: str) -> str:
    return (guest.folder / "proc" / name).read_text()


def records(rows: Rows) -> list[dict[str, Any]]:
    return [dict(zip(rows.columns, row, strict=True)) for row in rows.itertuples(index=False, name=None)]


def test_the_notebook_page_runs_as_it_stands(dump: Dumps, vol: Vol) -> None:
    for name, path in (("memory.raw", dump(DEBIAN).raw), ("memory.elf", dump("amd64-6.1").elf)):
        (vol.folder / name).symlink_to(path)
    code = "\n".join(blocks("notebook.md", "python"))
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, env=vol.environment, cwd=vol.folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert dump(DEBIAN).truth["release"] in done.stdout and dump("amd64-6.1").truth["release"] in done.stdout
    assert (vol.folder / "case.duckdb").is_file() and (vol.folder / "case").is_dir()


def test_every_question_on_the_sql_page_has_an_answer(guest: tuple[Image, Dump]) -> None:
    image, _ = guest
    connections, capable, hidden, hooks = (image.sql(query) for query in blocks("sql.md", "sql")[:-1])
    assert {"nc", "httpd"} & set(connections["comm"])
    (sleeper,) = records(capable)
    assert sleeper["command_line"] == "sleep 22223" and list(sleeper["ambient"]) == ["CAP_NET_RAW"]
    assert "/dev/null" in sleeper["files"]
    assert len(hidden) == 0 and len(hooks) == 0


def test_every_view_is_in_the_table_of_the_page() -> None:
    page = (CHECKOUT / "docs" / "sql.md").read_text()
    assert set(re.findall(r"^\| `(\w+)` \| the view `\1`", page, re.MULTILINE)) == set(VIEWS)


def test_the_systems_names(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    (version,) = records(image.sql(documented("os_version")))
    assert version["kernel_version"] == dump.truth["release"]
    assert version["arch"] == MACHINES[dump.truth["arch"]]
    assert version["system_version"] in dump.truth["version"]
    (names,) = records(image.sql(documented("system_info")))
    assert names == {"hostname": "btf-guest", "domain": "(none)"}
    (boot,) = image.sql(documented("boot_time"))["boot_time"]
    (first,) = image.sql("select min(start_time) as t from tasks")["t"]
    assert abs((first - boot).total_seconds()) < 60


def test_symbols_are_those_of_proc_kallsyms(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    lines = (line.split() for line in dump.kallsyms.read_text().splitlines())
    expected = [(words[2], int(words[0], 16), words[1]) for words in lines if len(words) == 3]
    shown = list(image.sql(documented("kernel_symbols")).itertuples(index=False, name=None))
    assert len(shown) > 80_000 and set(shown) == set(expected)


def test_the_kernels_log(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    rows = image.sql(documented("dmesg"))
    lines = re.findall(r"^\[ *(\d+)\.(\d+)\] (.*)$", told(dump, "dmesg"), re.MULTILINE)
    expected = [(int(whole) * 10**9 + int(part) * 1000, text.rstrip()) for whole, part, text in lines]
    shown = [
        (row["timestamp_ns"], row["message"].rstrip())
        for row in records(rows)
        if not row["message"].startswith((" SUBSYSTEM=", " DEVICE="))
    ]
    assert len(shown) >= 100 and shown == expected[: len(shown)]
    assert rows["level"].between(0, 7).all() and (rows["facility"] >= 0).all()


def test_tasks_by_two_lists(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    rows = records(image.sql(documented("tasks")))
    expected = stable({int(p["pid"]): (int(p["ppid"]), p["comm"]) for p in dump.truth["processes"]})
    for source in ("task_list", "pid_ns"):
        shown = {
            row["pid"]: (row["ppid"], row["comm"])
            for row in rows
            if row["source"] == source and row["pid"] == row["tgid"]
        }
        assert stable(shown) == expected
    by_pid = {row["pid"]: row for row in rows if row["source"] == "task_list"}
    compared = 0
    for folder in dump.folder.glob("proc/[0-9]*"):
        row = by_pid.get(int(folder.name))
        if row is None or not (folder / "exe").is_file() or not (folder / "status").is_file():
            continue
        status = dict(re.findall(r"^(\w+):\t(\S*)", (folder / "status").read_text(), re.MULTILINE))
        assert row["binary_path"] == (folder / "exe").read_text().strip()
        assert (row["uid"], row["gid"]) == (int(status["Uid"]), int(status["Gid"]))
        arguments = (folder / "cmdline").read_text().replace("\0", "\n").split()
        assert row["command_line"].split() == arguments
        compared += 1
    assert compared >= 10
    kernel = {row["comm"] for row in rows if row["type"] == "kthread"}
    assert "kthreadd" in kernel and "init" not in kernel


def test_open_files_and_mappings_have_their_tasks(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    files, maps = (
        records(image.sql(documented("task_open_files"))),
        records(image.sql(documented("memory_mappings"))),
    )
    tasks = {row["pid"]: row["virtual_address"] for row in records(image.sql(documented("tasks")))}
    compared = 0
    for folder in dump.folder.glob("proc/[0-9]*"):
        pid = int(folder.name)
        if pid == 1 or pid not in tasks or not (folder / "maps").is_file():
            continue
        opened = dict(re.findall(r" (\d+) -> (/.*)$", (folder / "fd").read_text(), re.MULTILINE))
        shown = {str(row["fd"]): row["path"] for row in files if row["task"] == tasks[pid]}
        assert {key: shown.get(key) for key in opened} == opened
        lines = re.findall(
            r"^(\w+)-(\w+) (\S{4}) (\w+) \S+ \d+ *(\S.*)?$", (folder / "maps").read_text(), re.MULTILINE
        )
        expected = {
            (int(start, 16), int(end, 16), flags)
            for start, end, flags, _, name in lines
            if name != "[vsyscall]"
        }
        mapped = {
            (
                row["region_start"],
                row["region_end"],
                "".join(
                    letter if row[name] else other
                    for letter, other, name in zip(
                        "rwxs", "---p", ("readable", "writable", "executable", "shared"), strict=True
                    )
                ),
            )
            for row in maps
            if row["task"] == tasks[pid]
        }
        assert mapped == expected
        compared += 1
    assert compared >= 10


def test_capabilities_and_ptrace(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    tasks = {row["virtual_address"]: row["pid"] for row in records(image.sql(documented("tasks")))}
    rows = records(image.sql(documented("task_capabilities")))
    assert len({row["name"] for row in rows}) == 41
    compared = 0
    for folder in dump.folder.glob("proc/[0-9]*"):
        if not (folder / "status").is_file():
            continue
        status = dict(re.findall(r"^Cap(\w+):\t(\w+)$", (folder / "status").read_text(), re.MULTILINE))
        own = [row for row in rows if tasks[row["task"]] == int(folder.name)]
        if not own:
            continue
        for name, short in (("effective", "Eff"), ("inheritable", "Inh"), ("ambient", "Amb")):
            assert sum(row[name] for row in own) == int(status[short], 16).bit_count()
        compared += 1
    assert compared >= 10
    flags = image.sql(documented("task_ptrace_flags"))
    assert set(flags["task"]) == set(tasks) and not flags["value"].any()


def test_modules_and_where_they_lie(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    modules = records(image.sql(documented("kernel_modules")))
    expected = {module["name"]: int(module["address"], 16) for module in dump.truth["modules"]}
    assert {row["name"] for row in modules} == set(expected)
    assert {row["state"] for row in modules} == {"live"}
    parts = image.sql(documented("kernel_module_mem_entries"))
    text = parts[parts["mem_type"] == "text"].set_index("kernel_module")["start"]
    assert {row["name"]: text[row["virtual_address"]] for row in modules} == expected
    (vsock,) = (row for row in modules if row["name"] == "vsock")
    assert re.fullmatch(r"[0-9A-F]{23}", vsock["src_version"])


def test_the_function_tracer(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    names = {line.split()[2] for line in dump.kallsyms.read_text().splitlines()}
    rows = image.sql(documented("ftrace_ops"))
    assert "function_trace_call" in set(rows["func"]) and set(rows["func"]) <= names


def test_connections_and_interfaces(guest: tuple[Image, Dump]) -> None:
    image, dump = guest
    rows = records(image.sql(documented("network_connections")))
    for kind in ("tcp", "udp"):
        lines = [line.split() for line in told(dump, f"rich-{kind}").splitlines()[1:]]
        held = {(int(words[1].split(":")[1], 16), int(words[9])) for words in lines if words[9] != "0"}
        shown = {
            (row["local_port"], row["inode"])
            for row in rows
            if row["protocol"] == kind and row["type"] == "ipv4"
        }
        assert shown == held != set()
    interfaces = records(image.sql(documented("network_interfaces")))
    assert {"lo", "eth0"} <= {row["name"] for row in interfaces}
    addresses = {(each["ip_address"], each["ip_type"], each["prefix"]) for each in interfaces}
    assert {("127.0.0.1", "ipv4", 8), ("::1", "ipv6", 128)} <= addresses


def test_lines_of_files_in_the_page_cache(guest: tuple[Image, Dump]) -> None:
    image, _ = guest
    rows = image.sql('select * from "btflogs --path /disk/numbers /disk/folder/*"')
    numbers = rows[rows["filepath"] == "/disk/numbers"]
    assert numbers["line"].tolist() == [str(number) for number in range(1, 20001)]
    assert "found-on-a-disk" in rows["line"].tolist()


def test_the_systems_log_is_what_the_daemon_wrote(opened: Opened, dump: Dumps) -> None:
    """On a guest whose syslogd and klogd write a log, which was moved away once."""
    busy = dump("amd64-6.12-busy")
    rows = records(opened(busy.name).sql(documented("syslog_file")))
    for name in ("messages", "messages.1"):
        written = (busy.folder / "proc" / f"log-{name}").read_text().splitlines()
        shown = [row for row in rows if row["file_path"] == f"/var/log/{name}"]
        assert len(shown) >= len(written) > 0  # the kernel may have said more since
        at = 0
        for row, line in zip(shown, written, strict=False):
            month, day, time, host, level, text = line.split(" ", 5)
            program, separator, message = text.partition(": ")
            assert row["timestamp"] == f"{month} {day} {time}" and row["hostname"] == host == "btf-guest"
            assert row["region_start"] == at and level.count(".") == 1
            if separator and " " not in program:
                assert (row["process"], row["message"]) == (program.partition("[")[0], message)
            else:
                assert row["process"] is pandas.NA and row["message"] == text
            at += len(line) + 1
    found = {row["process"] for row in rows}
    assert {"sshd", "cron", "filler", "kernel", "last"} <= found
    accepted = "Accepted publickey for root from 203.0.113.7 port 50122: ED25519"
    assert ("sshd", accepted) in {(row["process"], row["message"]) for row in rows}


def test_lines_of_other_daemons_are_taken_apart(opened: Opened) -> None:
    lines = [
        "Nov  3 12:00:01 host sshd[12]: Accepted publickey for root",
        "2026-11-03T12:00:01.1+00:00 host sudo: root : TTY=pts/0",
        "Nov  3 12:00:01 host sshd(pam_unix)[12]: session opened: root",
        "Nov  3 12:00:01 host last message repeated 2 times",
        "Nov  3 12:00:01 cron[3]: smaller output",
        "not a line of a log: at all",
    ]
    made = " union all ".join(
        f"select 1::ubigint as inodeaddr, '/x' as filepath, 0 as \"position\", '{line}' as line"
        for line in lines
    )
    query = VIEWS["syslog_file"].query.replace("from btflogs", f"from ({made})")
    taken = opened(DEBIAN).sql(query)[["hostname", "process", "message"]]
    assert taken.astype(object).where(lambda x: x.notna(), None).values.tolist() == [
        ["host", "sshd", "Accepted publickey for root"],
        ["host", "sudo", "root : TTY=pts/0"],
        ["host", "sshd(pam_unix)", "session opened: root"],
        ["host", None, "last message repeated 2 times"],
        [None, "cron", "smaller output"],
        [None, None, "not a line of a log: at all"],
    ]
