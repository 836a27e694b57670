# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Memory that the kernel has and the file lacks, or holds elsewhere."""

from __future__ import annotations

import subprocess
from pathlib import Path

from support.flat import behind_the_kernel, joined, shortened, system_ram
from support.images import cut, write_lime
from support.pagetables import with_marks
from support.pluginruns import give_isf
from support.situations.bench import Bench, Case, Situation
from support.wiping import without_vmcoreinfo
from volatility3_btf import identify_kernel, open_memory

GROUP = "memory elsewhere, or missing"
MARKS = "confidential guests"
MAIN, HIGH = "amd64-6.1", "amd64-6.1-high"
MIB = 1 << 20


def _without_hole(name: str, bench: Bench) -> Case:
    guest = bench.dump(HIGH)
    ranges = [(start, length) for start, length in guest.truth["ram"]]
    return Case(joined(guest, ranges, bench.folder / name), guest)


def _limes_raw(name: str, bench: Bench) -> Case:
    guest = bench.dump(name)
    return Case(joined(guest, system_ram(guest), bench.image), guest)


def _cut(name: str, at_least: int, bench: Bench) -> Case:
    guest = bench.dump(name)
    return Case(shortened(guest, behind_the_kernel(guest, at_least), bench.image), guest)


def _cut_before_btf(bench: Bench) -> Case:
    guest = bench.dump(MAIN)
    return Case(shortened(guest, bench.kernel(MAIN).blob.offset, bench.image), guest)


def _cut_in_btf(bench: Bench) -> Case:
    guest, blob = bench.dump(MAIN), bench.kernel(MAIN).blob
    return Case(shortened(guest, blob.offset + blob.size // 2, bench.image), guest)


def _with_gap(bench: Bench) -> Case:
    """LiME without the highest quarter of memory that lies behind the kernel."""
    guest = bench.dump(MAIN)
    end = sum(system_ram(guest)[-1])
    start = max(behind_the_kernel(guest, 0), end - end // 4)
    ranges = cut([(start, length) for start, length in guest.truth["ram"]], [(start, end - start)])
    return Case(write_lime(bench.folder / "memory.lime", guest.raw, 0, ranges), guest)


def _inside_a_host(before: int, bench: Bench) -> Case:
    """A guest's memory somewhere in its host's."""
    guest = bench.dump(MAIN)
    subprocess.run(["cp", "--sparse=always", guest.raw, bench.image], check=True)
    with bench.image.open("r+b") as file:
        data = file.read()
        file.seek(0)
        file.truncate(0)
        file.seek(before)
        file.write(data)
        file.write(bytes(range(256)) * (64 * MIB // 256))
    return Case(bench.image, guest)


def _pages_zeroed(bench: Bench) -> Case:
    """The tasks' own memory, as where a tool fills with zeros what it could not read."""
    guest, kernel = bench.dump(MAIN), bench.kernel(MAIN)
    end = sum(system_ram(guest)[-1])
    image = Path(shortened(guest, end, bench.image))
    start = -(-(kernel.blob.offset + 96 * MIB) // MIB) * MIB
    with image.open("r+b") as file:
        file.seek(start)
        file.write(bytes(max(0, end - start)))
    return Case(image, guest)


def _marked(bit: int, bench: Bench, wiped: bool = False, own: bool = False) -> Case:
    guest = bench.dump(MAIN)
    memory = open_memory(guest.raw)
    image = with_marks(guest, memory, identify_kernel(memory), bit, bench.image)
    if own:
        give_isf(bench.vol, bench.shared.isf(MAIN))
    if wiped:
        with image.open("r+b") as file:
            for offset in open_memory(guest.raw).find(b"OSRELEASE="):
                file.seek(offset)
                file.write(bytes(2048))
    return Case(image, guest)


def _without_note(name: str, bench: Bench) -> Case:
    return Case(without_vmcoreinfo(bench.dump(name), bench.image), bench.dump(name))


SITUATIONS = (
    Situation(GROUP, "a file without the hole below 4 GiB", lambda bench: _without_hole("memory.raw", bench)),
    Situation(GROUP, "a .vmem without its .vmss", lambda bench: _without_hole("memory.vmem", bench)),
    Situation(GROUP, "LiME's raw format, one piece", lambda bench: _limes_raw(MAIN, bench), is_cheap=True),
    Situation(GROUP, "LiME's raw format, memory above 4 GiB", lambda bench: _limes_raw(HIGH, bench)),
    Situation(GROUP, "cut at 3 GiB, or behind the kernel", lambda bench: _cut(HIGH, 3 << 30, bench)),
    Situation(GROUP, "cut at 4 GiB, or behind the kernel", lambda bench: _cut(HIGH, 4 << 30, bench)),
    Situation(
        GROUP,
        "cut 200 MiB behind 4 GiB, or behind the kernel",
        lambda bench: _cut(HIGH, (4 << 30) + 200 * MIB, bench),
    ),
    Situation(GROUP, "cut right behind the kernel", lambda bench: _cut(MAIN, 0, bench), is_cheap=True),
    Situation(GROUP, "cut before the kernel's BTF", _cut_before_btf, is_cheap=True),
    Situation(GROUP, "cut inside the kernel's BTF", _cut_in_btf),
    Situation(GROUP, "LiME without the highest quarter of memory", _with_gap),
    Situation(GROUP, "what lies 96 MiB behind the kernel's BTF is zeros", _pages_zeroed),
    Situation(GROUP, "a guest's memory 1 GiB into its host's", lambda bench: _inside_a_host(1 << 30, bench)),
    Situation(GROUP, "a guest's memory 4 KiB into a file", lambda bench: _inside_a_host(4096, bench)),
    Situation(GROUP, "VMCOREINFO wiped, 4 levels", lambda bench: _without_note(MAIN, bench)),
    Situation(GROUP, "VMCOREINFO wiped, 5 levels", lambda bench: _without_note("amd64-6.12-la57", bench)),
    Situation(MARKS, "bit 47 marks encrypted pages", lambda bench: _marked(47, bench)),
    Situation(MARKS, "bit 51 marks encrypted pages", lambda bench: _marked(51, bench)),
    Situation(MARKS, "bit 51, VMCOREINFO wiped", lambda bench: _marked(51, bench, wiped=True)),
    Situation(MARKS, "bit 51, the user has a symbol file", lambda bench: _marked(51, bench, own=True)),
)
