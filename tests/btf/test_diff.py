# SPDX-License-Identifier: Apache-2.0
"""What differs between two blobs: by example, and by what pahole prints of both."""

import lzma
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dumpmaker import cache, make
from support import pahole
from support.btfwriter import Writer
from volatility3_btf.btf import BtfError, Kind, Types
from volatility3_btf.btf.views.difference import Change, diff, subjects


def _blob(*, added: bool) -> Types:
    writer = Writer()
    integer = writer.integer("int", 4)
    wide = writer.integer("long int", 8)
    writer.struct("same", 8, [("a", integer, 0), ("b", integer, 32)])
    writer.struct("grown", 16 if added else 8, [("a", integer, 0), *([("new", wide, 64)] if added else [])])
    moved = [("a", integer, 32 if added else 0), ("b", integer, 0 if added else 32)]
    writer.struct("moved", 8, moved)
    writer.struct("retyped", 8, [("a", wide if added else writer.ptr(integer), 0)])
    writer.union("only_new" if added else "only_old", 4, [("a", integer, 0)])
    writer.struct("bits", 4, [("a", integer, 0, 4 if added else 3)])
    writer.struct("holder", 4, [("mode", writer.enum("", [("ON", 1 if added else 2)]), 0)])
    writer.struct("twice", 4, [("a", integer, 0)])
    writer.struct("twice", 8, [("a", wide, 0)])
    body = [("a", wide if added else integer, 0)]
    writer.typedef("named_t", writer.struct("", 8, body))
    writer.typedef("same_t", writer.struct("", 4, [("a", integer, 0)]))
    writer.typedef("gone_t", integer if added else writer.union("", 4, [("a", integer, 0)]))
    return Types(writer.blob())


def test_what_differs_and_in_what() -> None:
    changes = {change.name: change for change in diff(_blob(added=False), _blob(added=True))}
    assert {name: (change.what, change.old_size, change.new_size) for name, change in changes.items()} == {
        "grown": ("changed", 8, 16),
        "moved": ("changed", 8, 8),
        "retyped": ("changed", 8, 8),
        "only_old": ("removed", 4, None),
        "only_new": ("added", None, 4),
        "bits": ("changed", 4, 4),
        "holder": ("changed", 4, 4),
        "named_t": ("changed", 8, 8),
        "gone_t": ("removed", 4, None),
    }
    assert [(one.member, one.old, one.differs) for one in changes["grown"].members] == [("new", None, ())]
    assert [(one.member, one.differs) for one in changes["moved"].members] == [
        ("a", ("offset",)),
        ("b", ("offset",)),
    ]
    assert [one.differs for one in changes["retyped"].members] == [("type",)]
    assert [one.differs for one in changes["bits"].members] == [("bit_size",)]
    assert [one.differs for one in changes["holder"].members] == [("values",)]
    assert list(changes) == sorted(changes)
    assert {changes[name].kind for name in ("named_t", "gone_t")} == {"typedef"}


def test_a_blob_does_not_differ_from_itself() -> None:
    assert list(diff(_blob(added=True), _blob(added=True))) == []


def test_only_what_is_wanted_is_compared() -> None:
    changes = diff(_blob(added=False), _blob(added=True), lambda subject: subject == ("bits", Kind.STRUCT))
    assert [change.name for change in changes] == ["bits"]


def test_of_several_of_one_name_equals_are_set_aside() -> None:
    def blob(*sizes: int) -> Types:
        writer = Writer()
        for size in sizes:
            writer.struct("one", size, [("a", writer.integer(f"int{size}", size), 0)])
        return Types(writer.blob())

    changes = list(diff(blob(1, 2, 2, 4), blob(4, 2, 8, 16, 32)))
    assert [(change.what, change.old_size, change.new_size) for change in changes] == [
        ("changed", 1, 8),
        ("changed", 2, 16),
        ("added", None, 32),
    ]


def test_a_union_is_not_a_struct_with_the_same_members() -> None:
    def blob(kind: Kind) -> Types:
        writer = Writer()
        body = writer.composite(kind, "", 4, [("a", writer.integer("int", 4), 0)])
        writer.typedef("it_t", body)
        return Types(writer.blob())

    (change,) = diff(blob(Kind.STRUCT), blob(Kind.UNION))
    assert (change.name, change.what, change.members) == ("it_t", "changed", [])


def test_members_that_only_stand_in_another_order_are_named() -> None:
    def blob(*names: str) -> Types:
        writer = Writer()
        integer = writer.integer("int", 4)
        writer.union("one", 4, [(name, integer, 0) for name in names])
        return Types(writer.blob())

    (change,) = diff(blob("a", "b", "c"), blob("b", "a", "c"))
    assert [(one.member, one.differs) for one in change.members] == [("a", ("order",)), ("b", ("order",))]
    (change,) = diff(blob("a", "a"), blob("a"))
    assert [(one.member, one.new) for one in change.members] == [("a", None)]


def test_thousands_of_one_name_take_no_time() -> None:
    """Each against each would be a hundred million comparisons."""

    def blob(first: int) -> Types:
        writer = Writer()
        integer = writer.integer("int", 4)
        for number in range(10_000):
            writer.struct("one", first + number, [("a", integer, 0)])
        return Types(writer.blob())

    started = time.process_time()
    changes = list(diff(blob(100), blob(200)))
    assert time.process_time() - started < 10
    assert [(change.old_size, change.new_size) for change in changes][:2] == [(100, 10_100), (101, 10_101)]
    assert len(changes) == 100


def test_the_same_types_under_other_ids_do_not_differ() -> None:
    writer = Writer()
    writer.fwd("shifts_every_id")
    integer = writer.integer("int", 4)
    writer.struct("s", 4, [("a", integer, 0)])
    other = Writer()
    other.struct("s", 4, [("a", other.next_id + 1, 0)])
    other.integer("int", 4)
    assert list(diff(Types(writer.blob()), Types(other.blob()))) == []


Printed = dict[str, list[pahole.Block]]
"""What pahole prints of a blob, by name."""


def _agree_with_pahole(old: Path, new: Path) -> int:
    """How many structs differ, by what pahole prints and by ours; of names that stand once in each blob."""
    types = Types(old.read_bytes()), Types(new.read_bytes())
    changes = [change for change in diff(*types) if change.kind != "typedef"]
    return _agree(types, changes, pahole.blocks(old), pahole.blocks(new))


def _typedefs_agree_with_pahole(old: Path, new: Path) -> int:
    """The same of typedefs that name structs without a tag."""
    types = Types(old.read_bytes()), Types(new.read_bytes())
    changes = [change for change in diff(*types) if change.kind == "typedef"]
    return _agree(types, changes, *(_typedefs(path, of) for path, of in zip((old, new), types, strict=True)))


def _typedefs(path: Path, types: Types) -> Printed:
    names = (subject.name for subject in subjects(types) if subject.kind is Kind.TYPEDEF)
    return {name: [block] for name, block in pahole.typedefs(path, tuple(names)).items()}


def _agree(types: tuple[Types, Types], changes: list[Change], before: Printed, after: Printed) -> int:
    """How many differ by both.

    Where a member's type has another padding and all else is the same, pahole has another remark and the same
    declarations.
    """
    names = before.keys() | after.keys()
    single = {name for name in names if all(len(of.ids_named(name)) <= 1 for of in types)}
    inside = {change.name for change in changes if _is_of_padding(change)} & single
    found = {change.name for change in changes} & single
    assert found - inside == {name for name in single if _declared(before, name) != _declared(after, name)}
    assert all(_said(before, name) != _said(after, name) for name in inside)
    return len(found)


def _is_of_padding(change: Change) -> bool:
    members = [member.differs for member in change.members]
    return bool(members) and change.old_size == change.new_size and set(members) == {("padding",)}


def _declared(blocks: Printed, name: str) -> list[tuple[str, int | None, list[str]]]:
    return [(block.kind, block.size, block.declarations) for block in blocks.get(name, [])]


def _said(blocks: Printed, name: str) -> list[list[str]]:
    return [block.lines for block in blocks.get(name, [])]


def test_between_two_kernels_it_lists_what_pahole_declares_otherwise(dump: Callable[[str], Any]) -> None:
    paths = [Path(dump(name).btf) / "vmlinux" for name in ("amd64-6.1", "amd64-6.12")]
    assert _agree_with_pahole(*paths) > 1000
    assert _typedefs_agree_with_pahole(*paths) > 50


@pytest.fixture(scope="session")
def rt_blob(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The BTF of Debian's 6.1 with PREEMPT_RT, out of its compressed image."""
    kernel = make.fetch("bookworm", "amd64", "linux-image-rt-amd64", cache.root() / "packages")
    image = kernel.find("boot/vmlinuz*")
    assert image is not None
    raw = image.read_bytes()
    unpacked = lzma.LZMADecompressor().decompress(raw[raw.index(b"\xfd7zXZ\0") :])
    path = tmp_path_factory.mktemp("rt") / "vmlinux"
    path.write_bytes(_first_blob(unpacked))
    return path


def _first_blob(image: bytes) -> bytes:
    at = -1
    while (at := image.find(b"\x9f\xeb\x01\x00\x18\x00\x00\x00", at + 1)) >= 0:
        try:
            return Types(image[at:]).data
        except BtfError:
            continue
    raise AssertionError("there is no BTF in the kernel image")


def test_between_a_kernel_and_its_rt_flavour(dump: Callable[[str], Any], rt_blob: Path) -> None:
    paths = Path(dump("amd64-6.1").btf) / "vmlinux", rt_blob
    assert _agree_with_pahole(*paths) > 500
    assert _typedefs_agree_with_pahole(*paths) > 2
