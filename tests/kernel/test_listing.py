# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel's list of modules, and which of the modules with loaded BTF stand in it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from dumpmaker.cache import Dump
from support.patching import Patch
from support.volrunner import Vol
from volatility3_btf import open_memory
from volatility3_btf.kernel import identify_kernel
from volatility3_btf.kernel.loaded.listing import OWNERS, Listing
from volatility3_btf.kernel.loaded.loaded_btf import loaded_btf
from volatility3_btf.kernel.loaded.module_list import listed_modules

GetDump = Callable[[str], Dump]
Row = dict[str, Any]

WITH_MODULES = ("amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12", "amd64-6.12-la57")


def loaded(rows: list[Row]) -> list[Row]:
    return [row for row in rows if row["Origin"] == "loaded"]


@pytest.mark.parametrize("name", WITH_MODULES)
def test_the_list_of_modules_is_that_of_the_guest(dump: GetDump, name: str) -> None:
    image = open_memory(dump(name).raw)
    kernel = identify_kernel(image)
    space = loaded_btf(image, kernel).space
    assert space is not None
    modules = listed_modules(space, kernel)
    assert modules.is_complete
    assert [module.name for module in modules.modules] == [
        module["name"] for module in dump(name).truth["modules"]
    ]


def test_a_hidden_module_is_not_listed(patched: Callable[[], Patch], session_vol: Vol) -> None:
    patch = patched()
    patch.unlink("tun")
    rows = loaded(session_vol("linux.btfscan", "--all", image=patch.path).rows)
    assert {row["Name"] for row in rows if row["Listed"] == "no"} == {"tun"}
    assert {row["Listed"] for row in rows if row["Kind"] == "module"} == {"yes", "no"}


def test_another_modules_name_does_not_stand_for_a_hidden_one(
    patched: Callable[[], Patch], session_vol: Vol
) -> None:
    patch = patched()
    patch.rename("veth", "tun")
    patch.unlink("tun")
    result = session_vol("linux.btfscan", "--all", image=patch.path)
    listed = {row["Name"]: row["Listed"] for row in loaded(result.rows) if row["Kind"] == "module"}
    assert {name for name, told in listed.items() if told != "yes"} == {"tun", "veth"}
    assert (listed["tun"], listed["veth"]) == (None, None)
    assert "whether module tun is listed is not known" in result.stderr
    assert "whether module veth is listed is not known" in result.stderr


def test_of_two_modules_of_one_name_one_is_no_module(
    patched: Callable[[], Patch], caplog: pytest.LogCaptureFixture
) -> None:
    patch = patched()
    patch.rename("veth", "tun")
    assert listed_by_name(patch)["tun"] is None
    assert "2 listed modules have this name, 1 with BTF" in caplog.text


def test_without_the_list_of_modules_btf_names_and_sizes_must_do(
    patched: Callable[[], Patch], caplog: pytest.LogCaptureFixture
) -> None:
    patch = patched()
    patch.write(patch.kernel.find(OWNERS) or 0, b"\xff" * 16)
    assert set(listed_by_name(patch).values()) == {True}
    patch.rename("veth", "tun")
    patch.unlink("tun")
    listed = listed_by_name(patch)
    assert {name for name, told in listed.items() if not told} == {"tun", "veth"}
    assert (listed["tun"], listed["veth"]) == (None, False)
    assert "whether module tun is listed is not known: the listed one came with" in caplog.text


def listed_by_name(patch: Patch) -> dict[str, bool | None]:
    """Each loaded module, and whether it is listed."""
    found = loaded_btf(patch.memory(), patch.kernel)
    assert found.space is not None
    listing = Listing(found.space, patch.kernel, found.entries)
    return {entry.name: listing.has(entry) for entry in found.entries if entry.kind == "module"}


def break_list(patch: Patch, names: list[str], forwards: int, backwards: int | None = None) -> None:
    """Have the `next` of one module lead nowhere, and the `prev` of another."""
    list_at = patch.kernel.blob.types["module"]["list"].offset
    patch.write(patch.place(patch.struct_module(names[forwards]) + list_at), b"\xff" * 8)
    if backwards is not None:
        patch.write(patch.place(patch.struct_module(names[backwards]) + list_at + 8), b"\xff" * 8)


def names_of(patch: Patch) -> list[str]:
    assert patch.loaded.space is not None
    return [module.name for module in listed_modules(patch.loaded.space, patch.kernel).modules]


def test_a_list_that_is_broken_in_one_direction_is_known_by_the_other(
    patched: Callable[[], Patch], session_vol: Vol
) -> None:
    patch = patched()
    names = names_of(patch)
    break_list(patch, names, 9)
    assert names_of(patch) == names
    rows = loaded(session_vol("linux.btfscan", "--all", image=patch.path).rows)
    assert {row["Name"]: row["Listed"] for row in rows if row["Kind"] == "module"} == dict.fromkeys(
        names, "yes"
    )


def test_with_a_broken_list_what_was_not_seen_is_not_known(
    patched: Callable[[], Patch], session_vol: Vol, dump: GetDump
) -> None:
    patch = patched()
    names = names_of(patch)
    break_list(patch, names, 9, 20)
    rows = loaded(session_vol("linux.btfscan", "--all", image=patch.path).rows)
    listed = {row["Name"]: row["Listed"] for row in rows if row["Kind"] == "module"}
    assert {name for name, told in listed.items() if told == "yes"} == {*names[:10], *names[20:]}
    assert {listed[name] for name in names[10:20]} == {None}


def test_a_list_that_never_ends_is_left(patched: Callable[[], Patch]) -> None:
    patch = patched()
    space = patch.loaded.space
    assert space is not None
    names = names_of(patch)
    list_at = patch.kernel.blob.types["module"]["list"].offset
    back = patch.struct_module(names[2]) + list_at
    break_list(patch, names, 20, 25)
    patch.write(patch.place(patch.struct_module(names[20]) + list_at), back.to_bytes(8, "little"))
    memory = patch.memory()
    again = loaded_btf(memory, patch.kernel).space
    assert again is not None
    found = listed_modules(again, patch.kernel)
    assert not found.is_complete
    assert [module.name for module in found.modules] == names[:21] + names[25:]
