# SPDX-License-Identifier: Apache-2.0
"""Files that are no memory image are told by name, and nothing else is taken for one."""

from __future__ import annotations

import io
import struct
import tarfile
from collections.abc import Callable
from pathlib import Path

import pytest

from dumpmaker.cache import RECIPES, Dump
from volatility3_btf import open_memory
from volatility3_btf.files.formats import HEAD, FormatError, format_of, sentence

MEMORY = bytes(range(256)) * 64


def tarred() -> bytes:
    with tarfile.open(fileobj=(buffer := io.BytesIO()), mode="w") as archive:
        archive.addfile(info := tarfile.TarInfo("memory.raw"), io.BytesIO(MEMORY))
        assert info.size == 0
    return buffer.getvalue()


FILES = {
    "zstd": b"\x28\xb5\x2f\xfd\x24\x00",
    "lz4": b"\x04\x22\x4d\x18\x60\x40\x82",
    "tar": tarred(),
    "qcow2": b"QFI\xfb" + struct.pack(">I", 3),
    "VMDK": b"KDMV" + struct.pack("<I", 1),
    "diskdump": b"DISKDUMP" + struct.pack("<I", 6),
    "VMware": b"\xd2\xbe\xd2\xbe\x08\0\0\0",
    "AVML": struct.pack("<IIQQ", 0x4C4D5641, 2, 0, 4095),
    "E01": b"EVF\t\r\n\xff\0\1",
}


@pytest.mark.parametrize("name", FILES)
def test_a_file_is_named_in_one_line_that_says_what_to_do(name: str, tmp_path: Path) -> None:
    known = format_of(FILES[name][:HEAD])
    assert known is not None and name in known.name
    assert known.remedy in sentence(known) and "\n" not in sentence(known)
    path = tmp_path / "memory"
    path.write_bytes(FILES[name])
    with pytest.raises(FormatError, match=f"this is .*{name}"):
        open_memory(path)


@pytest.mark.parametrize(
    "head", [b"", b"\0" * HEAD, b"\x53\xff\x00\xf0" * 64, b"x\x9c" + bytes(60), b"x\x01"]
)
def test_memory_is_not_taken_for_a_file(head: bytes) -> None:
    assert format_of(head) is None


@pytest.mark.slow
def test_no_dump_is_taken_for_a_file(dump: Callable[[str], Dump]) -> None:
    for name in RECIPES:
        with dump(name).raw.open("rb") as file:
            assert format_of(file.read(HEAD)) is None
