# SPDX-License-Identifier: Apache-2.0
"""The C declarations of kernel globals: how the file is read, and which names a declaration is for."""

from __future__ import annotations

from pathlib import Path

import pytest

import volatility3_btf.isf.declarations as module
from volatility3_btf.isf.declarations import (
    Array,
    Base,
    Declaration,
    Declarations,
    Function,
    Named,
    Pointer,
    Unnamed,
)

INT, LIST = Base("int"), Named("struct", "list_head")


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("int x;", INT),
        ("unsigned long x;", Base("long unsigned int")),
        ("long unsigned int x;", Base("long unsigned int")),
        ("unsigned long long x;", Base("long long unsigned int")),
        ("unsigned short x;", Base("short unsigned int")),
        ("signed char x;", Base("signed char")),
        ("_Bool x;", Base("_Bool")),
        ("void *x;", Pointer(Base("void"))),
        ("struct list_head x;", LIST),
        ("union foo *x;", Pointer(Named("union", "foo"))),
        ("enum foo x;", Named("enum", "foo")),
        ("atomic_t x;", Named("typedef", "atomic_t")),
        ("struct list_head x[4];", Array(LIST, 4)),
        ("struct list_head x[];", Array(LIST, None)),
        ("u64 x[7][3];", Array(Array(Named("typedef", "u64"), 3), 7)),
        ("char *x[0x10];", Array(Pointer(Base("char")), 16)),
        ("int (*x)();", Pointer(Function())),
        ("void (*x[3])();", Array(Pointer(Function()), 3)),
        ("int (*x)[3];", Pointer(Array(INT, 3))),
        ("struct { struct list_head a; int *b; } x;", Unnamed("struct", (("a", LIST), ("b", Pointer(INT))))),
    ],
)
def test_a_declaration_is_read_as_c(text: str, expected: object) -> None:
    assert Declarations(text).declared("x") == (expected,)


def test_one_statement_declares_several_symbols() -> None:
    declarations = Declarations("/* lists */ struct list_head a, *b,\n    c[2]; // three")
    assert declarations.declared("a") == (LIST,)
    assert declarations.declared("b") == (Pointer(LIST),)
    assert declarations.declared("c") == (Array(LIST, 2),)


def test_alternatives_keep_the_order_of_the_file() -> None:
    declarations = Declarations("struct new x; int y; struct old x;")
    assert declarations.declared("x") == (Named("struct", "new"), Named("struct", "old"))


def test_a_family_is_known_by_what_is_around_the_dollar_sign() -> None:
    declarations = Declarations("int __one_$, $_two, thr$ee; char $_long_two;")
    names = ["__one_x", "__one_", "__on", "x_two", "two", "a_long_two", "three", "thr_ee", "thre", "thr"]
    families = {names[index]: found.family for index, found in declarations.match(names).items()}
    assert families == {
        "__one_x": "__one_$",
        "__one_": "__one_$",
        "x_two": "$_two",
        "a_long_two": "$_two",  # declared before the longer suffix
        "three": "thr$ee",
        "thr_ee": "thr$ee",
    }


def test_the_symbols_own_declaration_goes_before_a_familys() -> None:
    declarations = Declarations("int abc_$; char abc_own; void abc_none;")
    assert declarations.declared("abc_own") == (Base("char"),)
    assert declarations.declared("abc_none") == ()
    assert declarations.declared("abc_other") == (INT,)


def test_void_leaves_a_whole_family_out() -> None:
    declarations = Declarations("void print_$; int $_count;")
    assert declarations.declared("print_count") == ()
    assert declarations.declared("my_count") == (INT,)


def test_a_compilers_number_belongs_to_no_name_and_only_families_apply() -> None:
    declarations = Declarations("int _rs$; char own;")
    assert declarations.declared("_rs.5") == (INT,)
    assert declarations.declared("own.5") == ()


def test_matching_tells_families_from_single_symbols() -> None:
    found = Declarations("int a; int fam_$;").match(["a", "b", "fam_x"])
    assert found == {0: Declaration((INT,)), 2: Declaration((INT,), "fam_$")}


@pytest.mark.parametrize(
    "text", ["int", "int x", "struct a { int b; }", "int ab$; ", "int $x;", "int x; %;", "int [3];"]
)
def test_what_breaks_the_rules_of_the_file_is_refused(text: str) -> None:
    with pytest.raises(ValueError):
        Declarations(text)


def test_the_file_itself_reads_whole() -> None:
    declarations = Declarations.load()
    text = Path(module.__file__).with_name("declarations.c").read_text()
    names = [name for name in module._NAME.findall(module._COMMENT.sub(" ", text)) if "$" not in name]
    found = declarations.match(names)
    assert len(found) > 5000
    assert all(declaration.types for declaration in found.values())


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("init_task", Named("struct", "task_struct")),
        ("module_kset", Pointer(Named("struct", "kset"))),
        ("cap_last_cap", INT),
        ("vmemmap_base", Base("long unsigned int")),
        ("__tracepoint_sched_switch", Named("struct", "tracepoint")),
        ("event_sched_switch", Named("struct", "trace_event_call")),
        ("__event_sched_switch", Pointer(Named("struct", "trace_event_call"))),
        ("event_class_sched_switch", Named("struct", "trace_event_class")),
        ("__SCK__might_resched", Named("struct", "static_call_key")),
        ("__p_syscall_meta__openat", Pointer(Named("struct", "syscall_metadata"))),
        ("proc_reg_file_ops", Named("struct", "file_operations")),
        ("tcp4_seq_ops", Named("struct", "seq_operations")),
    ],
)
def test_the_type_of_a_well_known_symbol(name: str, expected: object) -> None:
    assert Declarations.load().declared(name)[0] == expected
