# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btftypes on real dumps: C for people, rows for machines."""

from __future__ import annotations

import csv
import io
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support import forms
from support.volrunner import Result, Vol
from volatility3_btf.btf import Composite, Kind, Types

GetDump = Callable[[str], Dump]
Show = Callable[..., Result]

ONE = "amd64-6.1"
FOREIGN = ("arm64-6.12", "s390x-6.12")
COLUMNS = ["Type", "Kind", "Size", "Member", "Offset", "Bits", "Member type"]


@pytest.fixture
def show(session_vol: Vol, dump: GetDump) -> Show:
    """Runs linux.btftypes on a dump: `show("--type", "cred", renderer="json")`."""

    def run(
        *arguments: str | Path, name: str = ONE, renderer: str | None = None, check: bool = True
    ) -> Result:
        image = dump(name).raw
        return session_vol("-q", "linux.btftypes", *arguments, image=image, renderer=renderer, check=check)

    return run


def types_of(dump: Dump) -> Types:
    return Types((dump.btf / "vmlinux").read_bytes())


def body(result: Result) -> str:
    """What was printed, without the first line, which is Volatility's."""
    return result.stdout.split("\n", 1)[1].strip()


LIST_HEAD = """\
struct list_head {
    struct list_head *next;                              /*     0     8 */
    struct list_head *prev;                              /*     8     8 */

    /* size: 16, members: 2 */
};"""


@pytest.mark.parametrize("renderer", [None, "quick", "pretty"])
def test_people_see_c(show: Show, renderer: str | None) -> None:
    assert body(show("--type", "list_head", renderer=renderer)) == LIST_HEAD


def test_machines_get_rows(show: Show) -> None:
    (following, before) = show("--type", "list_head", renderer="json").rows
    assert following == {
        "Type": "list_head",
        "Kind": "struct",
        "Size": 16,
        "Member": "next",
        "Offset": 0,
        "Bits": None,
        "Member type": "struct list_head *",
        "__children": [],
    }
    assert (before["Member"], before["Offset"]) == ("prev", 8)
    text = show("--type", "list_head", renderer="csv").stdout
    rows = list(csv.DictReader(io.StringIO(text.strip())))
    assert list(rows[0]) == ["TreeDepth", *COLUMNS]
    assert [(row["Member"], row["Offset"]) for row in rows] == [("next", "0"), ("prev", "8")]


def test_a_filter_asks_for_rows(session_vol: Vol, dump: GetDump) -> None:
    run = session_vol(
        "-q",
        "--filters",
        "Member,prev",
        "linux.btftypes",
        "--type",
        "list_head",
        image=dump(ONE).raw,
        renderer=None,
    )
    assert run.stdout.splitlines()[-1].split("\t")[:4] == ["list_head", "struct", "16", "prev"]


def test_other_plugins_look_as_before(session_vol: Vol, dump: GetDump) -> None:
    for renderer in ("quick", "pretty"):
        run = session_vol("-q", "linux.btfscan", image=dump("amd64-5.10").raw, renderer=renderer)
        assert "Offset" in run.stdout and "vmlinux" in run.stdout


@pytest.mark.parametrize("name", (ONE, *FOREIGN))
def test_offsets_are_those_of_the_guests_btf(show: Show, dump: GetDump, name: str) -> None:
    rows = show("--type", "struct task_struct", name=name, renderer="json").rows
    task = types_of(dump(name))["task_struct"]
    assert isinstance(task, Composite)
    offsets = {row["Member"]: row["Offset"] for row in rows}
    assert {row["Size"] for row in rows} == {task.size}
    for member in ("comm", "pid", "tasks", "mm", "cred"):
        assert offsets[member] == task[member].offset


def test_names_may_be_patterns_and_several(show: Show) -> None:
    text = body(show("--type", "hlist_*", "enum pid_type", "pid_t"))
    assert "struct hlist_head {" in text
    assert "struct hlist_node {" in text
    assert "    PIDTYPE_TGID = 1," in text
    assert "typedef __kernel_pid_t pid_t;" in text
    values = show("--type", "pid_type", renderer="json").rows
    assert [(row["Member"], row["Member type"]) for row in values][:2] == [
        ("PIDTYPE_PID", "= 0"),
        ("PIDTYPE_TGID", "= 1"),
    ]


def test_a_type_that_is_named_twice_is_shown_once(show: Show) -> None:
    assert body(show("--type", "list_head", "list_hea?", "struct list_head")) == LIST_HEAD


def test_names_as_c_has_them(show: Show) -> None:
    lines = body(show("--type", "unsigned long", "typedef pid_t")).splitlines()
    assert [line for line in lines if line] == ["long unsigned int;", "typedef __kernel_pid_t pid_t;"]
    pointers = body(show("--members", "struct cred *")).splitlines()
    assert [line for line in pointers if line.startswith("struct file: f_cred: ")]


def test_a_typedef_of_a_struct_without_a_tag_has_members(show: Show) -> None:
    (row,) = show("--type", "atomic_t", renderer="json").rows
    assert (row["Type"], row["Kind"], row["Size"], row["Member"]) == ("atomic_t", "typedef", 4, "counter")


def test_members_of_a_member_without_a_name(show: Show) -> None:
    """Linux 7 is built with -fms-extensions: `struct filename { struct __filename_head; … }`."""
    rows = show("--type", "filename", name="amd64-7", renderer="json").rows
    assert {"name", "refcnt", "iname"} <= {row["Member"] for row in rows}
    lines = body(show("--members", "refcnt", name="amd64-7")).splitlines()
    assert [line for line in lines if line.startswith("struct filename: refcnt: ")]


def test_a_modules_types(show: Show, dump: GetDump) -> None:
    rows = show("--module", "nf-tables", "--type", "nft_table", renderer="json").rows
    types = Types((dump(ONE).btf / "nf_tables").read_bytes(), base=types_of(dump(ONE)))
    assert {row["Size"] for row in rows} == {types["nft_table"].size}
    every = show("--module", "nf_tables", renderer="json").rows
    named = {found.name for found in types.of_kind(Kind.STRUCT) if found.name}
    assert named == {row["Type"] for row in every if row["Kind"] == "struct"}
    assert body(show("--module", "nf_tables", "--type", "list_head")) == LIST_HEAD


def test_who_has_a_member(show: Show) -> None:
    lines = body(show("--members", "struct cred")).splitlines()
    assert [line for line in lines if line.startswith("struct task_struct: cred: const struct cred * /* ")]
    assert [line for line in lines if line.startswith("struct file: f_cred: ")]
    rows = show("--members", "struct cred", renderer="json").rows
    assert len(rows) == len(lines)
    assert all("cred" in row["Member type"] for row in rows)


def test_functions(show: Show, dump: GetDump) -> None:
    assert body(show("--functions", "--type", "commit_creds")) == "int commit_creds(struct cred *new);"
    (row,) = show("--functions", "--type", "commit_creds", renderer="json").rows
    assert (row["Kind"], row["Member type"]) == ("func", "int commit_creds(struct cred *new)")


def test_the_header_compiles(vol: Vol, dump: GetDump, tmp_path: Path) -> None:
    (row,) = vol("linux.btftypes", "--header", image=dump(ONE).raw).rows
    assert row["File output"] == f"vmlinux-{dump(ONE).truth['release']}.h"
    source = tmp_path / "source.c"
    task = types_of(dump(ONE))["task_struct"]
    source.write_text(
        f'#include "{vol.output / row["File output"]}"\n'
        f'_Static_assert(sizeof(struct task_struct) == {task.size}, "size");\n'
    )
    command = ["gcc", "-std=gnu11", "-fsyntax-only", str(source)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[:2000]


def test_a_modules_header_has_its_types(vol: Vol, dump: GetDump) -> None:
    (row,) = vol("linux.btftypes", "--module", "nf_tables", "--header", image=dump(ONE).raw).rows
    assert row["File output"] == f"nf_tables-{dump(ONE).truth['release']}.h"
    text = (vol.output / row["File output"]).read_text()
    assert "struct nft_chain {" in text and "struct list_head {" in text


# --- what differs ---


def test_what_differs(show: Show, dump: GetDump) -> None:
    """`-` is the file's, `+` the image's."""
    lines = body(show("--diff", dump("amd64-6.12").btf / "vmlinux", "--type", "pid*")).splitlines()
    sizes = [types_of(dump(name))["pid"].size for name in ("amd64-6.12", ONE)]
    assert f"changed: struct pid, {sizes[0]} -> {sizes[1]} bytes" in lines
    assert "    - stashed: struct dentry * /* 16 */" in lines
    assert "    + tasks: struct hlist_head [4] /* 16 */" in lines


def test_another_dump_serves_too(show: Show, dump: GetDump) -> None:
    rows = show("--diff", dump("amd64-6.12").raw, "--type", "struct pid", renderer="json").rows
    assert {(row["Type"], row["Kind"], row["Change"]) for row in rows} == {("pid", "struct", "changed")}
    gone = next(row for row in rows if row["Member"] == "stashed")
    assert (gone["Old offset"], gone["New offset"], gone["Old type"]) == (16, None, "struct dentry *")


@pytest.mark.parametrize("form", ["raw.gz", "gzip under another name", "qevm"])
def test_a_dump_of_any_format_that_volatility_opens_serves(
    show: Show, dump: GetDump, tmp_path: Path, form: str
) -> None:
    source = dump("amd64-6.1-stream")
    other = source.stream if form == "qevm" else forms.gz(source, tmp_path / f"memory.{form}")
    rows = show("--diff", other, "--type", "struct pid", name="amd64-6.12", renderer="json").rows
    fresh = {row["Member"]: row["New offset"] for row in rows if row["Old offset"] is None}
    assert fresh.keys() >= {"stashed", "ino"}


def test_a_name_that_neither_has_is_told(show: Show, dump: GetDump) -> None:
    other = dump("amd64-6.12").btf / "vmlinux"
    run = show("--diff", other, "--type", "nosuch*", "list_head", "pid_t", "typedef mm_context_t")
    told = [line.split(": ", 1)[1] for line in run.stderr.splitlines() if "btftypes" in line]
    assert told == ["No struct or union nosuch* in either BTF", "No struct or union pid_t in either BTF"]
    assert body(run).splitlines()[0] == "changed: typedef mm_context_t, 136 bytes"


def test_a_module_does_not_differ_from_itself(show: Show, dump: GetDump) -> None:
    assert show("--module", "ext4", "--diff", dump(ONE).btf / "ext4", renderer="json").rows == []


# --- what cannot be shown ---


def test_nothing_of_that_name_is_a_result(show: Show) -> None:
    run = show("--type", "no_such_type", "schedule", "list_head")
    assert "No type no_such_type in this BTF" in run.stderr
    assert "(there is a function of this name: --functions --type schedule)" in run.stderr
    assert body(run) == LIST_HEAD


@pytest.mark.parametrize(
    ("name", "arguments", "line"),
    [
        (
            "s390x-6.1",
            (),
            "No kernel BTF found, so there are no types to show. Kernel banners seen: Linux version 6.1",
        ),
        (
            ONE,
            ("--module", "nothing"),
            "No types to show: no module nothing with BTF is loaded; those that are: ",
        ),
        (ONE, ("--diff", "/nowhere"), "Nothing to compare with: /nowhere: "),
        (ONE, ("--diff", "/etc/passwd"), "Nothing to compare with: /etc/passwd holds no kernel BTF"),
        (ONE, ("--header", "--type", "cred"), "--header writes all types: leave"),
        (ONE, ("--members", "cred", "--type", "file"), "--members searches all structs and unions: leave"),
        (ONE, ("--functions", "--diff", "x"), "--functions and --diff cannot be asked for at once"),
        (ONE, ("--functions", "--members", "x"), "--members and --functions cannot be asked for at once"),
        (ONE, ("--header", "--functions"), "--functions and --header cannot be asked for at once"),
    ],
)
def test_what_cannot_be_done_is_one_line(
    show: Show, name: str, arguments: tuple[str, ...], line: str
) -> None:
    run = show(*arguments, name=name, renderer="json", check=False)
    assert run.returncode == 1
    ours = [text for text in run.stderr.splitlines() if "btftypes" in text]
    assert len(ours) == 1 and line in ours[0]
    assert "Traceback" not in run.stderr


@pytest.mark.parametrize(
    ("arguments", "other", "line"),
    [
        ((), "ext4", "ext4 has a module's types, not a kernel's: say with --module which is meant"),
        (("--module", "ext4"), "vmlinux", "vmlinux has a kernel's types, not those of the module ext4"),
    ],
)
def test_a_kernel_and_a_module_are_not_compared(
    show: Show, dump: GetDump, arguments: tuple[str, ...], other: str, line: str
) -> None:
    run = show(*arguments, "--diff", dump(ONE).btf / other, renderer="json", check=False)
    assert run.returncode == 1
    (ours,) = (text for text in run.stderr.splitlines() if "btftypes" in text)
    assert "Nothing to compare with: " in ours and ours.endswith(line)
