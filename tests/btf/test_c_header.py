# SPDX-License-Identifier: Apache-2.0
"""Headers that compilers lay out as the images have it."""

import re
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support import bpftool
from support.btfwriter import Writer, every_kind
from support.kernels import KERNELS, compilers
from volatility3_btf.btf import Kind, Types
from volatility3_btf.btf.c.assertions import Assertion
from volatility3_btf.btf.c.header import CHeader, c_header


def _compile(compiler: list[str], header: str, assertions: list[Assertion], folder: Path) -> list[Assertion]:
    """Compile a header and what must hold of it; those assertions that do not.

    Anything else that the compiler objects to fails the test, warnings included.
    """
    (folder / "types.h").write_text(header)
    (folder / "check.c").write_text("\n".join(['#include "types.h"', *map(str, assertions), ""]))
    command = [*compiler, "-std=gnu11", "-Werror", "-fsyntax-only", "check.c"]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    lines = re.findall(r"^check\.c:(\d+):\d+: ", done.stderr, re.MULTILINE)
    failed = [assertions[number - 2] for number in sorted(set(map(int, lines)))]
    assert (done.returncode != 0) == bool(failed), done.stderr
    assert "types.h:" not in done.stderr, done.stderr
    return failed


def _check(header: CHeader, folder: Path) -> None:
    for compiler in (["clang"], ["gcc", "-Wno-packed-bitfield-compat"]):
        assert _compile(compiler, header.text, header.assertions, folder) == []


@pytest.mark.parametrize("name", KERNELS)
def test_a_kernels_header_compiles_to_its_layout(
    name: str, dump: Callable[[str], Any], tmp_path: Path
) -> None:
    path = Path(dump(name).btf) / "vmlinux"
    types = Types(path.read_bytes())
    header = c_header(types)
    composites = [found for found in types.of_kind(Kind.STRUCT, Kind.UNION) if found.name]
    sized = {item.subject for item in header.assertions if not item.path}
    assert len(header.assertions) > 50_000
    assert len(sized) >= len(composites)
    for compiler in compilers(name):
        assert _compile(compiler, header.text, header.assertions, tmp_path) == []
    assert len(header.inexpressible) <= len(_bpftool_fails(path, header, compilers(name)[0], tmp_path))


def _bpftool_fails(path: Path, header: CHeader, compiler: list[str], folder: Path) -> set[str]:
    """Types that bpftool's header for the same blob gets wrong, of those that it names as we do."""
    text = bpftool.run(path, "c")
    known = set(re.findall(r"^((?:struct|union) \w+) \{", text, re.MULTILINE))
    known -= {name for name in known if "___" in name}
    assertions = [item for item in header.assertions if item.subject in known]
    assert len(assertions) > 40_000
    return {item.subject for item in _compile([*compiler, "-w"], text, assertions, folder)}


def test_assertions_can_fail(tmp_path: Path) -> None:
    header = c_header(Types(every_kind("little").blob()))
    wrong = [replace(item, value=item.value + 1) for item in header.assertions]
    assert len(wrong) == 4
    for compiler in (["clang"], ["gcc"]):
        assert _compile(compiler, header.text, wrong, tmp_path) == wrong
        assert _compile(compiler, header.text, [*wrong[:2], *header.assertions], tmp_path) == wrong[:2]


@pytest.mark.parametrize("endian", ["little", "big"])
def test_every_kind(endian: Any, tmp_path: Path) -> None:
    header = c_header(Types(every_kind(endian).blob()), "title */ int x; /*")
    assert "struct task_struct {" in header.text
    _check(header, tmp_path)


def test_a_module_and_its_kernel_are_one_header(tmp_path: Path) -> None:
    kernel = every_kind("little")
    writer = Writer("little", kernel)
    writer.struct("module_state", 64, [("task", 8, 0), ("comm", 5, 256)])
    header = c_header(Types(writer.blob(), Types(kernel.blob())))
    assert "struct task_struct task;" in header.text
    _check(header, tmp_path)


def test_packed_holes_and_padding(tmp_path: Path) -> None:
    writer = Writer()
    char = writer.integer("char", 1, encoding=2)
    word = writer.integer("long unsigned int", 8)
    inner = writer.struct("unaligned", 9, [("a", char, 0), ("b", word, 8)])
    writer.struct("holds_it", 24, [("c", word, 0), ("d", inner, 64)])
    writer.struct("spread", 192, [("a", char, 0), ("b", word, 512), ("c", char, 1024)])
    writer.struct("empty", 0, [])
    writer.struct("only_size", 100, [])
    writer.union("wide_union", 24, [("a", word, 0), ("b", char, 0)])
    writer.union("odd_union", 9, [("a", word, 0)])
    header = c_header(Types(writer.blob()))
    assert header.text.count("__attribute__((packed))") == 2
    assert header.inexpressible == {}
    _check(header, tmp_path)


def test_bitfields_in_any_place(tmp_path: Path) -> None:
    writer = Writer()
    integer = writer.integer("unsigned int", 4)
    word = writer.integer("long unsigned int", 8)
    boolean = writer.integer("_Bool", 1, encoding=4)
    enum = writer.enum("colour", [("RED", 0), ("GREEN", 1)])
    writer.struct("plain", 8, [("a", integer, 0, 3), ("b", integer, 32, 30)])
    writer.struct(
        "gaps", 16, [("a", integer, 5, 3), ("b", boolean, 40, 1), ("c", word, 70, 20), ("d", enum, 96, 2)]
    )
    writer.struct("crossing", 8, [("a", integer, 0, 7), ("b", integer, 7, 31), ("c", integer, 38, 20)])
    writer.struct("late", 8, [("b", word, 63, 1)])
    writer.union("views", 4, [("all", integer, 0, 0), ("low", integer, 0, 9)])
    header = c_header(Types(writer.blob()))
    assert header.inexpressible == {}
    _check(header, tmp_path)


def test_bitfields_lie_where_the_image_has_them(tmp_path: Path) -> None:
    writer = Writer()
    integer = writer.integer("unsigned int", 4)
    members = [("a", integer, 5, 3), ("b", integer, 38, 20), ("c", integer, 66, 31)]
    found = writer.struct("bits", 13, members)
    types = Types(writer.blob())
    header = c_header(types)
    program = header.text + "#include <stdio.h>\nint main(void) {\n"
    for name, _, offset, width in members:
        program += f"{{ union {{ struct bits s; unsigned char b[13]; }} u = {{ .s = {{ .{name} = -1 }} }};"
        program += 'for (int i = 0; i < 13; i++) printf("%02x", u.b[i]); puts(""); }\n'
        assert types[found][name].bit_offset == offset
        assert width
    source = tmp_path / "bits.c"
    source.write_text(program + "}\n")
    subprocess.run(["gcc", "-w", "-o", str(tmp_path / "bits"), str(source)], check=True)
    said = subprocess.run([str(tmp_path / "bits")], check=True, capture_output=True, text=True).stdout.split()
    expected = [((1 << width) - 1) << offset for _, _, offset, width in members]
    assert [int.from_bytes(bytes.fromhex(line), "little") for line in said] == expected


def test_names_that_c_would_refuse(tmp_path: Path) -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    odd = writer.integer("u32 (kernel's)", 4)
    writer.struct("int", 8, [("while", integer, 0), ("a b", odd, 32)])
    writer.struct("twice", 4, [("x", integer, 0)])
    writer.struct("twice", 8, [("x", integer, 0), ("x", integer, 32)])
    writer.union("twice", 4, [("x", integer, 0)])
    writer.typedef("twice", integer)
    writer.typedef("twice", writer.ptr(integer))
    writer.enum("twice", [("twice", 0), ("SAME", 1)])
    writer.enum("other", [("SAME", 2)])
    writer.enum("", [("SAME", 3)])
    header = c_header(Types(writer.blob()))
    assert "struct twice___2 {" in header.text
    assert "union twice___3 {" in header.text
    _check(header, tmp_path)


@pytest.mark.parametrize("name", ["color", "linux", "unix", "int", "color___2"])
def test_an_enumeration_and_typedefs_of_one_name(name: str, tmp_path: Path) -> None:
    """`linux` and `unix` are macros of compilers for C with GNU's extensions."""
    writer = Writer()
    integer = writer.integer("int", 4)
    unsigned = writer.integer("unsigned int", 4)
    kinds = [writer.enum(name, [(name, 0), ("OTHER", 1)]), writer.enum(name, [("OTHER", 1)])]
    nameless = writer.enum("", [(name, 2)])
    typedefs = [writer.typedef(name, target) for target in (*kinds, integer, unsigned, nameless, nameless)]
    typedefs.append(writer.typedef(name, typedefs[-1]))
    members = [(f"m{at}", target, 32 * at) for at, target in enumerate((*kinds, *typedefs, nameless))]
    writer.struct(name, 4 * len(members), members)
    header = c_header(Types(writer.blob()))
    assert not header.inexpressible
    _check(header, tmp_path)


def test_definitions_come_in_the_order_that_c_needs(tmp_path: Path) -> None:
    writer = Writer()
    # 1: struct first { struct second s; handler_t h; }, 2: struct second, 3: handler_t -> 4 -> 5
    writer.struct("first", 24, [("s", 2, 0), ("h", 3, 64), ("again", 7, 128)])
    writer.struct("second", 8, [("back", 6, 0)])
    writer.typedef("handler_t", 4)
    writer.ptr(5)
    writer.func_proto(0, [("", 6), ("", 9)])
    writer.ptr(1)
    writer.ptr(8)
    writer.struct("", 8, [("loop", 7, 0)])
    writer.ptr(10)
    writer.struct("", 8, [("seen_in_a_prototype_only", 6, 0)])
    writer.typedef("self_t", 12)
    writer.struct("", 8, [("next", 13, 0)])
    writer.ptr(11)
    header = c_header(Types(writer.blob()))
    _check(header, tmp_path)


def test_forward_declarations_and_builtin_types(tmp_path: Path) -> None:
    writer = Writer()
    char = writer.integer("char", 1, encoding=2)
    known = writer.fwd("known")
    unknown = writer.fwd("unknown", is_union=True)
    writer.struct("known", 8, [("next", writer.ptr(known), 0)])
    strange = writer.struct("unknown", 1, [("x", char, 0)])
    writer.struct("holder", 24, [("a", known, 0), ("b", writer.ptr(unknown), 64), ("c", strange, 128)])
    tag = writer.struct("__va_list_tag", 24, [("x", writer.array(char, char, 24), 0)])
    writer.typedef("__builtin_va_list", writer.array(tag, char, 1))
    writer.struct(
        "flexible", 8, [("n", writer.integer("int", 4), 0), ("data", writer.array(known, char, 0), 64)]
    )
    writer.struct(
        "wide",
        32,
        [("x", writer.integer("__int128 unsigned", 16), 0), ("y", writer.floating("long double", 16), 128)],
    )
    writer.enum("", [("BYTE", 255)], size=1)
    writer.enum("small", [("S", -1)], size=2, signed=True)
    writer.enum64("large", [("L", 1 << 63)])
    writer.enum64("lowest", [("M", -(1 << 63))], signed=True)
    writer.enum("none", [])
    header = c_header(Types(writer.blob()))
    assert header.inexpressible == {}
    _check(header, tmp_path)


def test_members_without_a_name_are_written_out(tmp_path: Path) -> None:
    """-fms-extensions lets their types have names; -std=gnu11 does not."""
    writer = Writer()
    integer = writer.integer("int", 4)
    word = writer.integer("long unsigned int", 8)
    body = writer.union("", 8, [("word", word, 0), ("half", integer, 0)])
    head = writer.struct("head", 16, [("refcnt", integer, 0), ("", body, 64)])
    packed = writer.typedef("packed_t", writer.struct("", 9, [("a", integer, 0), ("b", word, 8)]))
    odd = writer.typedef("odd_t", writer.struct("", 12, [("c", integer, 0), ("d", word, 32)]))
    writer.struct("named", 32, [("", head, 0), ("", odd, 128), ("e", integer, 224)])
    holder = writer.struct("", 16, [("", writer.reference(Kind.CONST, head), 0)])
    writer.struct("holder", 33, [("inner", holder, 0), ("", packed, 128), ("", writer.ptr(head), 200)])
    header = c_header(Types(writer.blob()))
    assert header.inexpressible == {}
    assert {"named.half", "named.d", "holder.inner.refcnt"} <= {
        f"{item.subject.split()[-1]}.{item.path}" for item in header.assertions if item.is_offset
    }
    _check(header, tmp_path)


def test_what_c_cannot_express_is_named_with_its_cause(tmp_path: Path) -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    writer.struct("overlap", 8, [("a", integer, 0), ("b", integer, 16)])
    writer.union("shifted", 8, [("a", integer, 32)])
    writer.struct("outgrown", 4, [("a", integer, 32)])
    writer.struct("itself", 8, [("a", 5, 0)])
    writer.struct("between_bytes", 8, [("a", integer, 1)])
    writer.struct("holds_one", 16, [("a", 2, 0), ("b", integer, 64)])
    header = c_header(Types(writer.blob()))
    assert header.inexpressible == {
        "struct overlap": "b overlaps the member before it",
        "union shifted": "a does not start where the union does",
        "struct outgrown": "a member reaches over its end",
        "struct itself": "it contains itself",
        "struct between_bytes": "a does not start at a byte",
    }
    assert "struct overlap: b overlaps" in header.text
    _check(header, tmp_path)


def test_types_of_a_32_bit_machine(tmp_path: Path) -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    word = writer.integer("long long unsigned int", 8)
    pointer = writer.ptr(writer.integer("long unsigned int", 4))
    for number in range(20):
        writer.struct(f"s{number}", 16, [("a", integer, 0), ("b", word, 32), ("c", pointer, 96)])
    header = c_header(Types(writer.blob()))
    assert "packed" not in header.text
    assert _compile(["clang", "--target=i386-linux-gnu"], header.text, header.assertions, tmp_path) == []


def test_bodies_that_double_at_every_level_are_cut_short() -> None:
    writer = Writer()
    integer = writer.integer("int", 4)
    body = writer.struct("", 4, [("x", integer, 0)])
    for _ in range(40):
        body = writer.union("", 4, [("a", body, 0), ("b", body, 0)])
    writer.struct("bomb", 4, [("body", body, 0)])
    header = c_header(Types(writer.blob()))
    assert "struct bomb" in header.inexpressible
    assert len(header.text) < 1 << 26


def test_types_nested_deeper_than_any_kernels() -> None:
    writer = Writer()
    inner = writer.integer("int", 4)
    for number in range(3000):
        inner = writer.struct(f"level{number}", 4, [("x", inner, 0)])
    for number in range(3000):
        inner = writer.typedef(f"name{number}", inner)
    header = c_header(Types(writer.blob()))
    assert "struct level2999 {" in header.text
