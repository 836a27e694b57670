# SPDX-License-Identifier: Apache-2.0
"""What somebody may have meant by a name that nothing has."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from support.btfwriter import Writer
from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.views.hints import LONGEST, hint

TYPES = (Kind.STRUCT, Kind.UNION, Kind.ENUM, Kind.ENUM64, Kind.TYPEDEF, Kind.INT, Kind.FWD)


@pytest.fixture(scope="module")
def kernel(dump: Callable[[str], Dump]) -> Types:
    return Types((dump("amd64-6.12").btf / "vmlinux").read_bytes())


@pytest.mark.parametrize(
    ("name", "told"),
    [
        ("schedule", "there is a function of this name: --functions --type schedule"),
        ("runqueues", "there is a variable of this name"),
        ("Task_Struct", "similar names: task_struct"),
        ("task_strct", "similar names: task_struct"),
        ("struct task_strct", "similar names: task_struct"),
        ("cred,mm_struct", "several names stand side by side, with spaces: cred mm_struct"),
        ("", ""),
        ("*", ""),
        ("nothing_of_the_sort_at_all", ""),
        ("x" * 10_000, ""),
    ],
)
def test_a_name_that_is_no_types(kernel: Types, name: str, told: str) -> None:
    found = hint(kernel, name, TYPES)
    assert found.startswith(told) and bool(found) == bool(told)
    assert len(found) < 200


@pytest.mark.parametrize(
    ("name", "struct", "member"),
    [
        ("task_struct.comm", "task_struct", "comm"),
        ("struct task_struct.comm", "task_struct", "comm"),
        ("task_struct->mm->pgd", "mm_struct", "pgd"),
        ("task_struct.cred.uid", "cred", "uid"),
    ],
)
def test_a_member(kernel: Types, name: str, struct: str, member: str) -> None:
    offset = kernel[struct][member].offset  # type: ignore[index]
    told = hint(kernel, name, TYPES)
    assert told.startswith("it is a member, ")
    assert told.endswith(f"at offset {offset} of what --type {struct} shows")


def test_a_name_that_is_no_functions(kernel: Types) -> None:
    assert hint(kernel, "task_struct", [Kind.FUNC]) == "there is a type of this name: leave --functions out"
    assert "commit_creds" in hint(kernel, "comit_creds", [Kind.FUNC])


def test_what_a_module_has_is_near_too() -> None:
    kernel = Writer()
    kernel.struct("kernel_thing", 8, [])
    module = Writer(base=kernel)
    module.struct("module_thing", 8, [])
    types = Types(module.blob(), Types(kernel.blob()))
    assert hint(types, "Kernel_Thing", TYPES) == "similar names: kernel_thing"
    assert hint(types, "Module_Thing", TYPES) == "similar names: module_thing"


def test_names_that_are_hostile_cost_little() -> None:
    writer = Writer()
    number = writer.integer("int", 4)
    for index in range(20_000):
        writer.typedef("a" * (LONGEST - 8) + f"{index:08}", number)
    writer.typedef("loop", writer.next_id)
    writer.struct("x" * 5_000, 4, [("\x1b[31m", number, 0)])
    types = Types(writer.blob())
    assert hint(types, "a" * (LONGEST - 8) + "b" * 8, TYPES).count("aaa") < 100
    assert hint(types, "loop.a", TYPES) == "similar names: loop"
    assert hint(types, "x" * 5_001, TYPES) == ""
