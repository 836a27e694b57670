# SPDX-License-Identifier: Apache-2.0
"""Pointers that every running kernel holds: they tell where it lies, or confirm it.

Each pair is a variable and a symbol that it points to. Before relocation the pointers have their link-time
values, so only a kernel that has run agrees with its run-time addresses.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import numpy as np

from ...arrays import Uint64s
from ...bits import ALL_BITS
from ...memory.addresses import Place
from ...memory.gaps import is_blank, read_filled
from ...memory.memory import Memory
from ..kallsyms.tokens import Endian

PAIRS = (
    ("init_task", "init_task"),  # task_struct.real_parent, .parent, .group_leader
    ("init_task", "init_cred"),
    ("init_task", "init_nsproxy"),
    ("init_task", "init_fs"),
    ("init_task", "init_files"),
    ("init_nsproxy", "init_uts_ns"),
    ("init_nsproxy", "init_ipc_ns"),
    ("init_mm", "swapper_pg_dir"),
    ("init_mm", "init_top_pgt"),
    ("init_uts_ns", "init_user_ns"),
    ("kallsyms_proc_ops", "kallsyms_open"),
    ("kallsyms_proc_ops", "seq_read"),
    ("sys_call_table", "__x64_sys_read"),
    ("sys_call_table", "__arm64_sys_io_setup"),
    ("sys_call_table", "__s390x_sys_exit"),
    ("sys_call_table", "__riscv_sys_io_setup"),
)
"""(variable, what it points to), as include/linux/init_task.h and its neighbours set them."""

REACH = 16 << 10
"""Bytes of a variable that are looked at (task_struct has 5 to 14 KB)."""

_PAGE = 4096

Where = Callable[[str], int | None]
"""Takes a symbol's name."""


def shifts(memory: Memory, where: Where, endian: Endian) -> Counter[int]:
    """Distances virtual − layer that the pointers speak for, with how many pairs do.

    Args:
        memory: the image.
        where: the address in the layer of a symbol that stands once, or None.
        endian: byte order of the kernel.
    """
    votes: Counter[int] = Counter()
    for variable, target in PAIRS:
        start, goal = where(variable), where(target)
        if start is None or goal is None:
            continue
        words = _words(memory, start, endian)
        candidates = words - np.uint64(goal & ALL_BITS)
        votes.update(set(candidates[(candidates % _PAGE == 0) & (words != 0)].tolist()))
    return votes


def agreeing(memory: Memory, where: Where, shift: int, endian: Endian) -> tuple[int, int]:
    """How many of the pairs agree with a distance virtual − layer, and how many could be looked at.

    A variable of which a page was not acquired, or is blank, has not been looked at where no pointer agrees.
    """
    agreed = seen = 0
    for variable, target in PAIRS:
        start, goal = where(variable), where(target)
        if start is None or goal is None:
            continue
        if bool((_words(memory, start, endian) == np.uint64(goal + shift & ALL_BITS)).any()):
            agreed += 1
        elif any(is_blank(memory, Place(page)) for page in range(start, start + REACH, _PAGE)):
            continue
        seen += 1
    return agreed, seen


def _words(memory: Memory, start: int, endian: Endian) -> Uint64s:
    data, _ = read_filled(memory, start, REACH)
    return np.frombuffer(data, "<u8" if endian == "little" else ">u8").astype(np.uint64)
