# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""linux.btfisf as users run it."""

from __future__ import annotations

import gzip
import json
import lzma
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import volatility3

from dumpmaker.cache import Dump
from support.volrunner import Vol

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
WORDS = {
    *"kind name size type offset fields subtype count base constants address constant_data anonymous".split()
}
WORDS |= {
    *"signed endian bit_position bit_length struct union enum bitfield pointer array function class".split()
}
"""Words of the format, as against names."""

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


def shape(value: Any) -> Hashable:
    """What a schema can tell of a value: two entries that differ in names and numbers only are alike."""
    if isinstance(value, dict):
        return frozenset((key if key in WORDS else "", shape(held)) for key, held in value.items())
    if isinstance(value, list):
        return tuple(map(shape, value))
    if isinstance(value, str):
        return value if value in WORDS else "text"
    return type(value), bool(isinstance(value, int) and value < 0)


def one_of_each_shape(entries: dict[str, Any]) -> dict[str, Any]:
    first = {shape(entry): name for name, entry in reversed(entries.items())}
    return {name: entries[name] for name in first.values()}


@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-7", "s390x-6.12"])
def test_the_document_keeps_to_volatilitys_schema(name: str, dump: Callable[[str], Dump], vol: Vol) -> None:
    """Validating every entry takes a minute; of those that are alike to a schema, one will do."""
    guest = dump(name)
    (row,) = vol("linux.btfisf", "--compression", "none", image=guest.raw).rows
    document = json.loads((vol.output / row["File output"]).read_bytes())
    schemas = Path(volatility3.__file__).parent / "schemas"
    schema = json.loads((schemas / "schema-6.2.0.json").read_text())
    some = {part: one_of_each_shape(document[part]) for part in ("symbols", "user_types", "enums")}
    assert all(len(entries) > 1 for entries in some.values())
    jsonschema.Draft4Validator(schema).validate(document | some)
    some["symbols"]["wrong"] = {"type": {"kind": "nothing"}, "address": 1}
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft4Validator(schema).validate(document | some)


def test_installed_tables_serve_stock_volatility(dump: Callable[[str], Dump], vol: Vol) -> None:
    guest = dump("amd64-6.1")
    (row,) = vol("linux.btfisf", "--install", image=guest.raw).rows
    installed = Path(row["File output"])
    assert installed.parent.parent == vol.cache / "volatility3" / "symbols"
    isfinfo = vol("isfinfo").rows
    assert any(installed.name in entry["URI"] for entry in isfinfo)


def test_an_installed_table_is_never_replaced(dump: Callable[[str], Dump], vol: Vol) -> None:
    """Its name has the hash of its content: a table from a hostile image of the same kernel stays apart."""
    guest = dump("amd64-6.1-stream")
    install = ("linux.btfisf", "--install", "--compression", "none")
    first = Path(vol(*install, image=guest.raw).rows[0]["File output"])
    document = json.loads(first.read_bytes())
    (source,) = document["metadata"]["linux"]["symbols"]
    release, build, digits = first.name.removesuffix(".json").rsplit("-", 2)
    assert release == guest.truth["release"]
    assert document["metadata"]["linux"]["types"][0]["hash_value"].startswith(build)
    assert source["hash_value"].startswith(digits)
    hostile = first.with_name(f"{release}-{build}-000000000000.json")
    first.rename(hostile)
    first.write_bytes(b"other content")
    third = vol(*install, image=guest.raw)
    assert third.rows[0]["File output"] == str(first).replace(".json", "-1.json")
    assert first.read_bytes() == b"other content"
    assert f"{hostile}, made from another image of this kernel" in third.stderr


def test_no_btf_is_one_line_and_exit_code_1(dump: Callable[[str], Dump], vol: Vol) -> None:
    result = vol("linux.btfisf", image=dump("s390x-6.1").raw, check=False)
    assert result.returncode == 1
    (ours,) = (line for line in result.stderr.splitlines() if "volatility3.plugins.linux.btfisf" in line)
    assert "No kernel BTF" in ours and "6.1" in ours
    assert "Traceback" not in result.stderr
    assert not list(vol.output.iterdir())
