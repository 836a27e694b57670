# SPDX-License-Identifier: Apache-2.0
"""`struct btf` (kernel/bpf/btf.c), in which a kernel keeps each BTF that it has loaded."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from typing import Final

from ...blobs.blob import MAX_BLOB
from ...btf import BtfError, Composite, Header
from ...btf.spelling import printable
from ...memory.addresses import Place, Virtual
from ..kernel import Kernel
from ..structures import Record, member_at, struct_of

log = logging.getLogger(__name__)

LARGEST: Final = 4096
"""Bytes of a `struct btf` that are believed; it has some hundred."""

SHORTEST: Final = 24
"""Bytes of a header."""


@dataclass(frozen=True)
class StructBtf:
    """Bytes that are a `struct btf`.

    Attributes:
        place: address in the layer.
        copy: where in the layer its copy of the header lies.
        header: that copy.
        raw: its bytes.
        record: the structure.
        address: virtual address of the BTF that it points to.
        disagreement: which of its members are not what the header asks for.
        is_listed: whether the kernel's own list has it.
    """

    place: Place
    copy: int
    header: Header
    raw: bytes
    record: Record
    address: Virtual
    disagreement: str
    is_listed: bool = False


def name_of(record: Record) -> str:
    """What the kernel calls the BTF of a `struct btf`, as it may be shown; empty where it has no name."""
    return printable((record.text("name") or b"").decode("ascii", "replace"))


def layout_of(kernel: Kernel) -> Composite | None:
    """The kernel's own `struct btf`; None where its types lack it or a member that is needed."""
    try:
        struct = struct_of(kernel.blob.types, "btf")
    except BtfError:
        return None
    needed = ("hdr", "data", "data_size", "refcnt")
    if struct is None or struct.size > LARGEST or any(member_at(struct, name) is None for name in needed):
        log.info("the kernel's types have no struct btf")
        return None
    return struct


def header_at(struct: Composite) -> int:
    """Offset of the header's copy in a `struct btf`."""
    return (member_at(struct, "hdr") or (0, 0))[0]


def struct_btf_at(struct: Composite, place: Place, data: bytes) -> StructBtf | None:
    """The `struct btf` whose bytes these are, and what in it does not agree; None if they are none."""
    record = Record(struct, data)
    raw, address = record.bytes_of("hdr"), record.number("data")
    try:
        header = Header.parse(raw or b"")
    except BtfError:
        return None
    if not raw or not address or header.size > MAX_BLOB:
        return None
    copy, told = place + header_at(struct), _disagreement(record, header, address)
    return StructBtf(place, copy, header, raw[:SHORTEST], record, Virtual(address), told)


def _disagreement(record: Record, header: Header, address: int) -> str:
    """Which members of a `struct btf` are not what its header asks for; empty if it is whole, and in use.

    `nohdr_data` points behind the header, `strings` to the names if there are any. A freed structure has no
    references.
    """
    body = address + header.hdr_len
    told = {"nohdr_data": body, "data_size": header.size}
    if header.str_len:
        told["strings"] = body + header.str_off
    wrong = [name for name, value in told.items() if record.number(name) not in (None, value)]
    return ", ".join(["refcnt"] * (not record.number("refcnt")) + wrong)
