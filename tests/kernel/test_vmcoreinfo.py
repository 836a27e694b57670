# SPDX-License-Identifier: Apache-2.0
"""VMCOREINFO: what is read of it, and what is left out."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from volatility3_btf.kernel import parse_vmcoreinfo
from volatility3_btf.kernel.evidence.vmcoreinfo import MAX_NOTE, read_vmcoreinfo
from volatility3_btf.memory.memory import BytesMemory

NOTE = b"""OSRELEASE=6.12.1-amd64
BUILD-ID=00ff
PAGESIZE=4096
SYMBOL(_stext)=ffffffff9e400000
SYMBOL(broken)=zz
OFFSET(list_head.next)=0
LENGTH(free_area.free_list)=5
NUMBER(phys_base)=-174063616
NUMBER(kimage_voffset)=0xffffaa83d6000000
KERNELOFFSET=1d400000
"""


def test_values_have_their_own_bases() -> None:
    note = parse_vmcoreinfo(NOTE + b"\0rubbish=1\n", 0x1000)
    assert note is not None
    assert note.offsets == (0x1000,)
    assert note.release == "6.12.1-amd64"
    assert note.kernel_offset == 0x1D400000
    assert note.symbol("_stext") == 0xFFFFFFFF9E400000
    assert note.number("phys_base") == -174063616
    assert note.number("kimage_voffset") == 0xFFFFAA83D6000000
    assert note.symbols == {"_stext": 0xFFFFFFFF9E400000}
    assert note.symbol("broken") is note.symbol("missing") is note.number("missing") is None
    assert (note.malformed, "rubbish" in note.entries) == (0, False)


def test_malformed_lines_are_counted_and_left_out() -> None:
    note = parse_vmcoreinfo(b"OSRELEASE=6.1\nA=1\n\x01\x02\nno value\nB=2\nC(x=3\nC=3\nA=9\n\xff=\n")
    assert note is not None
    assert dict(note.entries) == {"OSRELEASE": "6.1", "A": "1", "B": "2", "C": "3"}
    assert note.malformed == 4


def test_what_only_looks_like_a_note() -> None:
    assert parse_vmcoreinfo(b"OSRELEASE=%s\nBUILD-ID=%s\nPAGESIZE=%ld\nA=1\n\0") is None
    assert parse_vmcoreinfo(b"OSRELEASE=6.1\nPAGESIZE=4096\n\0") is None
    assert parse_vmcoreinfo(b"OSRELEASE=6.1\nA=1\nB=1\nC=1\n" + b"prose\n" * 9) is None


def test_equal_copies_are_one_note() -> None:
    other = NOTE.replace(b"1d400000", b"1d600000")
    image = NOTE + b"\0" + NOTE + b"\0" + other + b"\0"
    notes = read_vmcoreinfo(BytesMemory(image), [0, len(NOTE) + 1, 2 * len(NOTE) + 2])
    assert [note.offsets for note in notes] == [(0, len(NOTE) + 1), (2 * len(NOTE) + 2,)]
    assert [note.kernel_offset for note in notes] == [0x1D400000, 0x1D600000]


def test_a_note_that_the_image_ends_in() -> None:
    note = read_vmcoreinfo(BytesMemory(NOTE[:120]), [0])[0]
    assert note.release == "6.12.1-amd64"
    assert note.kernel_offset is None


@given(st.binary(max_size=500), st.integers(0, len(NOTE)))
def test_any_bytes_are_read_or_refused(junk: bytes, at: int) -> None:
    note = parse_vmcoreinfo(NOTE[:at] + junk + NOTE[at:])
    if note is not None:
        assert all(0 <= value < 1 << 64 or value < 0 for value in note.symbols.values())
        assert len(note.entries) <= MAX_NOTE // 2
