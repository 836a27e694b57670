# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfscan on real dumps, beside what each guest said of itself."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
import json
import os
import pty
import re
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from dumpmaker.cache import Dump
from support import bpftool
from support.checkout import CHECKOUT
from support.cores import Elf
from support.volrunner import Result, Vol
from volatility3_btf.btf import Kind

GetDump = Callable[[str], Dump]
Row = dict[str, Any]

WITH_BTF = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12")
WITHOUT_BTF = "s390x-6.1"
ONE = "amd64-6.12"

COUNTS = ["Types", "Structs", "Unions", "Enums", "Functions", "Variables"]
COLUMNS = ["Offset", "Size", "Endian", "Kind", "Name", "State", "Origin", "Listed", *COUNTS]
COLUMNS += ["SHA256", "File output"]

MIB = 1 << 20


@dataclass
class Scans:
    """Runs of linux.btfscan, each made once a session."""

    vol: Vol
    dump: GetDump
    known: dict[tuple[str, ...], Result] = field(default_factory=dict)

    def __call__(self, name: str, *arguments: str, form: str = "raw") -> Result:
        key = (name, form, *arguments)
        if key not in self.known:
            image = getattr(self.dump(name), form)
            self.known[key] = self.vol("linux.btfscan", *arguments, image=image)
        return self.known[key]


@pytest.fixture(scope="session")
def scans(session_vol: Vol, dump: GetDump) -> Scans:
    return Scans(session_vol, dump)


def sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while block := file.read(MIB):
            digest.update(block)
    return digest.hexdigest()


def at_guest_addresses(rows: list[Row], base: int) -> list[Row]:
    """A raw file's rows with guest-physical offsets."""
    return [{**row, "Offset": row["Offset"] + base} for row in rows]


def anonymous(rows: list[Row]) -> list[Row]:
    """Rows without what only --all finds out."""
    return [{key: row[key] for key in row if key not in ("Origin", "Listed")} for row in rows]


def ours(result: Result) -> list[str]:
    """The lines on stderr that are not Volatility's banner or progress."""
    lines = re.split(r"[\r\n]+", result.stderr)
    return [line for line in lines if line.strip() and not line.startswith(("Volatility 3", "Progress:"))]


# --- the kernel's own BTF ---


@pytest.mark.parametrize("name", WITH_BTF)
def test_the_running_kernels_btf_is_listed_and_only_that(scans: Scans, dump: GetDump, name: str) -> None:
    truth = dump(name).truth
    result = scans(name)
    (row,) = result.rows
    assert row.keys() == {*COLUMNS, "__children"}
    assert row["Kind"] == "kernel"
    assert row["Name"] == "vmlinux"
    assert row["State"] == "complete"
    assert row["Endian"] == ("big" if truth["arch"] == "s390x" else "little")
    assert row["Size"] == truth["btf"]["vmlinux"]["size"]
    assert row["SHA256"] == truth["btf"]["vmlinux"]["sha256"]
    assert row["File output"] == "Disabled"
    assert ours(result) == []


@pytest.mark.parametrize("name", WITH_BTF)
def test_it_lies_where_the_kernel_says(scans: Scans, dump: GetDump, name: str) -> None:
    """The kernel's own symbol and page tables, through the guest's /proc, against the scan's offset."""
    source = dump(name)
    (row,) = scans(name).rows
    assert row["Offset"] + source.truth["raw_base"] == physical_start_btf(source)


def physical_start_btf(source: Dump) -> int:
    """The physical address of `__start_BTF`, by the guest's kallsyms and /proc/iomem."""
    symbols = dict(
        reversed(line.split()[:3:2]) for line in source.kallsyms.read_text().splitlines() if "\t" not in line
    )
    start, text = (int(symbols[symbol], 16) for symbol in ("__start_BTF", "_text"))
    (code,) = (line for line in source.truth["iomem_kernel"] if line.endswith("Kernel code"))
    return start - text + int(code.split("-")[0], 16)


def test_without_btf_there_is_one_line_that_names_the_kernel(scans: Scans, dump: GetDump) -> None:
    for arguments in ((), ("--all",)):
        result = scans(WITHOUT_BTF, *arguments)
        assert result.returncode == 0
        assert [row for row in result.rows if row["Kind"] == "kernel"] == []
        (line,) = ours(result)
        assert "No kernel BTF found" in line
        assert dump(WITHOUT_BTF).truth["version"] in line
    assert scans(WITHOUT_BTF).rows == []


def test_counts_without_a_kernel_are_told_in_every_renderer(session_vol: Vol, dump: GetDump) -> None:
    for renderer, empty in (("json", "[]"), ("csv", "")):
        result = session_vol("-q", "linux.btfscan", image=dump(WITHOUT_BTF).raw, renderer=renderer)
        body = result.stdout.strip().splitlines()
        assert "".join(body[1:] if renderer == "csv" else body) == empty
        assert len(ours(result)) == 1


# --- modules, with --all ---


@pytest.mark.parametrize("name", WITH_BTF)
def test_all_holds_a_complete_blob_for_every_module(scans: Scans, dump: GetDump, name: str) -> None:
    truth = dump(name).truth
    rows = scans(name, "--all").rows
    complete = {row["SHA256"]: row for row in rows if row["State"] == "complete"}
    for module, blob in truth["btf"].items():
        assert complete[blob["sha256"]]["Size"] == blob["size"]
        assert complete[blob["sha256"]]["Kind"] == ("kernel" if module == "vmlinux" else "module")
    loaded_with_btf = [module["name"] for module in truth["modules"] if module["btf"]]
    assert set(loaded_with_btf) <= set(truth["btf"])
    assert loaded_with_btf or name == "amd64-5.10"
    assert [row["Offset"] for row in rows] == sorted(row["Offset"] for row in rows)
    kernels = [row for row in rows if row["Kind"] == "kernel"]
    assert anonymous(scans(name).rows) == anonymous(kernels)


@pytest.mark.parametrize("name", WITH_BTF)
def test_nothing_but_the_guests_blobs_is_called_a_kernels_or_complete(
    scans: Scans, dump: GetDump, name: str
) -> None:
    """What else is there (page cache of modules that are not loaded, torn copies) must say what it is."""
    known = {blob["sha256"] for blob in dump(name).truth["btf"].values()}
    for row in scans(name, "--all").rows:
        assert row["State"] in ("complete", "truncated", "damaged")
        if row["Kind"] == "kernel":
            assert row["SHA256"] in known
        if row["State"] != "complete":
            assert row["SHA256"] not in known
        counted = [row[column] for column in COUNTS]
        if row["State"] == "complete":
            assert row["Types"] >= sum(counted[1:])
        else:
            assert None in counted or row["Kind"] == "module"


# --- an independent reader ---


@pytest.fixture(scope="session")
def dumped(
    tmp_path_factory: pytest.TempPathFactory, dump: GetDump
) -> Callable[[str], tuple[Path, list[Row]]]:
    """`linux.btfscan --all --dump` on a dump: the output folder and the rows."""
    known: dict[str, tuple[Path, list[Row]]] = {}

    def run(name: str) -> tuple[Path, list[Row]]:
        if name not in known:
            vol = Vol(tmp_path_factory.mktemp("dumped"))
            rows = vol("linux.btfscan", "--all", "--dump", image=dump(name).raw).rows
            known[name] = (vol.output, rows)
        return known[name]

    return run


@pytest.mark.parametrize("name", WITH_BTF)
def test_dump_writes_each_blob_as_it_lies_in_memory(
    dumped: Callable[[str], tuple[Path, list[Row]]], scans: Scans, name: str
) -> None:
    folder, rows = dumped(name)
    assert {row["File output"] for row in rows} == {path.name for path in folder.iterdir()}
    for row in rows:
        path = folder / row["File output"]
        assert sha256(path) == row["SHA256"]
        assert path.stat().st_size == row["Size"] or row["State"] == "truncated"
    assert [{**row, "File output": "Disabled"} for row in rows] == scans(name, "--all").rows


@pytest.mark.parametrize("name", WITH_BTF)
def test_counts_are_bpftools(dumped: Callable[[str], tuple[Path, list[Row]]], name: str) -> None:
    folder, rows = dumped(name)
    (vmlinux,) = (folder / row["File output"] for row in rows if row["Kind"] == "kernel")
    seen = set()
    for row in rows:
        if row["State"] != "complete" or row["SHA256"] in seen:
            continue
        seen.add(row["SHA256"])
        base = vmlinux if row["Kind"] == "module" else None
        counts = bpftool.counts(folder / row["File output"], base)
        assert row["Types"] == sum(counts.values())
        assert row["Structs"] == counts.get(Kind.STRUCT, 0)
        assert row["Unions"] == counts.get(Kind.UNION, 0)
        assert row["Enums"] == counts.get(Kind.ENUM, 0) + counts.get(Kind.ENUM64, 0)
        assert row["Functions"] == counts.get(Kind.FUNC, 0)
        assert row["Variables"] == counts.get(Kind.VAR, 0)
    assert len(seen) >= (1 if name == "amd64-5.10" else 10)


def test_bpftool_turns_the_dumped_file_into_c(dumped: Callable[[str], tuple[Path, list[Row]]]) -> None:
    folder, rows = dumped(ONE)
    (row,) = (row for row in rows if row["Kind"] == "kernel")
    assert "struct task_struct {" in bpftool.run(folder / row["File output"], "c")


# --- the same memory in other files ---


@pytest.mark.parametrize("name", WITH_BTF)
def test_elf_core_gives_the_same_rows(scans: Scans, dump: GetDump, name: str) -> None:
    base = dump(name).truth["raw_base"]
    assert scans(name, "--all", form="elf").rows == at_guest_addresses(scans(name, "--all").rows, base)


@pytest.mark.parametrize("name", [ONE, "arm64-6.12", "s390x-6.12"])
def test_lime_with_gaps_gives_the_same_rows(
    scans: Scans, dump: GetDump, session_vol: Vol, lime: Callable[..., Path], name: str
) -> None:
    source = dump(name)
    base = source.truth["raw_base"]
    rows = at_guest_addresses(scans(name, "--all").rows, base)
    gaps = [(base + start, MIB) for start in empty_mibs(source)[1::20]]
    assert len(gaps) >= 3
    path = lime(source, gaps=gaps)
    assert session_vol("linux.btfscan", "--all", image=path).rows == rows


def empty_mibs(source: Dump) -> list[int]:
    """Offsets in the raw file of the MiBs that are all zeros; what lacks them lacks nothing."""
    with source.raw.open("rb") as file:
        blocks = iter(lambda: file.read(MIB), b"")
        return [number * MIB for number, block in enumerate(blocks) if block.count(0) == MIB]


def test_a_lime_file_that_lacks_part_of_the_blob_says_so(
    scans: Scans, dump: GetDump, session_vol: Vol, lime: Callable[..., Path]
) -> None:
    (row,) = scans(ONE).rows
    hole = (row["Offset"] + 3 * MIB, 4096)
    result = session_vol("-v", "linux.btfscan", "--all", image=lime(dump(ONE), gaps=[hole]))
    (torn,) = (r for r in result.rows if r["Offset"] == row["Offset"])
    assert (torn["Kind"], torn["State"], torn["Size"]) == ("kernel", "damaged", row["Size"])
    assert torn["Types"] == row["Types"]
    assert "No kernel BTF found" not in result.stderr
    assert f"BTF at {row['Offset']:#x} is damaged: 4096 of {row['Size']} bytes are not in the image" in (
        result.stderr
    )
    assert "names lost" in result.stderr


@pytest.fixture(scope="session")
def beginning(scans: Scans, dump: GetDump) -> bytes:
    """A guest's memory up to the end of its kernel's BTF, and a little more."""
    (row,) = scans("s390x-6.12").rows
    with dump("s390x-6.12").raw.open("rb") as file:
        return file.read(row["Offset"] + row["Size"] + 4097)


def test_an_elf_core_with_segments_out_of_order_gives_the_same_rows(
    scans: Scans, session_vol: Vol, beginning: bytes, tmp_path: Path
) -> None:
    """Volatility's own ELF layer needs them sorted. The border goes through the blob."""
    (row,) = scans("s390x-6.12").rows
    cut = row["Offset"] + row["Size"] // 2
    path = tmp_path / "unsorted.elf"
    path.write_bytes(Elf().core([(cut, beginning[cut:]), (0, beginning[:cut])]))
    assert session_vol("linux.btfscan", image=path).rows == [row]


def test_a_compressed_image_gives_the_same_rows(
    scans: Scans, session_vol: Vol, beginning: bytes, tmp_path: Path
) -> None:
    path = tmp_path / "memory.raw.gz"
    path.write_bytes(gzip.compress(beginning, compresslevel=1))
    assert session_vol("linux.btfscan", image=path).rows == scans("s390x-6.12").rows


# --- options and output ---


@pytest.mark.parametrize("name", [ONE, "s390x-6.12"])
def test_endian_looks_for_one_byte_order_only(scans: Scans, name: str) -> None:
    right, wrong = ("big", "little") if name.startswith("s390x") else ("little", "big")
    assert scans(name, "--endian", right).rows == scans(name, "--endian", "auto").rows == scans(name).rows
    assert scans(name, "--endian", wrong).rows == []


def test_two_runs_print_the_same(session_vol: Vol, dump: GetDump, scans: Scans) -> None:
    again = session_vol("linux.btfscan", "--all", image=dump(ONE).raw)
    assert again.stdout == scans(ONE, "--all").stdout


def test_every_renderer(session_vol: Vol, dump: GetDump, scans: Scans) -> None:
    (row,) = scans(ONE).rows
    for renderer in ("csv", "jsonl", "pretty", "quick", None):
        result = session_vol("-q", "linux.btfscan", image=dump(ONE).raw, renderer=renderer)
        assert row["SHA256"] in result.stdout
        assert "Progress" not in result.stderr
        if renderer == "csv":
            (read,) = csv.DictReader(io.StringIO(result.stdout))
            assert [column for column in read if column != "TreeDepth"] == COLUMNS
            assert int(read["Offset"], 0) == row["Offset"]
        if renderer == "jsonl":
            assert json.loads(result.stdout) == row
        if renderer in ("pretty", None):
            assert f"{row['Offset']:#x}" in result.stdout


def test_a_plain_terminal_shows_its_progress(session_vol: Vol, dump: GetDump, scans: Scans) -> None:
    (row,) = scans(ONE).rows
    command = session_vol.command("-f", dump(ONE).raw, "linux.btfscan", renderer=None)
    shown = in_terminal(command, session_vol)
    assert re.search(r"Progress: +\d+\.\d+\s+Searching BTF", shown)
    assert row["SHA256"] in shown
    assert "Traceback" not in shown


def in_terminal(command: list[str], vol: Vol) -> str:
    """What a command prints to a terminal of its own."""
    ours, its = pty.openpty()
    process = subprocess.Popen(
        command, stdin=its, stdout=its, stderr=its, env=vol.environment, cwd=vol.folder
    )
    os.close(its)
    shown = b""
    while True:
        try:
            piece = os.read(ours, 65536)
        except OSError:  # EIO: the other end is closed
            piece = b""
        if not piece:
            break
        shown += piece
    os.close(ours)
    assert process.wait(timeout=60) == 0
    return shown.decode("utf-8", "replace")


def test_help_names_every_option(session_vol: Vol) -> None:
    text = session_vol("linux.btfscan", "--help", renderer=None).stdout
    for option in ("--all", "--dump", "--endian {auto,little,big}"):
        assert option in text


# --- the image is evidence ---


def test_the_image_is_opened_read_only_and_stays_as_it_was(
    vol: Vol, dump: GetDump, tmp_path: Path, scans: Scans
) -> None:
    path = tmp_path / "evidence.raw"
    subprocess.run(["cp", "--sparse=always", str(dump(ONE).raw), str(path)], check=True)
    path.chmod(0o444)
    before = sha256(path), path.stat()
    script = f"""
import sys
sys.argv[0] = "vol"
def told(event, arguments):
    if event == "open" and str(arguments[0]) == {str(path)!r}:
        print("OPENED", arguments[2], file=sys.stderr)
sys.addaudithook(told)
from volatility3.cli import main
main()
"""
    command = vol.command("-f", path, "linux.btfscan", "--all", "--dump")
    done = subprocess.run(
        [sys.executable, "-c", script, *command[1:]],
        env=vol.environment,
        cwd=vol.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    flags = [int(number) for number in re.findall(r"OPENED (\d+)", done.stderr)]
    assert flags
    assert {flag & os.O_ACCMODE for flag in flags} == {os.O_RDONLY}
    after = sha256(path), path.stat()
    assert before[0] == after[0]
    assert (before[1].st_mtime_ns, before[1].st_size) == (after[1].st_mtime_ns, after[1].st_size)


def test_files_are_written_to_the_output_folder_only(vol: Vol, dump: GetDump, tmp_path: Path) -> None:
    result = vol("linux.btfscan", "--dump", image=dump(ONE).raw)
    (row,) = result.rows
    assert re.fullmatch(r"kernel\.0x[0-9a-f]+\.btf", row["File output"])
    assert [path.name for path in vol.output.iterdir()] == [row["File output"]]


def test_an_image_that_shrinks_meanwhile_is_one_clear_error(session_vol: Vol, dump: GetDump) -> None:
    """As a plugin sees it: the framework's exception, for which `vol` prints a message and exits with 1."""
    script = f"""
import os, shutil, sys
from volatility3.framework import contexts, exceptions
from volatility3.framework.layers import physical
sys.path.append({str(CHECKOUT / "plugins" / "linux")!r})
from btfscan import BtfScan
path = {str(session_vol.folder / "shrinking.raw")!r}
shutil.copyfile({str(dump(ONE).raw)!r}, path)
context = contexts.Context()
context.config["layer.location"] = "file://" + path
context.add_layer(physical.FileLayer(context, "layer", "layer"))
def shrink(done, what):
    os.truncate(path, 4096)
try:
    list(BtfScan.find_sightings(context, "layer", progress_callback=shrink))
except exceptions.LayerException as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-c", script],
        env=session_vol.environment,
        cwd=session_vol.folder,
        capture_output=True,
        text=True,
        check=True,
    )
    assert "shorter" in done.stdout
