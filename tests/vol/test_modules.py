# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Modules' types: as ISF on top of the kernel's, and laid over memory as the documentation shows it."""

from __future__ import annotations

import json
import lzma
import re
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from volatility3 import schemas

from dumpmaker.cache import Dump
from support.checkout import CHECKOUT
from support.volrunner import Vol
from volatility3_btf.btf import BtfError, Composite, Kind, Types
from volatility3_btf.isf.module_types import ModuleEntries
from volatility3_btf.isf.types import TypeEntries

GetDump = Callable[[str], Dump]
Entry = dict[str, Any]

KERNELS = ("amd64-6.1", "amd64-7", "s390x-6.12")
ONE = "amd64-6.1"
COMPOSITES = ("struct", "union")


@cache
def kernel_entries(folder: Path) -> TypeEntries:
    return TypeEntries(Types((folder / "vmlinux").read_bytes()))


def module_entries(dump: Dump, name: str) -> ModuleEntries:
    kernel = kernel_entries(dump.btf)
    return ModuleEntries(Types((dump.btf / name).read_bytes(), base=kernel.types), kernel)


def descriptors(content: dict[str, Any]) -> Iterator[Entry]:
    """Every descriptor in a document, those inside others too."""
    waiting = [
        field["type"] for entry in content["user_types"].values() for field in entry["fields"].values()
    ]
    while waiting:
        entry = waiting.pop()
        yield entry
        waiting += [entry[part] for part in ("subtype", "type") if part in entry]


@pytest.mark.parametrize("name", KERNELS)
@pytest.mark.parametrize("module", ["nf_tables", "virtio_net", "ext4", "bridge"])
def test_every_struct_of_a_module_is_there(dump: GetDump, name: str, module: str) -> None:
    entries = module_entries(dump(name), module)
    content = entries.content()
    structs = [found for found in entries.types.of_kind(Kind.STRUCT, Kind.UNION) if found.name]
    assert len(structs) > 3
    for found in structs:
        assert isinstance(found, Composite)
        same = [
            entry for known, entry in content["user_types"].items() if known.split("___")[0] == found.name
        ]
        assert found.size in {entry["size"] for entry in same}
        members = {member.name for member in found.members if member.name}
        assert any(members <= set(entry["fields"]) for entry in same)


@pytest.mark.parametrize("name", KERNELS)
def test_every_reference_ends_at_a_type(dump: GetDump, name: str) -> None:
    """At one of the module's own, at one of the kernel's, or at one that nobody defines."""
    kernel = kernel_entries(dump(name).btf)
    declared = {found.name for found in kernel.types.of_kind(Kind.FWD)}
    for module in sorted(set(dump(name).truth["btf"]) - {"vmlinux"}):
        entries = module_entries(dump(name), module)
        content = entries.content()
        declared_here = declared | {found.name for found in entries.types.of_kind(Kind.FWD)}
        for entry in descriptors(content):
            if entry["kind"] in COMPOSITES:
                table, bang, inner = entry["name"].rpartition("!")
                known = kernel.user_types if bang else content["user_types"]
                assert inner in known or inner in declared_here, (module, entry)
                assert table in ("", "vmlinux")
            elif entry["kind"] == "enum":
                assert entry["name"] in content["enums"], (module, entry)
            elif entry["kind"] == "base":
                assert entry["name"] in content["base_types"], (module, entry)


@pytest.mark.parametrize("name", KERNELS)
def test_a_member_that_the_kernel_defines_is_the_kernels(dump: GetDump, name: str) -> None:
    """In 7.x modules bring many of the kernel's types once more."""
    chain = module_entries(dump(name), "nf_tables").content()["user_types"]["nft_chain"]["fields"]
    assert chain["list"]["type"] == {"kind": "struct", "name": "vmlinux!list_head"}
    assert chain["table"]["type"] == {"kind": "pointer", "subtype": {"kind": "struct", "name": "nft_table"}}


@pytest.mark.parametrize("name", KERNELS)
def test_what_an_anonymous_member_lifts_out_is_in_the_same_table(dump: GetDump, name: str) -> None:
    for module in ("ext4", "btrfs", "overlay"):
        content = module_entries(dump(name), module).content()
        fields = [field for entry in content["user_types"].values() for field in entry["fields"].values()]
        for field in fields:
            if field.get("anonymous"):
                assert field["type"]["name"] in content["user_types"]


def test_a_blob_that_is_no_modules_is_refused(dump: GetDump) -> None:
    with pytest.raises(BtfError, match="no module"):
        ModuleEntries(kernel_entries(dump(ONE).btf).types)


# --- files ---


@pytest.fixture(scope="module")
def files(session_vol: Vol, dump: GetDump) -> tuple[list[dict[str, Any]], Path]:
    """The rows of `linux.btfisf --modules`, and the folder it wrote into."""
    run = session_vol("linux.btfisf", "--modules", image=dump(ONE).raw)
    return run.rows, run.output


def test_one_file_a_module(files: tuple[list[dict[str, Any]], Path], dump: GetDump) -> None:
    (kernel,), folder = files
    names = [row["Release"].split()[1] for row in kernel["__children"]]
    assert sorted(names) == sorted(set(dump(ONE).truth["btf"]) - {"vmlinux"})
    for row, name in zip(kernel["__children"], names, strict=True):
        sha256 = dump(ONE).truth["btf"][name]["sha256"]
        assert row["File output"] == f"{name}-{dump(ONE).truth['release']}-{sha256[:12]}.json.xz"
        assert (folder / row["File output"]).stat().st_size > 100


def test_the_files_are_valid(files: tuple[list[dict[str, Any]], Path]) -> None:
    (kernel,), folder = files
    schema = json.loads((Path(schemas.__file__).parent / "schema-6.2.0.json").read_text())
    check = jsonschema.Draft7Validator(schema)
    for row in kernel["__children"][::4]:
        check.validate(json.loads(lzma.decompress((folder / row["File output"]).read_bytes())))


# --- over memory ---


def run_script(vol: Vol, dump: Dump, folder: Path, script: str) -> str:
    path = folder / "script.py"
    path.write_text(script)
    options = ("-q", "-l", "--script", path.as_uri(), "--script-only")
    return vol(*options, image=dump.raw, renderer=None, tool="volshell").stdout


def documented(start: str) -> str:
    """The Python example of docs/modules.md that starts so."""
    blocks = re.findall(r"```python\n(.*?)```", (CHECKOUT / "docs/modules.md").read_text(), re.DOTALL)
    (block,) = (block for block in blocks if block.startswith(start))
    return block


@pytest.mark.parametrize("name", [ONE, "amd64-7"])
def test_a_modules_own_structure_at_a_real_address(
    vol: Vol, dump: GetDump, tmp_path: Path, name: str
) -> None:
    """QEMU gives its second card the second address."""
    script = documented("from volatility3.framework.objects")
    shown = run_script(vol, dump(name), tmp_path, script)
    assert re.search(r"^(eth|ens?|enp)\w* 0x[0-9a-f]+ 52:54:00:12:34:57$", shown, re.MULTILINE)
    assert re.search(r"netdev +\*symbol_table_name1!net_device", shown)
    assert re.search(r"hw +e1000!e1000_hw", shown)


def test_a_file_serves_with_the_frameworks_own_table(
    files: tuple[list[dict[str, Any]], Path], vol: Vol, dump: GetDump, tmp_path: Path
) -> None:
    (kernel,), folder = files
    (name,) = (row["File output"] for row in kernel["__children"] if " nf_tables" in row["Release"])
    script = documented("from volatility3.framework.symbols import intermed")
    script = re.sub(r'url = ".*"', f'url = "{(folder / name).as_uri()}"', script)
    script += """
chain = self.context.symbol_space.get_type("nf_tables!nft_chain")
kernel = self.context.modules[self.config["kernel"]]
place = kernel.get_symbol("init_task").address + kernel.offset
members = self.context.object("nf_tables!nft_chain", self.current_layer, place).list
from volatility3.framework.symbols.linux.extensions import list_head
print("LIST", chain.child_template("list").vol.type_name, isinstance(members, list_head))
"""
    shown = run_script(vol, dump(ONE), tmp_path, script)
    assert "LIST symbol_table_name1!list_head True" in shown


def test_several_modules_and_none(vol: Vol, dump: GetDump, tmp_path: Path) -> None:
    script = """
from volatility3.framework import exceptions
from volatility3_btf.vol import ModuleTypes
modules = ModuleTypes(self.context, self.config["kernel"])
print("NAMES", *modules.names)
print("TABLES", modules.add("nf_tables"), modules.add("nf_conntrack"), modules.add("nf-tables"))
try:
    modules.add("nothing")
except exceptions.VolatilityException as error:
    print("ERROR", error)
"""
    shown = run_script(vol, dump(ONE), tmp_path, script)
    (names,) = re.findall(r"NAMES (.*)", shown)
    assert sorted(names.split()) == sorted(set(dump(ONE).truth["btf"]) - {"vmlinux"})
    assert "TABLES nf_tables nf_conntrack nf_tables" in shown
    assert "ERROR the image holds no BTF of a loaded module nothing" in shown
