# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfisf as users run it."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable
from pathlib import Path

import jsonschema
import pytest
import volatility3

from dumpmaker.cache import Dump
from volrunner import Vol

COLUMNS = [
    "Release",
    "Architecture",
    "BTF offset",
    "Types",
    "Symbols",
    "Typed symbols",
    "KASLR shift",
    "Physical shift",
    "State",
    "File output",
]
READERS = {"xz": lzma.decompress, "gz": gzip.decompress, "none": bytes}


def test_a_row_says_what_the_guest_says(dump: Callable[[str], Dump], vol: Vol) -> None:
    guest = dump("amd64-6.1")
    (row,) = vol("linux.btfisf", image=guest.raw).rows
    text = int(guest.truth["symbols"]["_text"], 16)
    (code,) = [line for line in guest.truth["iomem_kernel"] if line.endswith("Kernel code")]
    assert set(row) - {"__children"} == set(COLUMNS)
    assert row["Release"] == guest.truth["release"]
    assert row["Architecture"] == "x86-64"
    assert row["KASLR shift"] == text - 0xFFFFFFFF81000000
    assert row["Physical shift"] == text - int(code.split("-")[0], 16)
    assert row["State"] == "exact"
    assert row["File output"] == f"{row['Release']}-{guest.truth['btf']['vmlinux']['sha256'][:12]}.json.xz"
    assert (vol.output / row["File output"]).is_file()


def test_a_second_file_of_other_content_is_a_symbol_file_too(dump: Callable[[str], Dump], vol: Vol) -> None:
    guest = dump("amd64-5.10")
    (first,) = vol("linux.btfisf", image=guest.raw).rows
    (again,) = vol("linux.btfisf", image=guest.raw).rows
    written = vol.output / first["File output"]
    assert again["File output"] == first["File output"]
    assert list(vol.output.iterdir()) == [written]
    whole = written.read_bytes()
    written.write_bytes(b"something else")
    (other,) = vol("linux.btfisf", image=guest.raw).rows
    assert other["File output"] == first["File output"].replace(".json.xz", "-1.json.xz")
    assert (vol.output / other["File output"]).read_bytes() == whole
    assert written.read_bytes() == b"something else"


@pytest.mark.parametrize("compression", ["xz", "gz", "none"])
def test_each_compression_holds_the_same_document(
    compression: str, dump: Callable[[str], Dump], vol: Vol
) -> None:
    guest = dump("amd64-5.10")
    (row,) = vol("linux.btfisf", "--compression", compression, image=guest.raw).rows
    data = READERS[compression]((vol.output / row["File output"]).read_bytes())
    document = json.loads(data)
    assert document["metadata"]["producer"]["name"] == "volatility3-btf"
    assert len(document["symbols"]) == row["Symbols"]


def test_the_document_keeps_to_volatilitys_schema(dump: Callable[[str], Dump], vol: Vol) -> None:
    guest = dump("s390x-6.12")
    (row,) = vol("linux.btfisf", "--compression", "none", image=guest.raw).rows
    document = json.loads((vol.output / row["File output"]).read_bytes())
    schemas = Path(volatility3.__file__).parent / "schemas"
    schema = json.loads((schemas / "schema-6.2.0.json").read_text())
    some = {part: dict(list(document[part].items())[::20]) for part in ("symbols", "user_types", "enums")}
    jsonschema.Draft4Validator(schema).validate(document | some)


def test_installed_tables_serve_stock_volatility(dump: Callable[[str], Dump], vol: Vol) -> None:
    guest = dump("amd64-6.1")
    (row,) = vol("linux.btfisf", "--install", image=guest.raw).rows
    installed = Path(row["File output"])
    assert installed.parent.parent == vol.cache / "volatility3" / "symbols"
    isfinfo = vol("isfinfo").rows
    assert any(installed.name in entry["URI"] for entry in isfinfo)


def test_no_btf_is_one_line_and_exit_code_1(dump: Callable[[str], Dump], vol: Vol) -> None:
    result = vol("linux.btfisf", image=dump("s390x-6.1").raw, check=False)
    assert result.returncode == 1
    ours = [line for line in result.stderr.splitlines() if "No kernel BTF" in line]
    assert len(ours) >= 1
    assert "6.1" in ours[0]
    assert "Traceback" not in result.stderr
    assert not list(vol.output.iterdir())
