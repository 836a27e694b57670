# SPDX-License-Identifier: Apache-2.0
"""A guest with BPF programs and netfilter hooks, and what its kernel says of them (amd64).

As with the BTF loader, the two programs are a few instructions of machine code. One loads BPF programs and
sleeps; their descriptors keep them. The other sends what it reads to the kernel's netfilter through netlink,
and writes what comes back: nf_tables makes a chain at a hook of that, and nfnetlink_hook lists all hooks.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

from dumpmaker import loader

MODULES: Final = "crc32c_generic virtio_pci virtio_blk nf_tables nfnetlink_hook bridge vsock"
"""What is loaded in place of the usual; kernels before 5.14 have no nfnetlink_hook."""

PROGRAMS: Final = {"guest_filter": 1, "guest_traced": 5, "guest_packets": 6}
"""BPF programs: name → type (a socket filter, a tracepoint's, XDP; enum bpf_prog_type of linux/bpf.h)."""

FAMILIES: Final = {"inet": 1, "ip": 2, "arp": 3, "netdev": 5, "bridge": 7, "ip6": 10}
"""NFPROTO_… (linux/netfilter.h), named as nft names them."""

_CODE_ROOM = 192
_BUFFER = 1 << 16
_ATTRIBUTES = struct.Struct("<IIQQIIQII16s")  # union bpf_attr for BPF_PROG_LOAD, up to the name
_EXIT = 0x95

_REQUEST, _ACK, _DUMP, _CREATE = 1, 4, 0x300, 0x400  # linux/netlink.h
_NFTABLES, _HOOK = 10, 12  # NFNL_SUBSYS_… (linux/netfilter/nfnetlink.h)
_BATCH_BEGIN, _BATCH_END, _NEW_TABLE, _NEW_CHAIN = 16, 17, _NFTABLES << 8, _NFTABLES << 8 | 3
_NESTED = 0x8000


@dataclass(frozen=True)
class Chain:
    """A chain of nf_tables at a hook.

    Attributes:
        family: as in `FAMILIES`.
        hook: its number in the family.
        priority: of its function among the hook's.
        device: the network device, in the family netdev.
    """

    family: str
    hook: int
    priority: int
    device: str = ""


CHAINS: Final = (
    Chain("ip", 1, 7),
    Chain("ip6", 2, -11),
    Chain("arp", 0, 3),
    Chain("inet", 3, 42),
    Chain("netdev", 0, 9, "lo"),
)


def files() -> dict[str, bytes]:
    """What the guest's initramfs holds: both programs, and the messages, by path."""
    made = {f"netfilter/chain-{number}": _new_chain(chain) for number, chain in enumerate(CHAINS)}
    for family, number in FAMILIES.items():
        for hook in range(5 if family != "netdev" else 1):
            made[f"netfilter/list-{family}-{hook}"] = _list_hooks(number, hook)
    return {"bin/bpf-programs": bpf_programs(), "bin/netfilter-say": netfilter_say(), **made}


def bpf_programs() -> bytes:
    """A program that loads `PROGRAMS`, each of which returns its type, and sleeps."""
    code, attributes, data = b"", b"", b""
    first = loader.BODY + _CODE_ROOM
    behind = first + _ATTRIBUTES.size * len(PROGRAMS)
    for number, (name, kind) in enumerate(PROGRAMS.items()):
        text = struct.pack("<BBhiBBhi", 0xB7, 0, 0, kind, _EXIT, 0, 0, 0)  # r0 = kind; exit
        where = behind + len(data)
        data += text + b"GPL\0".ljust(8, b"\0")
        fields = (kind, len(text) // 8, where, where + len(text), 0, 0, 0, 0, 0, name.encode())
        attributes += _ATTRIBUTES.pack(*fields)
        code += _call(321, 5, first + number * _ATTRIBUTES.size, _ATTRIBUTES.size)  # bpf(BPF_PROG_LOAD, …)
    code += b"\xb8" + struct.pack("<I", 34) + b"\x0f\x05\xeb\xf7"  # pause(), again and again
    return loader.executable(loader.MACHINES["amd64"], code.ljust(_CODE_ROOM, b"\0") + attributes + data)


def netfilter_say() -> bytes:
    """A program: what it reads is sent to netfilter, and what comes back is written, until it is ended."""
    code = b"\x48\x81\xec" + struct.pack("<I", _BUFFER)  # sub rsp: room for a message
    code += _call(41, 16, 3, 12)  # socket(AF_NETLINK, SOCK_RAW, NETLINK_NETFILTER) → 3
    code += b"\x31\xff\x48\x89\xe6\xba" + struct.pack("<I", _BUFFER) + b"\x31\xc0\x0f\x05"  # read(0, rsp, …)
    nobody = b"\x45\x31\xd2\x45\x31\xc0\x45\x31\xc9"  # r10, r8, r9 = 0
    code += (
        b"\x89\xc2" + _system_call(44, 3) + nobody + b"\x48\x89\xe6\x0f\x05"
    )  # sendto(3, rsp, what was read)
    again = b"\xba" + struct.pack("<I", _BUFFER) + _system_call(45, 3) + nobody + b"\x48\x89\xe6\x0f\x05"
    again += (
        b"\x89\xc2" + _system_call(1, 1) + b"\x48\x89\xe6\x0f\x05"
    )  # recvfrom(3, rsp, …); write(1, rsp, …)
    code += again + b"\xeb" + struct.pack("b", -len(again) - 2)
    return loader.executable(loader.MACHINES["amd64"], code)


def _system_call(number: int, first: int) -> bytes:
    """Set the number of a system call and its first argument: mov eax; mov edi."""
    return b"\xb8" + struct.pack("<I", number) + b"\xbf" + struct.pack("<I", first)


def _call(number: int, *arguments: int) -> bytes:
    """A system call of three numbers: edi, esi and edx."""
    first, second, third = arguments
    registers = b"\xbe" + struct.pack("<I", second) + b"\xba" + struct.pack("<I", third)
    return _system_call(number, first) + registers + b"\x0f\x05"


def _message(kind: int, flags: int, family: int, body: bytes = b"", subsystem: int = 0) -> bytes:
    """A netlink message for netfilter: its header, that of netfilter, attributes."""
    content = struct.pack("<BB", family, 0) + struct.pack(">H", subsystem) + body
    return struct.pack("<IHHII", 16 + len(content), kind, flags, 1, 0) + content


def _attribute(kind: int, value: bytes | str | int) -> bytes:
    """An attribute: a text, a number of 32 bits in network byte order, or other attributes."""
    if isinstance(value, str):
        data = value.encode() + b"\0"
    elif isinstance(value, int):
        data = struct.pack(">i", value)
    else:
        kind, data = kind | _NESTED, value
    return struct.pack("<HH", 4 + len(data), kind) + data + bytes(-len(data) % 4)


def _new_chain(chain: Chain) -> bytes:
    """Make a table and a chain in it, in one batch; the kernel answers both."""
    family, name = FAMILIES[chain.family], f"table_{chain.family}"
    hook = _attribute(1, chain.hook) + _attribute(2, chain.priority)
    hook += _attribute(3, chain.device) if chain.device else b""
    described = _attribute(1, name) + _attribute(3, "watched") + _attribute(4, hook) + _attribute(7, "filter")
    flags = _REQUEST | _ACK | _CREATE
    return (
        _message(_BATCH_BEGIN, _REQUEST, 0, subsystem=_NFTABLES)
        + _message(_NEW_TABLE, flags, family, _attribute(1, name))
        + _message(_NEW_CHAIN, flags, family, described)
        + _message(_BATCH_END, _REQUEST, 0, subsystem=_NFTABLES)
    )


def _list_hooks(family: int, hook: int) -> bytes:
    """List the functions at a hook (NFNL_MSG_HOOK_GET)."""
    wanted = _attribute(1, hook) + (_attribute(3, "lo") if family == FAMILIES["netdev"] else b"")
    return _message(_HOOK << 8, _REQUEST | _DUMP, family, wanted)
