# SPDX-License-Identifier: Apache-2.0
"""Random blobs of sound records, written and read back."""

from dataclasses import dataclass, field

from hypothesis import given
from hypothesis import strategies as st

from support.btfwriter import Writer
from volatility3_btf.btf import Endian, Enum, FuncProto, Kind, Struct, Type, Types, Union

NAMES = st.text("abcdefghijklmnopqrstuvwxyz_0123456789é", max_size=12)
MEMBERS = st.lists(
    st.tuples(NAMES, st.integers(0, 200), st.integers(0, 0xFFFFFF), st.integers(0, 255)), max_size=6
)
VALUES = st.lists(st.tuples(NAMES, st.integers(-(1 << 31), (1 << 31) - 1)), max_size=6)
WIDE = st.lists(st.tuples(NAMES, st.integers(0, (1 << 64) - 1)), max_size=4)


@dataclass
class Expected:
    """What each type should read back as."""

    writer: Writer
    types: list[tuple[object, ...]] = field(default_factory=list)


@st.composite
def _blobs(draw: st.DrawFn) -> Expected:
    endian: Endian = draw(st.sampled_from(["little", "big"]))
    expected = Expected(Writer(endian))
    total = draw(st.integers(1, 40))
    ids = st.integers(0, total)
    for _ in range(total):
        _add(draw, expected, ids)
    return expected


def _add(draw: st.DrawFn, expected: Expected, ids: st.SearchStrategy[int]) -> None:
    writer = expected.writer
    kind = draw(st.sampled_from(sorted(set(Kind) - {Kind.VOID})))
    name = draw(NAMES)
    facts: tuple[object, ...]
    if kind is Kind.INT:
        size = draw(st.sampled_from([1, 2, 4, 8, 16]))
        facts = (size, draw(st.integers(0, 7)))
        writer.integer(name, size, facts[1])
    elif kind is Kind.ARRAY:
        facts, name = (draw(ids), draw(ids), draw(st.integers(0, 0xFFFFFFFF))), ""
        writer.array(*facts)
    elif kind in (Kind.STRUCT, Kind.UNION):
        members = [(n, t if t < writer.next_id else 0, o, w) for n, t, o, w in draw(MEMBERS)]
        facts = (draw(st.integers(0, 0xFFFFFFFF)), members)
        writer.composite(kind, name, facts[0], members)
    elif kind is Kind.ENUM:
        facts = (draw(VALUES),)
        writer.enum(name, facts[0], signed=True)
    elif kind is Kind.ENUM64:
        facts = (draw(WIDE),)
        writer.enum64(name, facts[0])
    elif kind is Kind.FUNC_PROTO:
        params = [(n, t) for n, t in draw(st.lists(st.tuples(NAMES, ids), max_size=4)) if t]
        facts, name = (draw(ids), params), ""
        writer.func_proto(facts[0], params)
    elif kind is Kind.DATASEC:
        entries = draw(st.lists(st.tuples(ids, st.integers(0, 99), st.integers(0, 99)), max_size=4))
        facts = (entries,)
        writer.datasec(name, 64, entries)
    elif kind in (Kind.VAR, Kind.DECL_TAG):
        facts = (draw(ids), draw(st.integers(0, 2)))
        (writer.var if kind is Kind.VAR else writer.decl_tag)(name, *facts)
    elif kind in (Kind.FWD, Kind.FLOAT):
        facts = ()
        writer.record(kind, name)
    else:
        facts = (draw(ids),)
        writer.reference(kind, facts[0], name)
    expected.types.append((kind, name, *facts))


def _read(found: Type) -> tuple[object, ...]:
    kind = found.kind
    facts: tuple[object, ...]
    if kind is Kind.INT:
        facts = (found.size, found.encoding)
    elif kind is Kind.ARRAY:
        facts = (found.type_id, found.index_type.id, found.count)
    elif isinstance(found, Struct | Union):
        facts = (found.size, [(m.name, m.type_id, m.bit_offset, m.bit_size) for m in found.members])
    elif isinstance(found, Enum):
        facts = (found.values,)
    elif isinstance(found, FuncProto):
        facts = (found.type_id, [(name, of.id) for name, of in found.params])
    elif kind is Kind.DATASEC:
        facts = ([(entry.type.id, entry.offset, entry.size) for entry in found.entries],)
    elif kind is Kind.VAR:
        facts = (found.type_id, found.linkage)
    elif kind is Kind.DECL_TAG:
        facts = (found.type_id, found.component)
    elif kind in (Kind.FWD, Kind.FLOAT):
        facts = ()
    else:
        facts = (found.type_id,)
    return (kind, found.name, *facts)


@given(_blobs())
def test_what_is_written_is_read(expected: Expected) -> None:
    # Struct members without kind_flag are the subject of test_every_kind.
    types = Types(expected.writer.blob())
    assert [_read(found) for found in types] == expected.types


@given(_blobs())
def test_columns_agree_with_objects(expected: Expected) -> None:
    types = Types(expected.writer.blob())
    members = [
        (s.id, m.name, m.type_id, m.bit_offset, m.bit_size)
        for s in types.of_kind(Kind.STRUCT, Kind.UNION)
        for m in s.members
    ]
    columns = types.member_columns
    names = types.strings.many(columns.name_off)
    assert members == list(
        zip(
            columns.owner.tolist(),
            names,
            columns.type_id.tolist(),
            columns.bit_offset.tolist(),
            columns.bit_size.tolist(),
            strict=True,
        )
    )
    assert types.names(range(types.end_id)) == [types.name_of(type_id) for type_id in range(types.end_id)]
    assert sum(types.counts.values()) == len(types) == len(list(types))
