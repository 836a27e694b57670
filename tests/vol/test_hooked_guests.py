# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""BPF programs and netfilter's hooks, on guests that have them (tools/dumpmaker/guest-hooked)."""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import pytest

from dumpmaker import hooks
from dumpmaker.cache import FURTHER, RECIPES, Dump
from support.volrunner import Vol

pytestmark = pytest.mark.slow
Dumps = Callable[[str], Dump]
Hook = tuple[str, str, int, str, str]  # family, hook, priority, function, module

GUESTS: Final = RECIPES | (FURTHER if os.environ.get("BTF_ALL_GUESTS") else {})
HOOKED: Final = [name for name, recipe in GUESTS.items() if recipe.hooked]
LISTED: Final = [name for name in HOOKED if not name.startswith(("amd64-5.10", "amd64-6.1-"))]
"""Kernels that list their hooks themselves: 5.14 and later, and Debian's 6.1 is built without."""

TICK: Final = 100
"""Of the clock in /proc/PID/stat (USER_HZ), in a second."""

TYPES: Final = {1: "SOCKET_FILTER", 5: "TRACEPOINT", 6: "XDP"}
"""BPF programs' types, as linux/bpf.h numbers them."""

INET: Final = ("PRE_ROUTING", "LOCAL_IN", "FORWARD", "LOCAL_OUT", "POST_ROUTING")
NAMES: Final = {
    "ip": ("IPV4", INET),
    "ip6": ("IPV6", INET),
    "bridge": ("BRIDGE", INET),
    "arp": ("ARP", ("IN", "OUT", "FORWARD")),
    "netdev": ("NETDEV", ("INGRESS", "EGRESS")),
}
"""The plugin's names for families and their hooks, by nft's; inet is ip and ip6."""

DONE, ERROR = 3, 2  # NLMSG_… (linux/netlink.h)


def messages(data: bytes) -> Iterator[tuple[int, bytes]]:
    """The netlink messages in what the kernel answered: type and content."""
    while data:
        length, kind = struct.unpack_from("<IH", data)
        yield kind, data[16:length]
        data = data[length + 3 & ~3 :]


def attributes(data: bytes) -> dict[int, bytes]:
    """Netlink attributes, by number."""
    found = {}
    while data:
        length, kind = struct.unpack_from("<HH", data)
        found[kind & 0x3FFF] = data[4:length]
        data = data[length + 3 & ~3 :]
    return found


def answer(guest: Dump, name: str) -> list[tuple[int, bytes]]:
    return list(messages((guest.folder / "proc/hooks" / name).read_bytes()))


def listed(guest: Dump) -> set[Hook]:
    """All functions at hooks, by the guest's own list."""
    found = set()
    for family, (proto, names) in NAMES.items():
        for number, name in enumerate(names[:1] if family == "netdev" else names):
            for kind, content in answer(guest, f"list-{family}-{number}"):
                if kind in (DONE, ERROR):
                    continue
                about = attributes(content[4:])
                function, module = (about.get(key, b"").rstrip(b"\0").decode() for key in (4, 5))
                module = module or "__kernel__"
                (priority,) = struct.unpack(">i", about[2])
                found.add((proto, name, priority, function, module))
    return found


def shown(rows: list[dict[str, Any]]) -> set[Hook]:
    """What `linux.malware.netfilter` shows of the first network namespace."""
    first = rows[0]["Net NS"]
    return {
        (row["Proto"], row["Hook"], row["Priority"], row["Symbol"], row["Module"])
        for row in rows
        if row["Net NS"] == first
    }


@pytest.mark.parametrize("name", HOOKED)
def test_bpf_programs_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    told = set()
    for number, (program, kind) in enumerate(hooks.PROGRAMS.items()):
        text = (guest.folder / f"proc/bpf-{number + 3}").read_text()
        about = dict(re.findall(r"^(\w+):\t(\S+)$", text, re.MULTILINE))
        assert about["prog_type"] == str(kind)
        told.add((program, about["prog_tag"], f"BPF_PROG_TYPE_{TYPES[kind]}"))
    rows = session_vol("linux.ebpf", image=guest.raw).rows
    assert told == {(row["Name"], row["Tag"], row["Type"]) for row in rows if row["Name"] in hooks.PROGRAMS}


@pytest.mark.parametrize("name", HOOKED)
def test_open_bpf_programs_are_among_the_open_files(dump: Dumps, session_vol: Vol, name: str) -> None:
    """The guest's name of such a file is `anon_inode:bpf-prog`; the plugin shows the inode's number."""
    rows = session_vol("linux.lsof", image=dump(name).raw).rows
    opened = {row["FD"]: row["Path"] for row in rows if row["Process"] == "bpf-programs"}
    assert [opened[number].partition(":")[0] for number in (3, 4, 5)] == ["anon_inode"] * 3


@pytest.mark.parametrize("name", HOOKED)
def test_chains_are_at_the_hooks_where_they_were_put(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.malware.netfilter", image=guest.raw).rows
    found = {entry[:3]: entry[3:] for entry in shown(rows)}
    for number, chain in enumerate(hooks.CHAINS):
        errors = [struct.unpack_from("<i", content)[0] for kind, content in answer(guest, f"chain-{number}")]
        assert errors == [0, 0]
        for family in ("ip", "ip6") if chain.family == "inet" else (chain.family,):
            proto, names = NAMES[family]
            function, module = found[proto, names[chain.hook], chain.priority]
            assert function.startswith("nft_do_chain") and module == "nf_tables"
    assert not [row for row in rows if row["Is Hooked"] != "False"]


@pytest.mark.parametrize("name", LISTED)
def test_hooks_are_those_that_the_guest_lists(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.malware.netfilter", image=guest.raw).rows
    assert shown(rows) == listed(guest)
    assert len(listed(guest)) > len(hooks.CHAINS)


@pytest.mark.parametrize("name", HOOKED)
def test_network_devices_and_addresses_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    text = (guest.folder / "proc/ip-addr").read_text()
    told = set()
    links = set()
    for block in re.split(r"^\d+: ", text, flags=re.MULTILINE)[1:]:
        device = block.partition(":")[0]
        told |= {(device, *each) for each in re.findall(r"inet6? (\S+)/(\d+)", block)}
        ((mtu, mac),) = re.findall(r" mtu (\d+) .*?link/\w+ (\S+)", block, re.DOTALL)
        links.add((device, mac, int(mtu)))
    rows = session_vol("linux.ip.Addr", image=guest.raw).rows
    assert {(row["Interface"], row["IP"], str(row["Prefix"])) for row in rows} == told
    assert ("br0", "2001:db8::7", "64") in told
    rows = session_vol("linux.ip.Link", image=guest.raw).rows
    assert {(row["Interface"], row["MAC"], row["MTU"]) for row in rows} == links


@pytest.mark.parametrize("name", HOOKED)
def test_the_machine_and_its_processes_started_when_the_guest_says(
    dump: Dumps, session_vol: Vol, name: str
) -> None:
    """/proc/stat cuts the time of the start to a second, /proc/PID/stat counts ticks since."""
    guest = dump(name)
    (told,) = re.findall(r"^btime (\d+)$", (guest.folder / "proc/stat").read_text(), re.MULTILINE)
    (row,) = session_vol("linux.boottime", image=guest.raw).rows
    assert abs(seconds(row["Boot Time"]) - int(told)) <= 1
    lines = map(str.split, (guest.folder / "proc/started").read_text().splitlines())
    started = {int(words[0]): int(words[20]) / TICK for words in lines if len(words) > 20}
    rows = session_vol("linux.pslist", image=guest.raw).rows
    shown = {row["PID"]: seconds(row["CREATION TIME"]) - int(told) for row in rows}
    assert len(started.keys() & shown.keys()) > 20
    assert all(abs(shown[pid] - started[pid]) <= 1 for pid in started.keys() & shown.keys())


def seconds(text: str) -> float:
    """A time as `-r json` prints it, since 1970."""
    return datetime.fromisoformat(text.replace(" UTC", "+00:00")).timestamp()
