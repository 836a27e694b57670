# SPDX-License-Identifier: Apache-2.0
"""What well-known members are in the kernel's sources: of another type they read as other values, or as less.

All have been so in all kernels with BTF, 5.10 to 7.3 tried (include/linux/sched.h, module.h).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from ..btf import Array, Int, Kind, Ptr, Struct, Type, Types
from .structures import struct_of

INTEGERS: Final = {
    "char": 1,
    "signed char": 1,
    "unsigned char": 1,
    "short int": 2,
    "short unsigned int": 2,
    "int": 4,
    "unsigned int": 4,
    "long int": 8,
    "long unsigned int": 8,
    "long long int": 8,
    "long long unsigned int": 8,
}
"""Bytes of C's integers on 64-bit machines."""

POINTERS: Final = {
    "task_struct": {
        "real_parent": "task_struct",
        "parent": "task_struct",
        "group_leader": "task_struct",
        "mm": "mm_struct",
        "active_mm": "mm_struct",
        "real_cred": "cred",
        "cred": "cred",
        "fs": "fs_struct",
        "files": "files_struct",
        "nsproxy": "nsproxy",
        "signal": "signal_struct",
    },
    "list_head": {"next": "list_head", "prev": "list_head"},
}
"""What members point to."""

OWN_POINTERS: Final = (
    ("real_parent", "init_task"),
    ("parent", "init_task"),
    ("group_leader", "init_task"),
    ("real_cred", "init_cred"),
    ("cred", "init_cred"),
    ("fs", "init_fs"),
    ("files", "init_files"),
    ("nsproxy", "init_nsproxy"),
    ("signal", "init_signals"),
    ("sighand", "init_sighand"),
    ("thread_pid", "init_struct_pid"),
)
"""Members of `init_task` and the variables that they point to (init/init_task.c)."""

INSIDE: Final = {
    "task_struct": {"tasks": "list_head", "children": "list_head", "sibling": "list_head"},
    "module": {"list": "list_head"},
}
"""Structures that members are."""

NUMBERS: Final = {"task_struct": {"pid": 4, "tgid": 4, "exit_state": 4, "start_time": 8}}
"""Bytes of members that are numbers."""

TEXTS: Final = {"task_struct": {"comm": 16}, "module": {"name": 56}}
"""Bytes of members that are texts (TASK_COMM_LEN, MODULE_NAME_LEN)."""


def misshapen(types: Types) -> list[str]:
    """Members and integers that are of another type than in the sources; those that are not there are passed.

    Args:
        types: the kernel's, of 64 bits.
    """
    wrong = [name for name, size in INTEGERS.items() if not _is_of_bits(types.find(name, Kind.INT), size)]
    wrong += _differing(
        types, POINTERS, lambda of, name: isinstance(of, Ptr) and of.type.strip().name == name
    )
    wrong += _differing(types, INSIDE, lambda of, name: isinstance(of, Struct) and of.name == name)
    wrong += _differing(types, NUMBERS, _is_of_bits)
    wrong += _differing(types, TEXTS, lambda of, size: isinstance(of, Array) and of.size == size)
    return wrong


def _differing(
    types: Types, table: Mapping[str, Mapping[str, Any]], fits: Callable[[Type | None, Any], bool]
) -> Iterator[str]:
    """The members of a table that are not what it says."""
    for name, members in table.items():
        struct = struct_of(types, name)
        for member, expected in members.items():
            found = None if struct is None else struct.get(member)
            if found is not None and (found.bit_size or not fits(found.type.strip(), expected)):
                yield f"{name}.{member}"


def _is_of_bits(found: object, size: int) -> bool:
    """Whether an integer, if there is one, takes so many bytes, all of them."""
    return found is None or (isinstance(found, Int) and (found.size, found.bits) == (size, 8 * size))
