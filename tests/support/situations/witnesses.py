# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Types, symbols and lists that are not what memory says; memory that changed while it was taken."""

from __future__ import annotations

import struct
from collections.abc import Callable

from support.exchanging import exchange_members, exchange_symbols
from support.overlay import PAGE
from support.pagetables import number, place
from support.pluginruns import give_isf
from support.renaming import rename
from support.situations.bench import Bench, Case, Situation
from support.volrunner import Result
from volatility3_btf import open_memory
from volatility3_btf.btf import Struct

LISTS, TABLES = "lists that end early", "types and symbols against memory"
MAIN, LA57, TORN_DUMP = "amd64-6.1", "amd64-6.12-la57", "amd64-6.1-torn"
NOWHERE = struct.pack("<Q", 0xFFFF_8000_0000_1000)
"""A pointer into the hole between the two halves of the address space."""


def _head(bench: Bench, name: str) -> int:
    """The address of `init_task.tasks`, or of `modules`."""
    kernel = bench.kernel(MAIN)
    assert kernel.symbols is not None
    address, task = kernel.symbols.get(name), kernel.blob.types["task_struct"]
    assert address is not None and isinstance(task, Struct)
    return address + (task["tasks"].offset if name == "init_task" else 0)


def _broken(
    bench: Bench, name: str, kept: int, data: bytes, words: tuple[str, ...], own: bool = False
) -> Case:
    """A ring that leads elsewhere behind some of its elements, and right away when walked backwards."""
    memory, kernel, guest = open_memory(bench.dump(MAIN).raw), bench.kernel(MAIN), bench.dump(MAIN)
    at = _head(bench, name)
    for _ in range(kept):
        at = number(memory, kernel, at)
    image = bench.overlay(MAIN)
    image.write(place(memory, kernel, at), data)
    image.write(place(memory, kernel, _head(bench, name) + 8), data)
    if own:
        give_isf(bench.vol, bench.shared.isf(MAIN))
    return Case(bench.saved(image), guest, (), words, None if name == "init_task" else _modules_of(bench))


def _modules_of(bench: Bench) -> Callable[[Result], bool]:
    there = {module["name"] for module in bench.dump(MAIN).truth["modules"]}
    return lambda result: {row["Module Name"] for row in result.rows} == there


def _tasks(bench: Bench, kept: int, data: bytes | None = None, own: bool = False) -> Case:
    head = struct.pack("<Q", _head(bench, "init_task"))
    return _broken(bench, "init_task", kept, head if data is None else data, ("linux.pslist",), own)


def _no_first_task(bench: Bench) -> Case:
    image, at = bench.overlay(MAIN), bench.kernel(MAIN).find("init_task")
    assert at is not None
    image.blank(range(at // PAGE, at // PAGE + 3))
    return Case(bench.saved(image), bench.dump(MAIN))


def _four_levels(bench: Bench) -> Case:
    give_isf(bench.vol, bench.shared.isf(LA57))
    return Case(bench.dump(LA57).raw, bench.dump(LA57), ("--no-btf",))


def _members(one: str, other: str, bench: Bench) -> Case:
    image = bench.overlay(MAIN)
    exchange_members(image, bench.kernel(MAIN), "task_struct", one, other)
    return Case(bench.saved(image), bench.dump(MAIN))


def _symbols(one: str, other: str, bench: Bench) -> Case:
    image = bench.overlay(MAIN)
    exchange_symbols(image, bench.kernel(MAIN), one, other)
    return Case(bench.saved(image), bench.dump(MAIN))


def _torn(share: int, bench: Bench) -> Case:
    """Memory of two moments: every so manyth MiB is of the earlier one."""
    guest, mib = bench.dump(TORN_DUMP), 1 << 20
    image = bench.overlay(TORN_DUMP)
    with guest.earlier.open("rb") as earlier:
        for start in range(0, image.end, share * mib):
            earlier.seek(start)
            image.write(start, earlier.read(mib))
    return Case(bench.saved(image), guest)


def _no_kallsyms(bench: Bench) -> Case:
    kernel, image = bench.kernel(MAIN), bench.overlay(MAIN)
    assert kernel.symbols is not None
    at = kernel.physical(kernel.symbols.tables["kallsyms_names"])
    assert at is not None
    image.write(at, bytes(1 << 16))
    return Case(bench.saved(image), bench.dump(MAIN))


def _no_btf(bench: Bench) -> Case:
    blob, image = bench.kernel(MAIN).blob, bench.overlay(MAIN)
    image.write(blob.offset, bytes(blob.size))
    return Case(bench.saved(image), bench.dump(MAIN))


def _damaged_btf(bench: Bench) -> Case:
    """Every fourth page of its types is zeros."""
    blob, image = bench.kernel(MAIN).blob, bench.overlay(MAIN)
    start = blob.offset + blob.header.type_start
    image.blank(range(start // PAGE + 1, (start + blob.header.type_len) // PAGE, 4))
    return Case(bench.saved(image), bench.dump(MAIN))


def _thin_lto(bench: Bench) -> Case:
    image = bench.overlay(MAIN)
    rename(image, bench.kernel(MAIN), {"tk_core": "tk_core.llvm.1234567890123456"})
    return Case(bench.saved(image), bench.dump(MAIN))


def _other_processor(name: str, bench: Bench) -> Case:
    return Case(bench.dump(name).raw, bench.dump(name))


SITUATIONS = (
    Situation(LISTS, "the list of tasks breaks behind 20", lambda bench: _tasks(bench, 20, NOWHERE)),
    Situation(
        LISTS, "the same, the user has a symbol file", lambda bench: _tasks(bench, 20, NOWHERE, own=True)
    ),
    Situation(LISTS, "the list of tasks comes round behind 20", lambda bench: _tasks(bench, 20)),
    Situation(LISTS, "the list of tasks is empty", lambda bench: _tasks(bench, 0)),
    Situation(LISTS, "the list of tasks starts with NULL", lambda bench: _tasks(bench, 0, bytes(8))),
    Situation(LISTS, "init_task is zeros", _no_first_task),
    Situation(
        LISTS,
        "the list of modules breaks behind 5",
        lambda bench: _broken(bench, "modules", 5, NOWHERE, ("linux.lsmod",)),
    ),
    Situation(LISTS, "5 levels, a symbol file of the user's and --no-btf", _four_levels),
    Situation(LISTS, "half of memory is of an earlier moment", lambda bench: _torn(2, bench)),
    Situation(LISTS, "a tenth of memory is of an earlier moment", lambda bench: _torn(10, bench)),
    Situation(TABLES, "pid and tgid exchanged", lambda bench: _members("pid", "tgid", bench)),
    Situation(TABLES, "tasks and children exchanged", lambda bench: _members("tasks", "children", bench)),
    Situation(
        TABLES, "real_parent and parent exchanged", lambda bench: _members("real_parent", "parent", bench)
    ),
    Situation(
        TABLES,
        "the symbols init_task and init_mm exchanged",
        lambda bench: _symbols("init_task", "init_mm", bench),
    ),
    Situation(
        TABLES,
        "the symbols init_task and modules exchanged",
        lambda bench: _symbols("init_task", "modules", bench),
    ),
    Situation(
        TABLES,
        "the symbols init_top_pgt and level3_kernel_pgt exchanged",
        lambda bench: _symbols("init_top_pgt", "level3_kernel_pgt", bench),
    ),
    Situation(TABLES, "kallsyms' names are zeros, in part", _no_kallsyms),
    Situation(TABLES, "the kernel's BTF is zeros", _no_btf),
    Situation(TABLES, "a quarter of the types' pages is zeros", _damaged_btf),
    Situation(TABLES, "ThinLTO: tk_core.llvm.1234567890123456", _thin_lto),
    Situation(
        TABLES, "a kernel for arm64", lambda bench: _other_processor("arm64-6.12", bench), is_cheap=True
    ),
    Situation(
        TABLES, "a kernel for arm64, without KALLSYMS_ALL", lambda bench: _other_processor("arm64-6.1", bench)
    ),
    Situation(TABLES, "a kernel for s390x", lambda bench: _other_processor("s390x-6.12", bench)),
    Situation(
        TABLES,
        "a kernel for s390x, without BTF",
        lambda bench: _other_processor("s390x-6.1", bench),
        is_cheap=True,
    ),
)
