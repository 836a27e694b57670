# SPDX-License-Identifier: Apache-2.0
"""Headers whose arithmetic is sound: the places where BTF may begin."""

from collections.abc import Iterator
from typing import Literal

from ..btf import BtfError, Header
from ..survey import BTF, Survey
from .blob import MAX_BLOB

Endian = Literal["auto", "little", "big"]

Candidate = tuple[int, Header]
"""A header and its address."""

MAX_HEADER = 1024
"""Bytes; hdr_len is 24, or 32 with a layout section."""

HEAD = 32
"""Bytes looked at of each header: up to and with the layout section's place."""


def headers(survey: Survey, endian: Endian, start: int = 0) -> Iterator[Candidate]:
    """Every header whose arithmetic is sound and whose blob starts inside the image."""
    memory = survey.memory
    signatures = list(BTF.values()) if endian == "auto" else [BTF[endian]]
    for offset, _ in survey.places(*signatures, start=start):
        try:
            header = Header.parse(memory.read_available(offset, HEAD))
        except BtfError:
            continue
        if is_sound(header) and memory.available(offset, header.hdr_len + 12) == header.hdr_len + 12:
            yield offset, header


def is_sound(header: Header) -> bool:
    """The arithmetic that the kernel demands (btf_parse_hdr, btf_check_sec_info), and a bound on the size."""
    if (
        not 24 <= header.hdr_len <= MAX_HEADER
        or header.hdr_len % 4
        or header.type_off % 4
        or header.type_len % 4
    ):
        return False
    if header.type_len == 0 or header.str_len == 0 or header.size > MAX_BLOB:
        return False
    return (
        header.type_off + header.type_len <= header.str_off
        or header.str_off + header.str_len <= header.type_off
    )
