# SPDX-License-Identifier: Apache-2.0
"""Types and symbols held against memory: what was exchanged is contradicted, what cannot be read is not."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from dumpmaker.cache import Dump
from support.exchanging import exchange_members
from support.overlay import Overlay
from volatility3_btf.kernel import Kernel, identify_kernel
from volatility3_btf.kernel.address_space import AddressSpace, address_space_of
from volatility3_btf.kernel.evidence import witnesses
from volatility3_btf.kernel.evidence.source_order import out_of_order
from volatility3_btf.kernel.evidence.witnesses import ask
from volatility3_btf.kernel.structures import Record, member_at, struct_of

GetDump = Callable[[str], Dump]
X86 = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "amd64-6.12-la57")


@pytest.fixture(scope="module", params=["amd64-6.1", "amd64-7"])
def image(request: pytest.FixtureRequest, dump: GetDump) -> Overlay:
    return Overlay(dump(request.param).raw)


@pytest.fixture(scope="module")
def sound(image: Overlay) -> Kernel:
    return identify_kernel(image)


@pytest.fixture(autouse=True)
def restored(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "image" in request.fixturenames:
        request.getfixturevalue("image").restore()


def space_of(image: Overlay, kernel: Kernel) -> AddressSpace:
    space = address_space_of(image, kernel)
    assert space is not None
    return space


def place_of_task(image: Overlay, kernel: Kernel, number: int) -> int:
    """Where a task's structure lies: the n-th behind init_task."""
    space, composite = space_of(image, kernel), struct_of(kernel.blob.types, "task_struct")
    assert composite is not None and kernel.symbols is not None
    at = (kernel.symbols.get("init_task") or 0) + (member_at(composite, "tasks") or (0, 0))[0]
    for _ in range(number):
        at = space.pointer(at, "little") or 0
    place = space.translate(at - (member_at(composite, "tasks") or (0, 0))[0])
    assert place is not None
    return place


@pytest.mark.parametrize("name", [*X86, "arm64-6.12", "s390x-6.12"])
def test_an_honest_kernel_contradicts_nothing(dump: GetDump, name: str) -> None:
    image = Overlay(dump(name).raw)
    kernel = identify_kernel(image)
    said = ask(image, kernel, address_space_of(image, kernel))
    assert {testimony.verdict for testimony in said} == {"agrees"}
    with_types = ["btf_modules"] if kernel.symbols is not None and "btf_modules" in kernel.symbols else []
    assert {testimony.witness for testimony in said} == {
        *("init_task", "tasks", "nr_threads", "init_mm", "modules", "init_uts_ns", "order", *with_types)
    }
    assert kernel.state == "exact"
    assert {testimony.sentence for testimony in said} <= set(kernel.evidence)


@pytest.mark.parametrize(
    ("struct_name", "one", "other"),
    [
        ("task_struct", "pid", "tgid"),
        ("task_struct", "mm", "active_mm"),
        ("task_struct", "real_parent", "parent"),
        ("task_struct", "parent", "group_leader"),
        ("task_struct", "tasks", "children"),
        ("task_struct", "children", "sibling"),
        ("task_struct", "files", "fs"),
        ("task_struct", "prio", "static_prio"),
        ("task_struct", "utime", "stime"),
        ("task_struct", "cred", "real_cred"),
        ("task_struct", "start_time", "start_boottime"),
        ("task_struct", "nsproxy", "signal"),
        ("mm_struct", "arg_start", "env_start"),
        ("mm_struct", "start_code", "end_code"),
        ("cred", "uid", "euid"),
        ("vm_area_struct", "vm_start", "vm_end"),
        ("list_head", "next", "prev"),
    ],
)
def test_exchanged_members(image: Overlay, sound: Kernel, struct_name: str, one: str, other: str) -> None:
    exchange_members(image, sound, struct_name, one, other)
    kernel = identify_kernel(image)
    assert kernel.state != "exact"
    assert kernel.doubts


def test_a_task_whose_neighbour_does_not_point_back(image: Overlay, sound: Kernel) -> None:
    composite = struct_of(sound.blob.types, "task_struct")
    assert composite is not None
    prev = place_of_task(image, sound, 5) + (member_at(composite, "tasks.prev") or (0, 0))[0]
    image.write(prev, bytes(8))
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert any("list of tasks is broken behind its first 4" in doubt for doubt in kernel.doubts)


def test_a_task_that_is_not_in_the_image(image: Overlay, sound: Kernel) -> None:
    image.remove([place_of_task(image, sound, 7) // 4096, place_of_task(image, sound, 7) // 4096 + 1])
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert any("the list of tasks ends after" in doubt for doubt in kernel.doubts)


def test_another_release_in_init_uts_ns(image: Overlay, sound: Kernel) -> None:
    names = struct_of(sound.blob.types, "uts_namespace")
    place = sound.find("init_uts_ns")
    assert names is not None and place is not None and sound.release is not None
    release = place + (member_at(names, "name.release") or (0, 0))[0]
    image.write(release, b"9" + sound.release[1:].encode())
    kernel = identify_kernel(image)
    assert kernel.state == "unchecked"
    assert any("the release in init_uts_ns is '9" in doubt for doubt in kernel.doubts)


def test_what_cannot_be_read_is_no_contradiction(image: Overlay, sound: Kernel) -> None:
    place = sound.find("init_task")
    assert place is not None
    image.remove(range(place // 4096, place // 4096 + 4))
    said = {testimony.witness: testimony for testimony in ask(image, sound, address_space_of(image, sound))}
    assert said["init_task"] == witnesses.Testimony("init_task", "unreadable", "init_task cannot be read")
    assert said["tasks"].verdict == "unreadable"
    assert not [testimony for testimony in said.values() if testimony.verdict == "contradicts"]


def test_without_page_tables_what_lies_in_the_kernel_image_still_speaks(
    image: Overlay, sound: Kernel
) -> None:
    said = {testimony.witness: testimony.verdict for testimony in ask(image, sound, None)}
    assert said["init_task"] == said["init_mm"] == said["init_uts_ns"] == "agrees"
    assert said["tasks"] == said["modules"] == "unreadable"


def test_the_order_of_members_is_that_of_the_sources(dump: GetDump) -> None:
    for name in (*X86, "arm64-6.1", "arm64-6.12", "s390x-6.12"):
        types = identify_kernel(Overlay(dump(name).raw)).blob.types
        assert out_of_order(types) == {}


def test_a_record_of_the_first_task(image: Overlay, sound: Kernel) -> None:
    place = sound.find("init_task")
    assert place is not None
    first = Record.read(image, sound.blob.types, "task_struct", place)
    assert first is not None and (first.text("comm") or b"").startswith(b"swapper")
