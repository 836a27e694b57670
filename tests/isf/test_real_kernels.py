# SPDX-License-Identifier: Apache-2.0
"""Symbol tables of real kernels, beside what the guest said of itself."""

from __future__ import annotations

import base64
from collections.abc import Callable
from dataclasses import replace
from functools import cache

import pytest

from dumpmaker.cache import Dump
from volatility3_btf import build_isf, identify_kernel, open_memory
from volatility3_btf.isf import Document, SymbolEntries, TypeEntries
from volatility3_btf.isf.types import MANDATORY
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.stored import CompactError, pack_kernel, unpack_kernel

KERNELS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12")
MASK = (1 << 64) - 1

Made = tuple[Kernel, Document]


@cache
def made(dump: Dump) -> Made:
    kernel = identify_kernel(open_memory(dump.raw))
    return kernel, build_isf(kernel)


@pytest.fixture(params=KERNELS)
def guest(request: pytest.FixtureRequest, dump: Callable[[str], Dump]) -> Dump:
    return dump(request.param)


def guest_symbols(guest: Dump) -> list[tuple[int, str, str]]:
    """The guest's own /proc/kallsyms without what modules added."""
    lines = (line.split() for line in guest.kallsyms.read_text().splitlines())
    return [(int(words[0], 16), words[1], words[2]) for words in lines if len(words) == 3]


def test_the_kernel_is_told_exactly(guest: Dump) -> None:
    kernel, _ = made(guest)
    assert kernel.state == "exact"
    assert kernel.release == guest.truth["release"]
    assert kernel.banner is not None
    assert kernel.banner.decode().rstrip("\n\0") == guest.truth["version"].rstrip()


def test_the_symbols_are_the_guests_own(guest: Dump) -> None:
    kernel, _ = made(guest)
    assert kernel.symbols is not None
    assert list(kernel.symbols) == guest_symbols(guest)


def test_the_table_has_link_time_addresses_the_lowest_of_each_name(guest: Dump) -> None:
    kernel, document = made(guest)
    shift = kernel.kaslr_shift
    assert shift is not None
    lowest: dict[str, int] = {}
    for address, _, name in guest_symbols(guest):
        moved = address if kernel.architecture == "x86-64" and address < 1 << 32 else address - shift & MASK
        lowest[name] = min(moved, lowest.get(name, MASK))
    table = {name: entry["address"] for name, entry in document.content["symbols"].items()}
    assert {name: table[name] for name in lowest} == lowest
    extra = set(table) - set(lowest)
    assert all(name.startswith("kallsyms_") or name == "tk_core" for name in extra), extra


def test_the_banner_is_what_volatility_compares(guest: Dump) -> None:
    kernel, document = made(guest)
    entry = document.content["symbols"]["linux_banner"]
    assert base64.b64decode(entry["constant_data"]) == kernel.banner
    assert entry["type"]["count"] == len(kernel.banner or b"")


def test_every_reference_has_a_target(guest: Dump) -> None:
    _, document = made(guest)
    content = document.content
    kernel_types, enums, bases = content["user_types"], content["enums"], content["base_types"]
    assert set(MANDATORY) <= set(kernel_types)
    dangling = set()
    todo = [field["type"] for entry in kernel_types.values() for field in entry["fields"].values()]
    todo += [entry["type"] for entry in content["symbols"].values()]
    for descriptor in todo:
        while "subtype" in descriptor or "type" in descriptor:
            descriptor = descriptor.get("subtype") or descriptor["type"]
        kind, name = descriptor["kind"], descriptor.get("name")
        if kind == "base":
            assert name in bases
        elif kind == "enum":
            assert name in enums
        elif kind in ("struct", "union") and name not in kernel_types:
            dangling.add(name)
    assert "task_struct" not in dangling
    declared_only = {fwd.name for fwd in made(guest)[0].blob.types if type(fwd).__name__ == "Fwd"}
    assert dangling <= declared_only
    assert all(entry["base"] in bases for entry in enums.values())


def test_asking_for_one_symbol_gives_what_the_whole_table_has(guest: Dump) -> None:
    kernel, document = made(guest)
    one_by_one = SymbolEntries(kernel, TypeEntries(kernel.blob.types))
    table = document.content["symbols"]
    every_20th = [*list(table)[::20], "init_task", "taint_flags", "runqueues", "tk_core", "linux_banner"]
    assert {name: one_by_one[name] for name in every_20th} == {name: table[name] for name in every_20th}


def test_the_same_image_gives_the_same_bytes(guest: Dump) -> None:
    _, document = made(guest)
    again = build_isf(identify_kernel(open_memory(guest.elf)))
    assert again.to_bytes("gz") == document.to_bytes("gz")
    assert again.file_name() == document.file_name()


def test_a_kept_kernel_gives_the_same_table(guest: Dump) -> None:
    kernel, document = made(guest)
    kept = pack_kernel(kernel)
    assert build_isf(unpack_kernel(kept)).content == document.content
    assert pack_kernel(unpack_kernel(kept)) == kept
    for position in range(0, len(kept), len(kept) // 9):
        damaged = bytearray(kept)
        damaged[position] ^= 1
        with pytest.raises(CompactError):
            unpack_kernel(bytes(damaged))
    with pytest.raises(CompactError):
        unpack_kernel(kept[:-1])


@pytest.mark.parametrize(
    ("name", "flags"), [("amd64-5.10", 18), ("amd64-6.1", 19), ("amd64-6.12", 19), ("amd64-7", 20)]
)
def test_what_volatility_reads_first_has_its_type(name: str, flags: int, dump: Callable[[str], Dump]) -> None:
    table = made(dump(name))[1].content["symbols"]
    assert table["init_task"]["type"] == {"kind": "struct", "name": "task_struct"}
    assert table["mod_tree"]["type"] == {"kind": "struct", "name": "mod_tree_root"}
    assert table["module_kset"]["type"]["subtype"] == {"kind": "struct", "name": "kset"}
    assert table["prb"]["type"]["subtype"] == {"kind": "struct", "name": "printk_ringbuffer"}
    assert table["taint_flags"]["type"]["count"] == flags
    assert table["kallsyms_num_syms"]["type"] == {"kind": "base", "name": "unsigned int"}
    assert table["cap_last_cap"]["type"] == {"kind": "base", "name": "int"}
    times = table["tk_core"]["type"]["name"]
    assert "timekeeper" in made(dump(name))[1].content["user_types"][times]["fields"]


def test_where_kallsyms_has_words_of_8_bytes_its_symbols_say_so(dump: Callable[[str], Dump]) -> None:
    """Kernels up to 4.19; plugins take the width of a marker from there."""
    kernel, _ = made(dump("amd64-5.10"))
    assert kernel.symbols is not None and kernel.symbols.word == 4
    old = replace(kernel, symbols=replace(kernel.symbols, word=8))
    table = build_isf(old).content["symbols"]
    wide = {"kind": "base", "name": "long unsigned int"}
    assert table["kallsyms_num_syms"]["type"] == wide
    assert table["kallsyms_markers"]["type"] == {"kind": "array", "count": 0, "subtype": wide}
    one_by_one = SymbolEntries(unpack_kernel(pack_kernel(old)), TypeEntries(old.blob.types))
    assert one_by_one["kallsyms_num_syms"] == table["kallsyms_num_syms"]
