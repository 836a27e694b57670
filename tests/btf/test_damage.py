# SPDX-License-Identifier: Apache-2.0
"""Damaged bytes give types or BtfError, and nothing else."""

import struct

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from support.btfwriter import Writer, every_kind
from support.touch import touch_everything
from volatility3_btf.btf import BtfError, Endian, Header, Kind, Types, outline

ENDIANS: tuple[Endian, ...] = ("little", "big")


def _survives(blob: bytes, base: Types | None = None) -> bool:
    try:
        outline(blob)
        types = Types(blob, base)
    except BtfError:
        return False
    return touch_everything(types) > 0


@pytest.mark.parametrize("endian", ENDIANS)
def test_every_truncation(endian: Endian) -> None:
    blob = every_kind(endian).blob()
    assert _survives(blob)
    assert not any(_survives(blob[:length]) for length in range(len(blob)))


@pytest.mark.slow
@pytest.mark.parametrize("endian", ENDIANS)
def test_every_single_byte_corruption(endian: Endian) -> None:
    blob = every_kind(endian).blob()
    survived = 0
    for at in range(len(blob)):
        for value in {0, 0xFF, blob[at] ^ 1, blob[at] ^ 0x80}:
            damaged = blob[:at] + bytes([value]) + blob[at + 1 :]
            survived += _survives(damaged)
    assert survived > len(blob)


def test_every_kind_in_place_of_each_kind() -> None:
    blob = every_kind("little").blob()
    for at in (24 + record + 7 for record in Types(blob).columns.record.tolist()):
        for value in range(32):
            _survives(blob[:at] + bytes([value]) + blob[at + 1 :])


def test_every_single_byte_corruption_of_a_split_blob() -> None:
    kernel = every_kind("little")
    base = Types(kernel.blob())
    writer = Writer("little", kernel)
    writer.struct("state", 8, [("owner", 4, 0), ("comm", 5, 64)])
    blob = writer.blob()
    assert _survives(blob, base)
    for at in range(len(blob)):
        for value in (0, blob[at] ^ 1, 0xFF):
            _survives(blob[:at] + bytes([value]) + blob[at + 1 :], base)


@given(st.binary(max_size=400), st.sampled_from(ENDIANS))
def test_any_bytes_after_a_header(body: bytes, endian: Endian) -> None:
    order = "<" if endian == "little" else ">"
    cut = len(body) // 8 * 4
    header = struct.pack(order + "HBB5I", 0xEB9F, 1, 0, 24, 0, cut, cut, len(body) - cut)
    _survives(header + body)


@st.composite
def _random_blobs(draw: st.DrawFn) -> bytes:
    writer = Writer(draw(st.sampled_from(ENDIANS)))
    word = st.one_of(st.integers(0, 12), st.integers(0, 0xFFFFFFFF))
    for _ in range(draw(st.integers(1, 10))):
        kind = draw(st.sampled_from(sorted(set(Kind) - {Kind.VOID})))
        vlen = draw(st.integers(0, 3))
        extra = {Kind.INT: 1, Kind.ARRAY: 3, Kind.VAR: 1, Kind.DECL_TAG: 1}.get(kind, 0)
        each = {
            Kind.STRUCT: 3,
            Kind.UNION: 3,
            Kind.ENUM: 2,
            Kind.FUNC_PROTO: 2,
            Kind.DATASEC: 3,
            Kind.ENUM64: 3,
        }
        words = draw(
            st.lists(
                word, min_size=extra + vlen * each.get(kind, 0), max_size=extra + vlen * each.get(kind, 0)
            )
        )
        writer.record(
            kind,
            draw(st.sampled_from(["", "a", "b"])),
            draw(st.integers(0, 12)),
            words,
            vlen,
            draw(st.booleans()),
        )
    return writer.blob()


@settings(max_examples=400)
@given(_random_blobs())
def test_records_that_refer_anywhere(blob: bytes) -> None:
    _survives(blob)


@pytest.mark.parametrize(
    ("field", "value", "message"),
    [
        (0, 0xEB9E, "magic"),
        (2, 2, "version 2"),
        (3, 1, "flags 0x1"),
        (4, 23, "hdr_len 23"),
        (8, 2, "type_off"),
        (12, 0xFFFFFFFC, "needs"),
        (16, 0, "overlap"),
        (20, 0xFFFFFFFF, "needs"),
    ],
)
def test_header_fields_out_of_bounds(field: int, value: int, message: str) -> None:
    blob = bytearray(every_kind("little").blob())
    struct.pack_into({0: "<H", 2: "<B", 3: "<B"}.get(field, "<I"), blob, field, value)
    with pytest.raises(BtfError, match=message):
        Types(bytes(blob))


def test_records_must_fill_the_type_section() -> None:
    writer = Writer()
    writer.integer("int", 4)
    writer.record(Kind.STRUCT, "short", 4, [0, 0, 0], vlen=2)
    with pytest.raises(BtfError, match=r"type 2 .*STRUCT runs over the end"):
        Types(writer.blob())
    writer = Writer()
    writer.record(Kind.STRUCT, "huge", 4, [0, 0, 0], vlen=0xFFFFFF)
    with pytest.raises(BtfError, match=r"type 1 .*STRUCT runs over the end"):
        Types(writer.blob())


def test_strings_must_end_and_start_in_nul() -> None:
    blob = every_kind("little").blob()
    with pytest.raises(BtfError, match="end in a NUL"):
        Types(blob[:-1] + b"x")
    start = Header.parse(blob).str_start
    with pytest.raises(BtfError, match="start with a NUL"):
        Types(blob[:start] + b"x" + blob[start + 1 :])


def test_more_than_any_kernel_has() -> None:
    header = struct.pack("<HBB5I", 0xEB9F, 1, 0, 24, 0, 4, 4, (1 << 25) + 1)
    with pytest.raises(BtfError, match="string section"):
        Types(header + bytes(4 + (1 << 25) + 1))
