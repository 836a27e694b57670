# SPDX-License-Identifier: Apache-2.0
"""Machines' memory, which lies in sparse files, is laid out by physical address."""

from __future__ import annotations

from pathlib import Path

import pytest

from dumpmaker.acquire import HIGH, LOW, Machine

GIB, MIB = 1 << 30, 1 << 20
HERE = Path("work")

Places = list[tuple[str, int, int, int]]


def places(machine: Machine) -> Places:
    """Of each part of a machine's memory: file, place in it, physical address, bytes."""
    return [(path.name, *rest) for path, *rest in machine.segments(HERE)]


@pytest.mark.parametrize(
    ("machine", "laid"),
    [
        (Machine(512), [("ram0", 0, 0, 512 * MIB)]),
        (Machine(6144), [("ram0", 0, 0, LOW), ("ram0", LOW, HIGH, 3 * GIB)]),
        (Machine(6144, nodes=2), [("ram0", 0, 0, LOW), ("ram1", 0, HIGH, 3 * GIB)]),
        (
            Machine(8192, nodes=2),
            [("ram0", 0, 0, LOW), ("ram0", LOW, HIGH, GIB), ("ram1", 0, HIGH + GIB, 4 * GIB)],
        ),
        (Machine(512, plugged=256), [("ram0", 0, 0, 512 * MIB), ("plugged", 0, HIGH, 256 * MIB)]),
    ],
)
def test_where_memory_lies(machine: Machine, laid: Places) -> None:
    assert places(machine) == laid
    assert sum(length for *_, length in laid) == (machine.memory + machine.plugged) * MIB


def test_its_image_is_sparse_and_has_what_the_files_have(tmp_path: Path) -> None:
    machine = Machine(64, plugged=16)
    for (path, size), at in zip(machine.files(tmp_path), (5 * MIB, 3 * MIB), strict=True):
        with path.open("wb") as file:
            file.truncate(size)
            file.seek(at)
            file.write(path.name.encode())
    raw = tmp_path / "memory.raw"
    assert machine.write_raw(tmp_path, raw) == [[0, 64 * MIB], [HIGH, 16 * MIB]]
    with raw.open("rb") as image:
        for at, name in ((5 * MIB, b"ram0"), (HIGH + 3 * MIB, b"plugged")):
            image.seek(at)
            assert image.read(len(name) + 1) == name + b"\0"
    assert raw.stat().st_size == HIGH + 16 * MIB
    assert raw.stat().st_blocks * 512 < 4 * MIB
