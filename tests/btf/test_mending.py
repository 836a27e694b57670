# SPDX-License-Identifier: Apache-2.0
"""BTF with damage inside: what is left keeps its ids, names and offsets, what is lost is told."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from dumpmaker.cache import Dump
from volatility3_btf.btf import BtfError, Composite, Kind, Types
from volatility3_btf.btf.recover.flaws import flaw_of
from volatility3_btf.btf.recover.mend import LOST_NAME, LOST_TYPE, Mended, mend

GetDump = Callable[[str], Dump]
KERNELS = ("amd64-5.10", "amd64-6.1", "amd64-6.12", "amd64-7", "arm64-6.12", "s390x-6.12")
PAGE = 4096


def vmlinux(dump: Dump) -> bytes:
    return (dump.folder / "btf" / "vmlinux").read_bytes()


def holed(data: bytes, seed: int, count: int) -> tuple[bytes, list[tuple[int, int]]]:
    """The blob with zeroed pages, and where."""
    rng = random.Random(seed)
    shift = rng.randrange(PAGE)
    pages = rng.sample(range(1, len(data) // PAGE - 1), count)
    left = bytearray(data)
    for page in pages:
        left[page * PAGE + shift : (page + 1) * PAGE + shift] = bytes(PAGE)
    return bytes(left), [(page * PAGE + shift, (page + 1) * PAGE + shift) for page in pages]


def members(types: Types, type_id: int) -> list[tuple[str, int, int, int]]:
    composite = types.by_id(type_id)
    assert isinstance(composite, Composite)
    return [(m.name, m.bit_offset, m.bit_size, m.type_id) for m in composite.members]


def is_left_of(found: str, true: str) -> bool:
    return found == true or found.startswith(LOST_NAME)


def check_placed(mended: Mended, true: Types) -> int:
    """Compare the kind of every type that kept its id, and all of some; how many kept it."""
    found = mended.types
    lost = {type_id for ids in mended.lost for type_id in ids}
    kept = [i for i in range(1, min(found.end_id - mended.moved, true.end_id)) if i not in lost]
    assert [found.kind_of(i) for i in kept] == [true.kind_of(i) for i in kept]
    for type_id in random.Random(len(kept)).sample(kept, 2000):
        assert found.word_of(type_id) == true.word_of(type_id), type_id
        assert is_left_of(found.name_of(type_id), true.name_of(type_id)), type_id
        if true.kind_of(type_id) in (Kind.STRUCT, Kind.UNION):
            ours, theirs = members(found, type_id), members(true, type_id)
            at = {member[1:]: member[0] for member in theirs}
            assert all(m[1:] in at for m in ours), type_id
            assert type_id in mended.cut or len(ours) == len(theirs), type_id
    return len(kept)


@pytest.mark.parametrize("count", [1, 10, 100])
@pytest.mark.parametrize("name", KERNELS)
def test_what_is_left_is_as_it_was(name: str, count: int, dump: GetDump) -> None:
    data = vmlinux(dump(name))
    true = Types(data)
    left, missing = holed(data, count, count)
    mended = mend(left, missing)
    kept = check_placed(mended, true)
    assert kept + mended.moved >= len(true) - count * PAGE // 12 - 1
    assert "lost" in mended.describe()


@pytest.mark.parametrize("name", KERNELS)
def test_a_hole_in_the_strings_loses_names_and_nothing_else(name: str, dump: GetDump) -> None:
    data = vmlinux(dump(name))
    true = Types(data)
    start = true.header.str_start + 50_001
    left = data[:start] + bytes(PAGE) + data[start + PAGE :]
    mended = mend(left, [(start, start + PAGE)])
    assert (mended.lost, mended.cut, mended.moved) == ((), (), 0)
    assert check_placed(mended, true) == len(true)
    assert 0 < mended.names < PAGE // 2
    assert flaw_of(Types(left)) != ""


@pytest.mark.parametrize("name", KERNELS)
def test_sound_blobs_have_no_flaw(name: str, dump: GetDump) -> None:
    folder = dump(name).folder / "btf"
    base = Types(vmlinux(dump(name)))
    assert flaw_of(base) == ""
    modules = [path for path in sorted(folder.iterdir()) if path.name != "vmlinux"]
    assert all(flaw_of(Types(path.read_bytes(), base)) == "" for path in modules)


def test_a_struct_that_reaches_over_a_hole_keeps_the_members_on_both_sides(dump: GetDump) -> None:
    data = vmlinux(dump("amd64-6.1"))
    true = Types(data)
    task = true["task_struct"]
    assert isinstance(task, Composite)
    record = true.header.type_start + int(true.columns.record[task.id - true.first_id])
    hole = record + 12 + 20 * 12, record + 12 + 40 * 12
    mended = mend(data[: hole[0]] + bytes(hole[1] - hole[0]) + data[hole[1] :], [hole])
    assert mended.cut == (task.id,)
    assert (mended.lost, mended.moved, mended.names) == ((), 0, 0)
    whole = members(true, task.id)
    assert members(mended.types, task.id) == whole[:20] + whole[40:]
    assert mended.types.size_of(task.id) == task.size


def test_lost_types_have_no_size_and_their_ids_are_told(dump: GetDump) -> None:
    data = vmlinux(dump("amd64-6.12"))
    start = 24 + 40 * PAGE
    mended = mend(data[:start] + bytes(PAGE) + data[start + PAGE :], [(start, start + PAGE)])
    (lost,) = mended.lost
    assert 50 < len(lost) < 342
    assert f"ids {lost[0]}-{lost[-1]}" in mended.describe()
    for type_id in lost:
        assert mended.types.name_of(type_id) == LOST_TYPE
        with pytest.raises(BtfError):
            mended.types.size_of(type_id)


def test_overwritten_with_anything(dump: GetDump) -> None:
    """Garbage is not known to be missing; what breaks the rules is taken for a hole."""
    data = vmlinux(dump("amd64-6.1"))
    true = Types(data)
    rng = random.Random(61)
    for _ in range(5):
        start = 24 + rng.randrange(true.header.type_len - PAGE)
        mended = mend(data[:start] + rng.randbytes(PAGE) + data[start + PAGE :], [])
        assert check_placed(mended, true) > len(true) - 500
