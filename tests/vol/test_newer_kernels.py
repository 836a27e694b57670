# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What newer kernels changed, held against what the guest says, and that our classes step aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from types import SimpleNamespace
from typing import Any, Literal

import pytest
from volatility3.framework import exceptions, objects
from volatility3.framework.symbols.linux import extensions

from dumpmaker.cache import Dump
from support.btfwriter import Writer
from support.volrunner import Vol
from volatility3_btf.btf import Types
from volatility3_btf.vol.extensions.changes import BIG_ENDIAN, CHANGES, class_of
from volatility3_btf.vol.extensions.folio import FolioInode

Dumps = Callable[[str], Dump]
NEWEST = "amd64-7"
KERNELS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", NEWEST)


def guest_modules(guest: Dump) -> dict[str, int]:
    """Name → bytes, as /proc/modules has them."""
    lines = (guest.folder / "proc/modules").read_text().splitlines()
    return {words[0]: int(words[1]) for words in map(str.split, lines)}


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_modules_are_the_guests(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    rows = session_vol("linux.lsmod", image=guest.raw).rows
    assert {row["Module Name"]: int(row["Code Size"]) for row in rows} == guest_modules(guest)


@pytest.mark.slow
@pytest.mark.parametrize("name", KERNELS)
def test_every_module_is_in_all_three_lists(dump: Dumps, session_vol: Vol, name: str) -> None:
    """None of the guest's is hidden."""
    guest = dump(name)
    rows = session_vol("linux.malware.modxview", image=guest.raw).rows
    assert {row["Name"] for row in rows} == set(guest_modules(guest))
    assert all(row["In procfs"] and row["In sysfs"] and row["In scan"] for row in rows)


@pytest.mark.slow
@pytest.mark.parametrize("name", ["amd64-5.10", "amd64-6.1"])
def test_all_symbols_are_shown_those_of_modules_too(dump: Dumps, session_vol: Vol, name: str) -> None:
    guest = dump(name)
    told = re.findall(r"^[0-9a-f]+ \S (\S+)\t\[(\w+)\]$", (guest.folder / "kallsyms.txt").read_text(), re.M)
    rows = session_vol("linux.kallsyms", "--modules", image=guest.raw).rows
    shown = {(row["SymbolName"], row["ModuleName"]) for row in rows}
    assert shown == {(symbol, module) for symbol, module in told if module in guest_modules(guest)}


@pytest.mark.slow
@pytest.mark.parametrize(("path", "last"), [("/large/numbers", 700_000), ("/large/fewer", 20_000)])
def test_a_file_in_large_folios_is_as_it_was_written(dump: Dumps, vol: Vol, path: str, last: int) -> None:
    done = vol("linux.pagecache.InodePages", "--find", path, "--dump", image=dump(NEWEST).raw)
    (file,) = vol.output.iterdir()
    assert file.read_text() == "".join(f"{number}\n" for number in range(1, last + 1))
    assert "ERROR" not in done.stderr


@pytest.mark.slow
def test_pages_of_large_folios_have_their_numbers(dump: Dumps, session_vol: Vol) -> None:
    listed = session_vol("linux.pagecache.InodePages", "--find", "/large/numbers", image=dump(NEWEST).raw)
    size = len("".join(f"{number}\n" for number in range(1, 700_001)))
    assert [row["Index"] for row in listed.rows] == list(range(-(-size // 4096)))
    assert all(row["DumpSafe"] for row in listed.rows)
    assert len({row["PagePAddr"] for row in listed.rows}) == len(listed.rows)


NEW: dict[str, set[str]] = {
    "taint_flag": {"c_true", "c_false"},
    "page": {"__folio_index", "compound_info"},
    "folio": {"index"},
    "xa_node": {"shift", "slots"},
    "module_notes_attrs": {"grp"},
    "module_kobject": {"mod"},
    "module": {"kallsyms", "list"},
    "kernel_symbol": {"name_offset", "value_offset"},
    "sock_common": {"skc_v6_daddr"},
    "ipv6_pinfo": {"saddr", "daddr"},
    "ftrace_func_entry": {"hlist", "ip"},
}
OLD: dict[str, set[str]] = {
    "taint_flag": {"c_true", "c_false", "module"},
    "page": {"index", "compound_head"},
    "xa_node": {"shift", "slots"},
    "module_notes_attrs": {"dir", "notes"},
    "module_kobject": {"mod"},
    "module": {"symtab", "list"},
    "kernel_symbol": {"name", "value"},
    "sock_common": {"skc_v6_daddr"},
    "ipv6_pinfo": {"saddr", "daddr_cache"},
}


def test_a_page_cache_that_cannot_be_read_is_that_files_error() -> None:
    """The plugins go on with the next file then."""

    def pages() -> Iterator[object]:
        yield 1
        raise exceptions.InvalidAddressException("kernel", 0x1000, "the page is gone")

    found = FolioInode.get_pages(SimpleNamespace(_pages=pages))
    assert next(found) == 1
    with pytest.raises(exceptions.LinuxPageCacheException, match="the page is gone"):
        next(found)


def types_of(structs: Mapping[str, set[str]], endian: Literal["little", "big"] = "little") -> Types:
    writer = Writer(endian)
    byte = writer.integer("char", 1)
    for name, members in structs.items():
        placed = [(member, byte, 8 * at) for at, member in enumerate(sorted(members))]
        writer.struct(name, len(members), placed)
    return Types(writer.blob())


def stock(name: str) -> type[Any]:
    return getattr(extensions, name, getattr(extensions.network, name, objects.AggregateType))


def test_what_the_types_have_decides() -> None:
    new, old = types_of(NEW), types_of(OLD)
    assert {name: class_of(name, stock(name), old) for name in CHANGES} == {
        name: stock(name) for name in CHANGES
    }
    assert all(class_of(name, stock(name), new) is change.our_class for name, change in CHANGES.items())
    assert class_of("task_struct", extensions.task_struct, new) is extensions.task_struct


def test_addresses_of_interfaces_are_turned_round_on_big_endian_kernels_only() -> None:
    structs = {"in_ifaddr": {"ifa_address"}, "inet6_ifaddr": {"addr"}}
    assert set(structs) == set(BIG_ENDIAN)
    big, little = types_of(structs, "big"), types_of(structs)
    for name, change in BIG_ENDIAN.items():
        assert class_of(name, stock(name), big) is change.our_class
        assert class_of(name, stock(name), little) is stock(name)


def test_where_the_framework_has_caught_up_its_own_classes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = type("Theirs", (), {})
    monkeypatch.setattr(extensions.page, "index", property(lambda page: 0), raising=False)
    assert all(class_of(name, theirs, types_of(NEW)) is theirs for name in CHANGES)


def test_each_class_says_since_when(request: pytest.FixtureRequest) -> None:
    folder = Path(request.config.rootpath) / "volatility3_btf/vol/extensions"
    for change in CHANGES.values():
        text = (folder / f"{change.our_class.__module__.rpartition('.')[2]}.py").read_text()
        assert re.search(r"\d\.\d+ (on|and later)", text)
