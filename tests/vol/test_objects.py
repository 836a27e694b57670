# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Objects of our classes are what the framework's are: same values, same answers, same errors."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Callable
from typing import Any

import pytest
from volatility3.framework import contexts, exceptions, interfaces, objects
from volatility3.framework.layers import physical
from volatility3.framework.symbols import native

from volatility3_btf.vol.objects.composites import Struct, Union, lean
from volatility3_btf.vol.objects.natives import LeanNatives
from volatility3_btf.vol.objects.templates import LeanTemplate, PutOffTemplate

DATA = bytes(range(1, 200)) * 4
NATIVE = {
    "int": (objects.Integer, (4, "little", True)),
    "long": (objects.Integer, (8, "little", False)),
    "be": (objects.Integer, (2, "big", False)),
    "char": (objects.Char, (1, "little", True)),
    "bool": (objects.Boolean, (1, "little", False)),
    "double": (objects.Float, (8, "little", True)),
    "pointer": (objects.Pointer, (8, "little", False)),
}
COLOURS = {"RED": 1, "GREEN": 2, "ALSO_RED": 1}

Template = interfaces.objects.Template


def with_values(template: Template, **values: Any) -> Template:
    template.update_vol(**values)
    return template


def members(natives: native.NativeTable, inner: Template) -> dict[str, tuple[int, Template]]:
    """A structure's members, of all kinds."""
    get = natives.get_type
    return {
        "number": (0, get("int")),
        "wide": (8, get("long")),
        "net": (16, get("be")),
        "letter": (18, get("char")),
        "truth": (19, get("bool")),
        "real": (24, get("double")),
        "next": (32, with_values(get("pointer"), subtype=inner)),
        "colour": (40, with_values(get("enum"), base_type=get("char"), choices=COLOURS)),
        "bits": (44, with_values(get("bitfield"), base_type=get("int"), start_bit=3, end_bit=9)),
        "many": (48, with_values(get("array"), count=5, subtype=get("be"))),
        "inner": (64, inner),
    }


def struct(maker: type[Any], kind: type[Any], natives: native.NativeTable) -> Template:
    inner = maker(kind, "table!inner", size=4, members={"value": (0, natives.get_type("int"))})
    made: Template = maker(kind, "table!outer", size=72, members=members(natives, inner))
    return made


@pytest.fixture
def context() -> contexts.Context:
    """Memory to lay objects over: most pointers in it lead nowhere, the one at 0x200 to 0x40."""
    context = contexts.Context()
    data = bytearray(DATA)
    data[0x220:0x228] = (0x40).to_bytes(8, "little")
    context.add_layer(physical.BufferDataLayer(context, "data", "data", buffer=bytes(data)))
    return context


@pytest.fixture
def pair(context: contexts.Context) -> Callable[[int], tuple[Any, Any]]:
    """The structure at an address, of the framework's classes and of ours."""
    theirs = struct(
        objects.templates.ObjectTemplate, objects.StructType, native.NativeTable("native", NATIVE)
    )
    ours = struct(LeanTemplate, Struct, LeanNatives("native", NATIVE))

    def at(offset: int) -> tuple[Any, Any]:
        info = interfaces.objects.ObjectInformation("data", offset, "data", size=72)
        return theirs(context, info), ours(context, info)

    return at


def known(one: Any) -> dict[str, Any]:
    """What an object says of itself under `vol`, that can be compared."""
    keys = (
        "type_name",
        "layer_name",
        "native_layer_name",
        "offset",
        "member_name",
        "size",
        "count",
        "data_format",
    )
    return {key: one.vol[key] for key in keys if key in one.vol._dict}


@pytest.mark.parametrize("offset", [0, 1, 100, 0x200])
def test_every_member_has_the_same_value_and_says_the_same_of_itself(
    offset: int, pair: Callable[[int], tuple[Any, Any]]
) -> None:
    theirs, ours = pair(offset)
    assert known(theirs) == known(ours) and repr(theirs).endswith(repr(ours).partition(" ")[2])
    for name in members(
        native.NativeTable("native", NATIVE), LeanTemplate(Struct, "t!x", size=0, members={})
    ):
        one, other = getattr(theirs, name), getattr(ours, name)
        assert known(one) == known(other), name
        assert other.vol.parent is ours and ours.member(name) is other
        assert isinstance(other, type(one)), name
        if name == "many":
            assert list(one) == list(other) and one[1:3] == other[1:3] and len(other) == 5
            assert known(one[4]) == known(other[4])
        elif name != "inner":
            assert one == other and str(one) == str(other), name
    assert ours.inner.value == theirs.inner.value
    assert (ours.colour.choices, ours.colour.RED) == (COLOURS, 1)


def test_what_is_not_there_is_the_same_error(pair: Callable[[int], tuple[Any, Any]]) -> None:
    for one in pair(0):
        assert not one.has_member("nothing") and one.has_member("next")
        with pytest.raises(AttributeError, match=r"StructType|struct"):
            _ = one.nothing
        with pytest.raises(AttributeError):
            _ = one.vol.nothing
    for one in pair(len(DATA) - 8):
        with pytest.raises(exceptions.InvalidAddressException):
            _ = one.wide


def test_pointers_lead_to_one_object(pair: Callable[[int], tuple[Any, Any]]) -> None:
    theirs, ours = pair(0x200)
    assert ours.next == 0x40 and ours.next.get_raw_value() == theirs.next.get_raw_value()
    assert ours.next.value == theirs.next.value == ours.next.dereference().value
    assert ours.next.dereference() is ours.next.dereference("data")
    assert ours.next.has_member("value") and ours.next.is_readable()
    assert known(ours.next.dereference()) == known(theirs.next.dereference())


def test_enumerations_name_the_first_of_equal_values(context: contexts.Context) -> None:
    natives = LeanNatives("native", NATIVE)
    template = with_values(natives.get_type("enum"), base_type=natives.get_type("char"), choices=COLOURS)
    red = template(context, interfaces.objects.ObjectInformation("data", 0, "data"))
    assert red == 1 and red.lookup() == "RED" and red.description == "RED" and red.is_valid_choice
    assert template.lookup(2) == "GREEN"


def test_arrays_can_be_made_longer(pair: Callable[[int], tuple[Any, Any]]) -> None:
    for one in pair(0):
        one.many.count = 7
        assert len(one.many) == 7 and one.many.vol.size == 14 and one.many[6] == one.many[6]


def test_numbers_can_be_copied_and_pickled_without_their_image(
    pair: Callable[[int], tuple[Any, Any]],
) -> None:
    _, ours = pair(0)
    again = copy.copy(ours.number)
    assert again == ours.number and known(again) == known(ours.number)
    arguments, named = ours.wide.__getnewargs_ex__()
    assert arguments[1:] == (ours.wide.vol.type_name, ours.wide._own_information, ours.wide.vol.data_format)
    assert named == {"new_value": int(ours.wide)} and pickle.loads(pickle.dumps(int(ours.wide))) == ours.wide


class Process(objects.StructType):
    """As a framework class for a structure of the kernel."""

    def __init__(self, *arguments: Any, **named: Any) -> None:
        super().__init__(*arguments, **named)
        self.made = 1

    def doubled(self) -> int:
        """Twice a member."""
        return int(2 * self.number)


def test_what_the_framework_adds_for_a_structure_stays(context: contexts.Context) -> None:
    template = struct(LeanTemplate, lean(Process), LeanNatives("native", NATIVE))
    one = template(context, interfaces.objects.ObjectInformation("data", 0, "data", size=72))
    assert isinstance(one, Process) and isinstance(one, Struct) and type(one).__name__ == "Process"
    assert one.made == 1 and one.doubled() == 2 * one.number
    assert lean(Process) is lean(Process)
    assert (lean(objects.StructType), lean(objects.UnionType)) == (Struct, Union)


def test_a_template_that_is_changed_makes_other_objects(context: contexts.Context) -> None:
    template = LeanNatives("native", NATIVE).get_type("array")
    template.update_vol(count=2, subtype=LeanNatives("native", NATIVE).get_type("be"))
    info = interfaces.objects.ObjectInformation("data", 0, "data")
    assert (template.size, len(template(context, info))) == (4, 2)
    template.update_vol(count=3)
    assert (template.size, len(template(context, info))) == (6, 3)
    assert template.clone().vol.count == 0, "a clone is as the template was made"


def test_a_template_that_is_put_off_is_made_once(context: contexts.Context) -> None:
    made = []

    def make() -> Template:
        made.append(1)
        return LeanNatives("native", NATIVE).get_type("be")

    template = PutOffTemplate(make)
    assert template.children == [] and not made
    info = interfaces.objects.ObjectInformation("data", 0, "data")
    assert template(context, info) == template(context, info) == 0x0102
    assert template.size == 2 and template.vol.type_name == "be" and made == [1]


@pytest.mark.slow
def test_symbols_and_their_types_are_those_of_the_document(dump: Callable[[str], Any]) -> None:
    from volatility3_btf import build_isf, identify_kernel, open_memory
    from volatility3_btf.isf.symbols import SymbolEntries
    from volatility3_btf.isf.types import TypeEntries

    kernel = identify_kernel(open_memory(dump("amd64-6.12").raw))
    written = build_isf(kernel).content["symbols"]
    entries = SymbolEntries(kernel, TypeEntries(kernel.blob.types))
    names = ["init_task", "modules", "linux_banner", "kallsyms_num_syms", "_text", *list(written)[::5000]]
    for listed in (False, True):
        for name in names:
            assert entries.address_of(name) == written[name]["address"], (name, listed)
            assert entries[name] == written[name]
        assert "no_such_symbol" not in entries
        with pytest.raises(KeyError):
            entries.address_of("no_such_symbol")
        at = written["init_task"]["address"]
        by_address = sorted(name for name, entry in written.items() if entry["address"] == at)
        assert list(entries.at(at)) == by_address
