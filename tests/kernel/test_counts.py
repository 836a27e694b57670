# SPDX-License-Identifier: Apache-2.0
"""What the kernel's owner takes off lists, or changes in types, while all else agrees: never `exact`."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.overlay import Overlay
from volatility3_btf.btf import BtfError, Kind, Ptr
from volatility3_btf.kernel import Kernel, address_space_of, identify_kernel
from volatility3_btf.kernel.evidence import witnesses
from volatility3_btf.kernel.rings import walk_ring
from volatility3_btf.kernel.shapes import misshapen
from volatility3_btf.kernel.structures import member_at
from volatility3_btf.memory.addresses import Virtual

GetDump = Callable[[str], Dump]


@pytest.fixture(scope="module")
def image(dump: GetDump) -> Overlay:
    return Overlay(dump("amd64-6.1").raw)


@pytest.fixture(scope="module")
def sound(image: Overlay) -> Kernel:
    kernel = identify_kernel(image)
    assert (kernel.state, misshapen(kernel.blob.types)) == ("exact", [])
    return kernel


@pytest.fixture(autouse=True)
def restored(image: Overlay) -> Iterator[None]:
    yield
    image.restore()


def point(image: Overlay, kernel: Kernel, at: int, to: int) -> None:
    """Write a pointer at a virtual address."""
    space = address_space_of(image, kernel)
    place = None if space is None else space.translate(Virtual(at))
    assert place is not None
    image.write(place, to.to_bytes(8, "little"))


def record_of(kernel: Kernel, type_id: int) -> int:
    """Where the record of a type lies in the image."""
    return (
        kernel.blob.offset
        + kernel.blob.header.type_start
        + int(kernel.blob.types.columns.record[type_id - 1])
    )


def doubts_of(image: Overlay) -> tuple[str, str]:
    kernel = identify_kernel(image)
    return kernel.state, "; ".join(kernel.doubts)


def test_an_empty_list_of_modules_is_not_all_there_is(image: Overlay, sound: Kernel) -> None:
    assert sound.symbols is not None
    head = sound.symbols.all("modules")[0]
    for at in (head, head + 8):
        point(image, sound, at, head)
    state, doubts = doubts_of(image)
    assert state == "unchecked" and "modules that have BTF are not in the list of modules" in doubts


def test_one_module_that_was_taken_off(image: Overlay, sound: Kernel) -> None:
    space = address_space_of(image, sound)
    assert sound.symbols is not None and space is not None
    ring = walk_ring(space, sound.symbols.all("modules")[0], "little", 100)
    before, after = ring.elements[3], ring.elements[5]
    point(image, sound, before, after)
    point(image, sound, after + 8, before)
    state, doubts = doubts_of(image)
    assert state == "unchecked" and doubts.startswith("1 of ")


def test_one_process_that_was_taken_off(image: Overlay, sound: Kernel) -> None:
    space, link = address_space_of(image, sound), member_at(sound.blob.types["task_struct"], "tasks")
    assert sound.symbols is not None and space is not None and link is not None
    head = Virtual(sound.symbols.all("init_task")[0] + link[0])
    ring = walk_ring(space, head, "little", 1000)
    before, after = ring.elements[-3], ring.elements[-1]
    point(image, sound, before, after)
    point(image, sound, after + 8, before)
    state, doubts = doubts_of(image)
    assert state == "unchecked" and "and the kernel counts" in doubts


@pytest.mark.parametrize(
    ("struct", "member", "now"),
    [("task_struct", "pid", "char"), ("module", "name", "int"), ("task_struct", "tasks", "int")],
)
def test_a_member_of_another_type(image: Overlay, sound: Kernel, struct: str, member: str, now: str) -> None:
    types = sound.blob.types
    found, other = types[struct], types.find(now, Kind.INT)
    assert other is not None
    index = [one.name for one in found.members].index(member)
    at = record_of(sound, found.id) + 12 + 12 * index + 4
    image.write(at, other.id.to_bytes(4, "little"))
    state, doubts = doubts_of(image)
    assert state == "unchecked" and f"{struct}.{member}" in doubts


def test_a_pointer_to_another_structure(image: Overlay, sound: Kernel) -> None:
    pointer = sound.blob.types["task_struct"]["real_parent"].type.strip()
    assert isinstance(pointer, Ptr)
    image.write(record_of(sound, pointer.id) + 8, sound.blob.types["cred"].id.to_bytes(4, "little"))
    state, doubts = doubts_of(image)
    assert state == "unchecked" and "real_parent" in doubts


def test_an_integer_of_another_size(image: Overlay, sound: Kernel) -> None:
    integer = sound.blob.types.find("int", Kind.INT)
    assert integer is not None
    image.write(record_of(sound, integer.id) + 8, (1).to_bytes(4, "little"))
    state, doubts = doubts_of(image)
    assert state != "exact" and "int" in doubts


def test_a_witness_that_cannot_read_the_types_silences_no_other(
    image: Overlay, sound: Kernel, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(_: object) -> Iterator[witnesses.Testimony]:
        raise BtfError("a chain of types does not end")
        yield

    monkeypatch.setattr(witnesses, "_WITNESSES", (broken, *witnesses._WITNESSES))
    said = witnesses.ask(image, sound, address_space_of(image, sound))
    assert [one.verdict for one in said].count("unreadable") == 1
    assert "tasks" in {one.witness for one in said}
