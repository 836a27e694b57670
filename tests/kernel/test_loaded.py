# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Names and owners: `linux.btfscan --all` beside what each guest said it had loaded."""

from __future__ import annotations

import csv
import hashlib
import io
import struct
from collections.abc import Callable, Container
from typing import Any

import pytest

from dumpmaker.cache import Dump
from support.patching import PAGE, Patch
from support.volrunner import Vol
from volatility3_btf import find_btf, open_memory
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.kernel.loaded.idr import idr_content
from volatility3_btf.kernel.loaded.loaded_btf import LIST, loaded_btf
from volatility3_btf.kernel.loaded.origin import find_sightings
from volatility3_btf.survey import DIGITS

GetDump = Callable[[str], Dump]
Row = dict[str, Any]

WITH_MODULES = ("amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12", "amd64-6.12-la57")
ONE = "amd64-6.1"
MOVED = "nf_tables"


def loaded(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["Origin"] == "loaded"]


@pytest.fixture(scope="module")
def all_rows(session_vol: Vol, dump: GetDump) -> Callable[[str], list[Row]]:
    """The rows of `linux.btfscan --all` on a dump, each run once."""
    known: dict[str, list[Row]] = {}

    def rows(name: str) -> list[Row]:
        if name not in known:
            known[name] = session_vol("linux.btfscan", "--all", image=dump(name).raw).rows
        return known[name]

    return rows


# --- what the guest lists ---


@pytest.mark.parametrize("name", WITH_MODULES)
def test_every_loaded_blob_has_one_row_with_its_name(
    all_rows: Callable[[str], list[Row]], dump: GetDump, name: str
) -> None:
    rows = [row for row in loaded(all_rows(name)) if row["Kind"] != "program"]
    told = {blob: about["sha256"] for blob, about in dump(name).truth["btf"].items()}
    assert len(told) > 20
    assert sorted((row["Name"], row["SHA256"]) for row in rows) == sorted(told.items())
    assert {row["State"] for row in rows} == {"complete"}
    kinds = {row["Name"]: row["Kind"] for row in rows}
    assert kinds.pop("vmlinux") == "kernel"
    assert set(kinds.values()) == {"module"}


@pytest.mark.parametrize("name", WITH_MODULES)
def test_loaded_modules_are_listed(all_rows: Callable[[str], list[Row]], name: str) -> None:
    listed = {row["Kind"]: row["Listed"] for row in loaded(all_rows(name))}
    assert listed == {"kernel": None, "module": "yes", "program": None}


@pytest.mark.parametrize("name", (*WITH_MODULES, "amd64-5.10"))
def test_a_programs_btf_is_marked(all_rows: Callable[[str], list[Row]], dump: GetDump, name: str) -> None:
    (row,) = (row for row in loaded(all_rows(name)) if row["Kind"] == "program")
    told = dump(name).truth["program_btf"]
    assert (row["SHA256"], row["Size"]) == (told["sha256"], told["size"])
    assert row["Name"] is None
    assert (row["Structs"], row["Functions"]) == (1, 1)


def test_before_5_11_the_kernels_own_is_told_by_its_address(
    all_rows: Callable[[str], list[Row]], dump: GetDump
) -> None:
    row = next(row for row in loaded(all_rows("amd64-5.10")) if row["Kind"] == "kernel")
    assert (row["Name"], row["SHA256"]) == ("vmlinux", dump("amd64-5.10").truth["btf"]["vmlinux"]["sha256"])


@pytest.mark.parametrize("name", WITH_MODULES)
def test_what_no_kernel_points_to_is_a_copy(all_rows: Callable[[str], list[Row]], name: str) -> None:
    names = {row["SHA256"]: row["Name"] for row in loaded(all_rows(name))}
    copies = [row for row in all_rows(name) if row["Origin"] != "loaded"]
    assert copies
    for row in copies:
        assert row["Origin"] == "copy"
        assert row["Listed"] is None
        assert row["Name"] == names.get(row["SHA256"])


@pytest.mark.parametrize("name", WITH_MODULES)
def test_ids_are_those_of_the_guest(dump: GetDump, name: str) -> None:
    image = open_memory(dump(name).raw)
    found = loaded_btf(image, identify_kernel(image)).entries
    assert [entry.id for entry in found] == list(range(1, len(found) + 1))
    assert found[0].name == "vmlinux"
    program = next(entry for entry in found if entry.kind == "program")
    assert program.id == dump(name).truth["program_btf"]["id"]


# --- what a rootkit or chance may do ---


@pytest.mark.parametrize("name", ["amd64-6.1", "amd64-6.12-la57"])
def test_a_blob_in_several_pieces_is_read_whole(
    patched: Callable[[str], Patch], session_vol: Vol, dump: GetDump, name: str
) -> None:
    """Two of its pages change places with others, in physical memory and in the page tables."""
    patch = patched(name)
    blob = patch.module_to_move()
    data = patch.read(blob.offset, blob.size)
    truth = dump(name).truth["btf"][blob.name]["sha256"]
    moved = {patch.swap_page(blob.address + number * PAGE) for number in (1, 5)}
    own = {blob.offset + at & ~(PAGE - 1) for at in range(0, blob.size, PAGE)}
    patch.wipe_copies(data, own | moved)

    contiguous = [found for found in find_btf(patch.memory()) if found.sha256 == truth]
    assert not contiguous, "the blob can still be found in one piece"
    rows = session_vol("linux.btfscan", "--all", image=patch.path).rows
    (row,) = (row for row in rows if row["Name"] == blob.name)
    assert (row["Origin"], row["State"], row["SHA256"]) == ("loaded", "complete", truth)
    assert (row["Offset"], row["Size"], row["Listed"]) == (blob.offset, blob.size, "yes")


def test_a_blob_whose_first_page_moved_is_dumped_whole(
    patched: Callable[[], Patch], session_vol: Vol
) -> None:
    patch = patched()
    blob = patch.module_to_move()
    data = patch.read(blob.offset, blob.size)
    there = patch.swap_page(blob.address)
    rows = session_vol("linux.btfscan", "--all", "--dump", image=patch.path).rows
    assert [row["Offset"] for row in rows] == sorted(row["Offset"] for row in rows)
    (row,) = (row for row in loaded(rows) if row["Name"] == blob.name)
    assert row["Offset"] == there
    assert (session_vol.output / row["File output"]).read_bytes() == data


def test_a_blob_of_which_a_page_is_lost_is_truncated(patched: Callable[[], Patch]) -> None:
    patch = patched()
    blob = patch.module("bridge")
    place, _ = patch.entry_of(blob.address + 2 * PAGE)
    patch.write(place, bytes(8))
    (found,) = (
        found
        for found in find_sightings(patch.memory())
        if found.origin == "loaded" and found.name == "bridge"
    )
    assert found.blob.state == "truncated"
    assert len(found.blob.data) == 2 * PAGE


def test_without_page_tables_the_direct_map_serves(
    patched: Callable[[], Patch], dump: GetDump, session_vol: Vol
) -> None:
    """Most pointers in `struct btf` meet their blobs at one distance."""
    patch = patched()
    tables = patch.kernel.page_tables
    assert tables is not None
    patch.write(tables.root, bytes(PAGE))
    rows = loaded(session_vol("linux.btfscan", "--all", image=patch.path).rows)
    told = {about["sha256"] for about in dump(ONE).truth["btf"].values()}
    assert told <= {row["SHA256"] for row in rows}
    assert {row["Listed"] for row in rows if row["Kind"] == "module"} == {None}


FLOODS = (
    b"\x9f\xeb\x01\x00",
    struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 64, 64, 64),
    b"Linux version 6.1.0-50-amd64 (a) #1 SMP\n\0",
    b"Linux version OSRELEASE=" + DIGITS,
)
FLOOD = 1 << 18


def told(patch: Patch, ignored: Container[int] = ()) -> list[tuple[int, str, str | None, bool | None]]:
    """What is found and whose it is, but for what lies at some addresses."""
    found = find_sightings(patch.memory())
    return [
        (sighting.blob.offset, sighting.origin, sighting.name, sighting.listed)
        for sighting in found
        if sighting.blob.offset not in ignored
    ]


def test_what_a_process_writes_hides_nothing(patched: Callable[[], Patch]) -> None:
    """256 KiB of each text that is searched for, below everything that is looked for."""
    patch = patched()
    before = told(patch)
    place = patch.spare(len(FLOODS) * FLOOD)
    patch.write(place, b"".join((text * (FLOOD // len(text))).ljust(FLOOD, b"\0") for text in FLOODS))
    kernel = identify_kernel(patch.memory())
    assert (kernel.state, kernel.doubts) == ("exact", [])
    assert told(patch, range(place, place + len(FLOODS) * FLOOD)) == before


def test_without_the_kernels_list_a_flood_leaves_what_is_no_ones_unknown(
    patched: Callable[[], Patch], caplog: pytest.LogCaptureFixture
) -> None:
    patch = patched()
    patch.write(patch.kernel.find(LIST) or 0, bytes(64))
    before = told(patch)
    assert {origin for _, origin, _, _ in before} == {"loaded", "copy"}
    patch.write(patch.spare(FLOOD), b"\x9f\xeb\x01\x00" * (1 << 16))
    after = told(patch)
    assert {row[1] for row in after if row not in before} == {"unknown"}
    assert [row for row in after if row[1] == "loaded"] == [row for row in before if row[1] == "loaded"]
    assert "too many places look like loaded BTF" in caplog.text


def test_a_forged_struct_btf_renames_nothing(
    patched: Callable[[], Patch], caplog: pytest.LogCaptureFixture
) -> None:
    patch = patched()
    blob = patch.module(MOVED)
    layout = patch.kernel.blob.types["btf"]
    forged = bytearray(patch.read(blob.place, layout.size))
    forged[layout["name"].offset : layout["name"].offset + 9] = b"harmless\0"
    patch.write(patch.spare(PAGE), forged)
    found = loaded_btf(patch.memory(), patch.kernel)
    assert [entry.name for entry in found.entries] == [entry.name for entry in patch.loaded.entries]
    assert f"the BTF of {MOVED} is called harmless by another struct btf" in caplog.text


def test_without_symbols_nothing_is_called_a_copy(patched: Callable[[], Patch]) -> None:
    """Pointers meet copies at several distances, and no list of tasks tells which one it is."""
    patch = patched()
    for at in list(patch.memory().find(DIGITS)):
        patch.write(at - 2 * PAGE, bytes(4 * PAGE))
    assert identify_kernel(patch.memory()).state == "types only"
    found = list(find_sightings(patch.memory()))
    assert {sighting.origin for sighting in found} == {"unknown"}
    assert {"kernel", "module"} <= {sighting.blob.kind for sighting in found}


def forget(patch: Patch, place: int) -> None:
    """Take a `struct btf` out of the kernel's lists."""
    space, kernel = patch.loaded.space, patch.kernel
    assert space is not None and kernel.symbols is not None
    content = idr_content(space, kernel.blob.types, kernel.symbols.get(LIST) or 0)
    assert content is not None
    pointer = next(pointer for pointer in content.pointers if space.translate(pointer) == place)
    for at in list(patch.memory().find(pointer.to_bytes(8, "little"))):
        patch.write(at, bytes(8))


def test_an_unloaded_modules_btf_is_a_copy(patched: Callable[[], Patch]) -> None:
    """A `struct btf` without references is freed memory, once the kernel does not list it any more."""
    patch = patched()
    blob = patch.module("veth")
    layout = patch.kernel.blob.types["btf"]
    patch.write(blob.place + layout["refcnt"].offset, bytes(4))
    forget(patch, blob.place)
    found = [found for found in find_sightings(patch.memory()) if found.blob.sha256 == blob.read().sha256]
    assert found
    assert {sighting.origin for sighting in found} == {"copy"}


@pytest.mark.parametrize(
    ("member", "value"), [("refcnt", 0), ("data_size", 7), ("nohdr_data", 1 << 60), ("strings", 0)]
)
def test_btf_that_the_kernel_lists_is_loaded_whatever_its_structure_says(
    patched: Callable[[], Patch], caplog: pytest.LogCaptureFixture, member: str, value: int
) -> None:
    patch = patched()
    blob = patch.module("veth")
    field = patch.kernel.blob.types["btf"][member]
    patch.write(blob.place + field.offset, value.to_bytes(field.type.size, "little"))
    found = loaded_btf(patch.memory(), patch.kernel)
    assert found.is_complete
    assert [entry.name for entry in found.entries] == [entry.name for entry in patch.loaded.entries]
    again = found.module("veth")
    assert again is not None and again.read().sha256 == blob.read().sha256
    assert f"BTF veth is loaded ({LIST} has it), but was changed or is being freed" in caplog.text
    assert caplog.text.rstrip().endswith(f"must be: {member}")


def test_btf_whose_header_was_changed_stays_loaded(patched: Callable[[], Patch], session_vol: Vol) -> None:
    patch = patched()
    blob = patch.module("veth")
    patch.write(blob.offset, bytes(2))
    result = session_vol("linux.btfscan", "--all", image=patch.path)
    (row,) = (row for row in loaded(result.rows) if row["Name"] == "veth")
    assert (row["Offset"], row["Kind"], row["State"]) == (blob.offset, "module", "damaged")
    assert "BTF veth is loaded" in result.stderr


FORMULAS = ("=cmd|'/C calc'!A0", "@SUM(1+1)", "+1", "-1", 'a,"b"')


def test_what_a_spreadsheet_takes_for_a_formula_is_not_changed(
    patched: Callable[[], Patch], session_vol: Vol
) -> None:
    patch = patched()
    name = patch.kernel.blob.types["btf"]["name"]
    modules = [entry for entry in patch.loaded.entries if entry.kind == "module"]
    for entry, formula in zip(modules, FORMULAS, strict=False):
        patch.write(entry.place + name.offset, formula.encode().ljust(name.type.size, b"\0"))
    printed = session_vol("linux.btfscan", "--all", image=patch.path, renderer="csv").stdout
    rows = list(csv.DictReader(io.StringIO(printed.strip())))
    assert {row["Name"] for row in rows if row["Origin"] == "loaded"} >= set(FORMULAS)


def test_an_empty_modules_btf_is_complete(patched: Callable[[], Patch], session_vol: Vol) -> None:
    """A module without types of its own has 24 bytes of BTF: nothing but a header."""
    patch = patched()
    blob, types = patch.module("loop"), patch.kernel.blob.types
    empty = struct.pack("<HBBIIIII", 0xEB9F, 1, 0, 24, 0, 0, 0, 0)
    body = blob.address + len(empty)
    fields = {"data_size": len(empty), "nohdr_data": body, "strings": body, "nr_types": 0}
    for name, value in fields.items():
        field = types["btf"][name]
        patch.write(blob.place + field.offset, value.to_bytes(field.type.size, "little"))
    size = types["module"]["btf_data_size"].offset
    patch.write(patch.place(patch.struct_module("loop") + size), len(empty).to_bytes(4, "little"))
    patch.write(blob.place + types["btf"]["hdr"].offset, empty)
    patch.write(blob.offset, empty)
    result = session_vol("linux.btfscan", "--all", image=patch.path)
    (row,) = (row for row in loaded(result.rows) if row["Name"] == "loop")
    assert (row["Size"], row["Kind"], row["State"], row["Listed"]) == (24, "module", "complete", "yes")
    assert (row["Types"], row["SHA256"]) == (0, hashlib.sha256(empty).hexdigest())
    assert not [line for line in result.stderr.splitlines() if "volatility3_btf" in line]


def test_without_a_kernel_nothing_is_known(patched: Callable[[], Patch], session_vol: Vol) -> None:
    patch = patched()
    blob = patch.kernel.blob
    patch.write(blob.offset, bytes(blob.size))
    rows = session_vol("linux.btfscan", "--all", image=patch.path).rows
    assert rows
    assert {row["Origin"] for row in rows} == {"unknown"}
    assert {row["Listed"] for row in rows} == {None}
