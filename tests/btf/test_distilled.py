# SPDX-License-Identifier: Apache-2.0
"""Modules that were built apart from their kernel bring a distilled base along (`.BTF.base`, 6.11)."""

from __future__ import annotations

import pytest

from support.btfwriter import Writer, every_kind
from volatility3_btf import find_btf
from volatility3_btf.blobs.bases import MOST_DISTILLED
from volatility3_btf.btf import BtfError, Endian, Kind, Types
from volatility3_btf.btf.distilled import MOST_DISTILLED as MOST_IN_BASE
from volatility3_btf.btf.distilled import is_distilled, relocated
from volatility3_btf.memory.memory import BytesMemory

ENDIANS = ("little", "big")
PAD = b"\xfe" * 64


def base(endian: Endian = "little", name: str = "net_device") -> Writer:
    """What pahole leaves of the kernel's types: numbers, declarations, names with sizes."""
    writer = Writer(endian)
    writer.integer("int", 4, 1)
    writer.struct("task_struct", 9472, [])
    writer.record(Kind.UNION, "sockaddr_union", 128)
    writer.record(Kind.ENUM, "pid_type", 4)
    writer.reference(Kind.FWD, 0, name)
    return writer


def split(on: Writer, endian: Endian = "little") -> bytes:
    writer = Writer(endian, on)
    writer.struct("my_card", 24, [("task", 2, 0), ("device", writer.ptr(5), 64)])
    writer.func("my_probe", writer.func_proto(1, []))
    return writer.blob()


@pytest.mark.parametrize("endian", ENDIANS)
@pytest.mark.parametrize("base_first", [True, False])
def test_the_base_is_the_modules_and_the_split_btf_stands_on_it(endian: Endian, base_first: bool) -> None:
    parts = [base(endian).blob(), split(base(endian), endian)]
    kernel = every_kind(endian).blob()
    image = PAD.join([b"\1", *(parts if base_first else parts[::-1]), kernel, PAD])
    found = list(find_btf(BytesMemory(image)))
    assert [(blob.kind, blob.state) for blob in found] == [
        ("module", "complete"),
        ("module", "complete"),
        ("kernel", "complete"),
    ]
    own = found[1 if base_first else 0].types
    assert own.base is not None and own.base.data == parts[0]
    assert own["my_card"]["task"].type.name == "task_struct"
    assert own["my_card"]["device"].type.type.name == "net_device"


def test_without_its_base_the_split_btf_is_damaged() -> None:
    image = PAD.join([b"\1", split(base()), base(name="net").blob(), every_kind("little").blob(), PAD])
    found = list(find_btf(BytesMemory(image)))
    assert [(blob.kind, blob.state) for blob in found] == [
        ("module", "damaged"),
        ("module", "complete"),
        ("kernel", "complete"),
    ]


def test_a_crowd_of_bases_hides_no_module() -> None:
    """Each module stands beside its base."""
    names = [f"device_{number}" for number in range(2 * MOST_DISTILLED)]
    blobs = [blob for name in names for blob in (base(name=name).blob(), split(base(name=name)))]
    found = list(find_btf(BytesMemory(PAD.join([b"\1", *blobs, PAD]))))
    assert {(blob.kind, blob.state) for blob in found} == {("module", "complete")}
    assert len(found) == len(blobs)


def test_what_has_members_or_no_names_is_none() -> None:
    writer = base()
    assert is_distilled(Types(writer.blob()))
    writer.struct("pair", 8, [("first", 1, 0)])
    assert not is_distilled(Types(writer.blob()))
    for other in (Writer(), base(), every_kind("little")):
        other.ptr(0)
        assert not is_distilled(Types(other.blob()))
    numbers = Writer()
    numbers.integer("int", 4)
    assert not is_distilled(Types(numbers.blob()))


@pytest.mark.parametrize("endian", ENDIANS)
def test_a_kernel_is_none(endian: Endian) -> None:
    assert not is_distilled(Types(every_kind(endian).blob()))


# --- onto the kernel's types ---


def kernel(endian: Endian = "little") -> Writer:
    """The types that `base` names, elsewhere and with their parts, and others of the same names."""
    writer = Writer(endian)
    writer.integer("char", 1, 2)
    writer.struct("net_device", 2496, [("name", 1, 0)])
    number = writer.integer("int", 4, 1)
    writer.typedef("task_struct", number)
    writer.struct("task_struct", 9472, [("pid", number, 64)])
    writer.union("sockaddr_union", 128, [("family", number, 0)])
    writer.enum("pid_type", [("PIDTYPE_PID", 0)])
    return writer


def moved(module: bytes, on: bytes, to: bytes) -> Types:
    kernels = Types(to)
    return Types(relocated(Types(module, base=Types(on)), kernels), base=kernels)


@pytest.mark.parametrize("endian", ENDIANS)
def test_each_type_becomes_the_kernels(endian: Endian) -> None:
    types = moved(split(base(endian), endian), base(endian).blob(), kernel(endian).blob())
    card = types["my_card"]
    assert types.base is not None and types.first_id == types.base.end_id
    assert card["task"].type["pid"].type.name == "int"
    assert card["device"].type.type["name"].type.name == "char"
    assert types["my_probe"].type.type.name == "int"


@pytest.mark.parametrize("endian", ENDIANS)
def test_it_is_what_would_have_been_built_on_the_kernel(endian: Endian) -> None:
    """Byte by byte, where the names are numbered alike."""
    built = Writer(endian, kernel(endian))
    built.struct("my_card", 24, [("task", 5, 0), ("device", built.ptr(2), 64)])
    built.func("my_probe", built.func_proto(3, []))
    types = moved(split(base(endian), endian), base(endian).blob(), kernel(endian).blob())
    assert types.data == built.blob()


def test_a_name_of_the_bases_becomes_the_kernels() -> None:
    """A member that is called as one of the base's types."""
    writer = Writer("little", base())
    writer.struct("pair", 8, [("int", 1, 0), ("net_device", 1, 32)])
    types = moved(writer.blob(), base().blob(), kernel().blob())
    assert [member.name for member in types["pair"].members] == ["int", "net_device"]
    assert types.strings.section == b"pair\0"


def test_size_counts_where_a_member_holds_it() -> None:
    """A pointer needs the name only; an array holds as a member does."""
    on = Writer()
    task = on.struct("task_struct", 1000, [])
    on.integer("int", 4, 1)
    pointing, holding = Writer("little", on), Writer("little", on)
    pointing.struct("my", 8, [("task", pointing.ptr(task), 0)])
    holding.struct("my", 2000, [("tasks", holding.typedef("tasks_t", holding.array(task, 2, 2)), 0)])
    types = moved(pointing.blob(), on.blob(), kernel().blob())
    assert types["my"]["task"].type.type.size == 9472
    with pytest.raises(BtfError, match="the kernel has no struct task_struct of 1000 bytes"):
        moved(holding.blob(), on.blob(), kernel().blob())


def of(kind: Kind, name: str, size: int = 0, words: tuple[int, ...] = (), flag: bool = False) -> Writer:
    writer = Writer()
    writer.record(kind, name, size, words, kind_flag=flag)
    return writer


WIDE = [("A", 0)]
FITTING = {
    "a declared struct": (of(Kind.FWD, "s"), lambda k: k.struct("s", 4, [])),
    "a declared union": (of(Kind.FWD, "s", flag=True), lambda k: k.union("s", 4, [])),
    "what the kernel declares only": (of(Kind.FWD, "s", flag=True), lambda k: k.fwd("s", is_union=True)),
    "a wide enumeration": (of(Kind.ENUM, "e", 8), lambda k: k.enum64("e", WIDE)),
    "a float": (of(Kind.FLOAT, "f", 8), lambda k: k.floating("f", 8)),
}


@pytest.mark.parametrize("name", FITTING)
def test_kinds_that_stand_for_others(name: str) -> None:
    on, write = FITTING[name]
    kernels, module = Writer(), Writer("little", on)
    kernels.integer("int", 4, 1)
    found = write(kernels)
    module.typedef("mine", 1)
    assert moved(module.blob(), on.blob(), kernels.blob())["mine"].type.id == found == 2


def _two(writer: Writer) -> None:
    writer.struct("s", 4, [])
    writer.struct("s", 8, [])
    writer.struct("s", 8, [])


UNFIT = {
    "missing": (of(Kind.STRUCT, "s", 8), lambda k: None, "the kernel has no struct s of 8 bytes"),
    "a union": (
        of(Kind.STRUCT, "s", 8),
        lambda k: k.union("s", 8, []),
        "the kernel has no struct s of 8 bytes",
    ),
    "another size": (of(Kind.FLOAT, "f", 8), lambda k: k.floating("f", 4), "the kernel has no float f of 8"),
    "a narrow enumeration": (
        of(Kind.ENUM, "e", 8),
        lambda k: k.enum("e", WIDE),
        "the kernel has no enum e of 8",
    ),
    "unsigned": (of(Kind.INT, "n", 4, (32,)), lambda k: k.integer("n", 4, 1), "the kernel has no int n of 4"),
    "a declared union": (of(Kind.FWD, "s"), lambda k: k.union("s", 4, []), "the kernel has no fwd s"),
    "several": (of(Kind.STRUCT, "s", 8), _two, "the kernel has more than one struct s of 8 bytes"),
    "no name": (of(Kind.STRUCT, "", 8), lambda k: None, "a distilled base with a STRUCT that has no place"),
    "a pointer": (of(Kind.PTR, "", 0), lambda k: None, "a distilled base with a PTR that has no place"),
}


@pytest.mark.parametrize("name", UNFIT)
def test_what_is_not_the_kernels_is_told(name: str) -> None:
    on, write, expected = UNFIT[name]
    kernels, module = Writer(), Writer("little", on)
    kernels.integer("int", 4, 1)
    write(kernels)
    module.typedef("mine", 1)
    with pytest.raises(BtfError, match=expected):
        moved(module.blob(), on.blob(), kernels.blob())


def test_of_several_of_a_name_the_size_tells_which() -> None:
    on, kernels = of(Kind.STRUCT, "s", 4), Writer()
    _two(kernels)
    module = Writer("little", on)
    module.ptr(1)
    assert moved(module.blob(), on.blob(), kernels.blob()).by_id(4).type.size == 4


def test_many_that_are_missing_are_counted() -> None:
    on = Writer()
    for number in range(6):
        on.struct(f"s{number}", 8, [])
    with pytest.raises(BtfError, match=r"no struct s0 of 8 bytes, .*s3 of 8 bytes and 2 more$"):
        moved(Writer("little", on).blob(), on.blob(), kernel().blob())


def test_a_name_that_is_no_types_and_an_endless_base_are_refused() -> None:
    on = base()
    on.string("elsewhere")
    module = Writer("little", on)
    module.struct("elsewhere", 8, [])
    with pytest.raises(BtfError, match=r"the name at string offset .* is that of no type"):
        moved(module.blob(), on.blob(), kernel().blob())
    many = Writer()
    for _ in range(MOST_IN_BASE + 1):
        many.struct("task_struct", 9472, [])
    with pytest.raises(BtfError, match="a distilled base of more than"):
        moved(Writer("little", many).blob(), many.blob(), kernel().blob())
    with pytest.raises(BtfError, match="stands on no distilled base"):
        relocated(Types(kernel().blob()), Types(kernel().blob()))
