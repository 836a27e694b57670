# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What an image was identified as is kept for later runs; an image that has changed never gets it."""

from __future__ import annotations

import os
import shutil
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from dumpmaker.cache import Dump
from support.volrunner import Vol
from volatility3_btf import identify_kernel, open_memory
from volatility3_btf.memory.memory import BytesMemory
from volatility3_btf.memory.touched import TouchedMemory
from volatility3_btf.vol.automagic import memo

pytestmark = pytest.mark.slow

BEFORE = "identified before"


class Stamped(BytesMemory):
    """An image of which the file tells what it likes."""

    told: tuple[int, ...] | None = (1, 2, 3, 4, 5)

    def stamp(self) -> tuple[int, ...] | None:
        return self.told


def memos(vol: Vol) -> list[Path]:
    return sorted((vol.cache / "volatility3/symbols/btf-memos").glob(f"*{memo.SUFFIX}"))


def aged(path: Path) -> Path:
    """The file, once its times are old enough to tell of the next change."""
    while time.time_ns() - path.stat().st_ctime_ns < memo.SETTLED:
        time.sleep(0.1)
    return path


@pytest.fixture
def cloud(dump: Callable[[str], Dump], tmp_path: Path) -> Path:
    """A copy of a small image that may be changed."""
    return Path(shutil.copy(dump("amd64-6.1-stream").raw, tmp_path / "image.raw"))


def test_a_later_run_goes_by_the_memo_and_prints_the_same(vol: Vol, cloud: Path) -> None:
    first = vol("-vv", "linux.pslist", image=aged(cloud))
    assert BEFORE not in first.stderr and len(memos(vol)) == 1
    later = vol("-vv", "linux.pslist", image=cloud)
    assert BEFORE in later.stderr
    assert later.rows == first.rows and len(first.rows) > 10
    evidence = [
        line.rpartition("evidence: ")[2] for line in first.stderr.splitlines() if "evidence: " in line
    ]
    assert evidence and all(sentence in later.stderr for sentence in evidence)


def test_a_changed_image_is_identified_again(vol: Vol, cloud: Path) -> None:
    """Even if it has its name, its size and its old times."""
    vol("linux.pslist", image=aged(cloud))
    state, blob = cloud.stat(), identify_kernel(open_memory(cloud)).blob
    with cloud.open("r+b") as file:
        file.seek(blob.offset + blob.size // 2)
        file.write(b"\xff" * 64)
    os.utime(cloud, ns=(state.st_atime_ns, state.st_mtime_ns))
    again = vol("-vv", "linux.pslist", image=aged(cloud))
    assert BEFORE not in again.stderr
    assert len(memos(vol)) == 1, "what was damaged is not exact, and has no memo"


def test_an_image_that_was_just_written_has_none(vol: Vol, cloud: Path) -> None:
    """A second change could have the same time."""
    ahead = time.time_ns() + 3600 * 10**9
    os.utime(cloud, ns=(ahead, ahead))
    vol("linux.pslist", image=cloud)
    assert memos(vol) == []


def test_one_of_two_kernels_has_none(vol: Vol, dump: Callable[[str], Dump]) -> None:
    vol("linux.pslist", image=dump("amd64-reset").raw)
    assert memos(vol) == []


def test_the_users_wish_goes_before(vol: Vol, cloud: Path) -> None:
    vol("linux.pslist", image=aged(cloud))
    wished = vol("-vv", "--btf-kernel", "no-such-release", "linux.pslist", image=cloud, check=False)
    assert BEFORE not in wished.stderr and wished.returncode == 1


def test_a_damaged_memo_or_a_missing_table_is_nothing_to_the_user(vol: Vol, cloud: Path) -> None:
    shown = vol("linux.pslist", image=aged(cloud)).stdout
    (path,) = memos(vol)
    whole = path.read_bytes()
    for damaged in (b"", whole[:100], whole[:-1], whole.replace(b"touched", b"touchet"), b"\0" * len(whole)):
        path.write_bytes(damaged)
        assert vol("linux.pslist", image=cloud).stdout == shown
    (table,) = path.parent.with_name("btf").glob("*.btfsym")
    table.unlink()
    again = vol("-vv", "linux.pslist", image=cloud)
    assert again.stdout == shown and BEFORE not in again.stderr


@dataclass(repr=False)
class Kept:
    """An image's bytes, of which there is a memo."""

    data: bytes

    def recalled(self, data: bytes | None = None) -> memo.Memo | None:
        """What is recalled of the image, or of another whose file looks the same."""
        return memo.recall(Stamped(self.data if data is None else data))


@pytest.fixture
def kept(dump: Callable[[str], Dump], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kept:
    monkeypatch.setattr(memo.store, "folder", lambda: tmp_path / "btf")
    data = dump("amd64-6.1-stream").raw.read_bytes()
    memory = TouchedMemory(Stamped(data))
    memo.remember(memory, identify_kernel(memory), tmp_path / "btf/kernel.btfsym")
    return Kept(data)


def test_evidence_decides_even_if_the_file_looks_the_same(kept: Kept) -> None:
    known = kept.recalled()
    assert known is not None and known.table.name == "kernel.btfsym"
    for place in (kept.data.index(known.space.banner), known.space.root):
        changed = bytearray(kept.data)
        changed[place + 8] ^= 0x40
        assert kept.recalled(bytes(changed)) is None


def test_a_file_that_changes_while_it_is_identified_has_none(
    dump: Callable[[str], Dump], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was read of it need not be what it holds in the end."""
    monkeypatch.setattr(memo.store, "folder", lambda: tmp_path / "btf")
    memory = TouchedMemory(Stamped(dump("amd64-6.1-stream").raw.read_bytes()))
    kernel = identify_kernel(memory)
    monkeypatch.setattr(Stamped, "told", (1, 2, 3, 6, 6))
    memo.remember(memory, kernel, tmp_path / "btf/kernel.btfsym")
    assert not list(tmp_path.rglob(f"*{memo.SUFFIX}"))


def test_what_is_no_file_has_none(kept: Kept, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stamped, "told", None)
    assert kept.recalled() is None
