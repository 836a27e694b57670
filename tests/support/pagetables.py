# SPDX-License-Identifier: Apache-2.0
"""Real page tables, changed: copies of dumps as confidential guests have them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dumpmaker.cache import Dump
from volatility3_btf.btf import Struct
from volatility3_btf.kernel import Kernel
from volatility3_btf.kernel.address_space import translate
from volatility3_btf.memory.memory import Memory

PAGE = 4096
FRAME = 0x000F_FFFF_FFFF_F000
PRESENT, LARGE = 1, 1 << 7


def with_marks(dump: Dump, memory: Memory, kernel: Kernel, bit: int, target: Path) -> Path:
    """A copy of a raw image in which a bit is set in all present entries of all page tables.

    So AMD's SEV marks encrypted pages. What VMCOREINFO says of it (`sme_mask`) is told too.
    """
    subprocess.run(["cp", "--sparse=always", str(dump.raw), str(target)], check=True)
    assert kernel.page_tables is not None
    done: set[int] = set()
    with target.open("r+b") as file:
        for root in (kernel.page_tables.root, *_process_tables(memory, kernel)):
            _mark(file.fileno(), root, 4, 1 << bit, done)
        for place in memory.find(b"NUMBER(sme_mask)=0\n"):
            end = memory.read(place, PAGE // 2).index(b"\0")
            rest = memory.read(place + len("NUMBER(sme_mask)=0\n"), end)
            file.seek(place)
            file.write((b"NUMBER(sme_mask)=%d\n" % (1 << bit) + rest)[: end + 16])
    return target


def _mark(descriptor: int, table: int, level: int, mark: int, done: set[int]) -> None:
    content = os.pread(descriptor, PAGE, table)
    if table in done or len(content) < PAGE:
        return
    done.add(table)
    entries = np.frombuffer(content, "<u8").copy()
    present = (entries & PRESENT).astype(bool)
    if level > 1:
        for entry in entries[present & ((entries & LARGE) == 0)]:
            _mark(descriptor, int(entry) & FRAME, level - 1, mark, done)
    entries[present] |= np.uint64(mark)
    os.pwrite(descriptor, entries.tobytes(), table)


def _process_tables(memory: Memory, kernel: Kernel) -> Iterator[int]:
    """Where the top page tables of all processes lie."""
    task, mm = kernel.blob.types["task_struct"], kernel.blob.types["mm_struct"]
    assert isinstance(task, Struct) and isinstance(mm, Struct) and kernel.symbols is not None
    first = kernel.symbols.get("init_task")
    assert first is not None
    at, tasks = number(memory, kernel, first + task["tasks"].offset), task["tasks"].offset
    while at != first + tasks:
        space = number(memory, kernel, at - tasks + task["mm"].offset)
        if space:
            yield place(memory, kernel, number(memory, kernel, space + mm["pgd"].offset))
        at = number(memory, kernel, at)


def place(memory: Memory, kernel: Kernel, address: int) -> int:
    """Where a virtual address lies in the image."""
    assert kernel.page_tables is not None and kernel.page_tables.levels is not None
    found = translate(memory, kernel.page_tables.root, kernel.page_tables.levels, address)
    assert found is not None
    return found


def number(memory: Memory, kernel: Kernel, address: int) -> int:
    """The eight bytes at a virtual address."""
    return int.from_bytes(memory.read(place(memory, kernel, address), 8), "little")
