# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What newer kernels changed, held against what the guest says, and that our classes step aside."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from volatility3.framework.symbols.linux import extensions

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf.vol.extensions.changes import CHANGES, know_changes

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


class Table:
    """A symbol table that has some structures, and knows classes for some."""

    def __init__(self, structs: Mapping[str, set[str]], classes: Mapping[str, type[Any]]) -> None:
        self.types, self.classes = structs, dict(classes)

    def get_type(self, name: str) -> Any:
        return type("Template", (), {"has_member": lambda _, member: member in self.types[name]})()

    def get_type_class(self, name: str) -> type[Any]:
        return self.classes.get(name, object)

    def set_type_class(self, name: str, chosen: type[Any]) -> None:
        self.classes[name] = chosen


STOCK: dict[str, type[Any]] = {
    name: getattr(extensions, name) for name in ("page", "inode", "kobject", "kernel_symbol")
}
NEW: dict[str, set[str]] = {
    "taint_flag": {"c_true", "c_false"},
    "page": {"__folio_index", "compound_info"},
    "folio": {"index"},
    "xa_node": {"shift", "slots"},
    "module_notes_attrs": {"grp"},
    "module_kobject": {"mod"},
    "kernel_symbol": {"name_offset", "value_offset"},
}
OLD: dict[str, set[str]] = {
    "taint_flag": {"c_true", "c_false", "module"},
    "page": {"index", "compound_head"},
    "xa_node": {"shift", "slots"},
    "module_notes_attrs": {"dir", "notes"},
    "module_kobject": {"mod"},
    "kernel_symbol": {"name", "value"},
}


def test_what_the_types_have_decides() -> None:
    new, old = Table(NEW, STOCK), Table(OLD, STOCK)
    know_changes(new)
    know_changes(old)
    assert old.classes == STOCK
    assert new.classes == STOCK | {change.struct: change.our_class for change in CHANGES}


def test_where_the_framework_has_caught_up_its_own_classes_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    theirs = type("Theirs", (), {})
    monkeypatch.setattr(extensions.page, "index", property(lambda page: 0), raising=False)
    monkeypatch.delattr(extensions.kernel_symbol, "_offset_to_ptr")
    table = Table(NEW, STOCK | {"taint_flag": theirs, "kobject": theirs})
    known = dict(table.classes)
    know_changes(table)
    assert table.classes == known


def test_each_class_says_since_when(request: pytest.FixtureRequest) -> None:
    folder = Path(request.config.rootpath) / "volatility3_btf/vol/extensions"
    for change in CHANGES:
        text = (folder / f"{change.our_class.__module__.rpartition('.')[2]}.py").read_text()
        assert re.search(r"\d\.\d+ (on|and later)", text)
