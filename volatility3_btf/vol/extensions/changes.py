# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What newer kernels changed that the framework does not know: classes for the objects of our own tables.

Each is chosen by what the kernel's types have, never by its version, and steps aside as soon as the framework
has caught up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

from volatility3.framework.symbols.linux import extensions

from .folio import FolioInode, FolioPage
from .kernel_symbol import RelativeKernelSymbol
from .module_kobject import ModuleKobject
from .taint_flag import TaintFlag

_NOBODYS: Final = "no structure of any kernel"
"""Its class is the one of structures that the framework knows nothing of."""


@dataclass(frozen=True)
class Change:
    """A structure of the kernel that the framework takes for what it was.

    Attributes:
        struct: its name.
        our_class: the class for its objects.
        is_there: whether a table's kernel has the change.
        is_known: whether the framework has caught up.
    """

    struct: str
    our_class: type[Any]
    is_there: Callable[[Any], bool]
    is_known: Callable[[Any], bool]


def _has(table: Any, struct: str, *members: str) -> bool:
    """Whether a table has a structure with all of some members."""
    if struct not in table.types:
        return False
    found = table.get_type(struct)
    return all(found.has_member(member) for member in members)


def _has_folios(table: Any) -> bool:
    """Whether the page cache is made of folios, and what is needed of them is there."""
    later = any(_has(table, "page", name) for name in ("compound_head", "compound_info"))
    index = any(_has(table, "page", name) for name in ("index", "__folio_index"))
    return "folio" in table.types and later and index and _has(table, "xa_node", "shift", "slots")


CHANGES: Final = (
    Change(
        "taint_flag",
        TaintFlag,
        lambda table: _has(table, "taint_flag", "c_true") and not _has(table, "taint_flag", "module"),
        lambda table: table.get_type_class("taint_flag") is not table.get_type_class(_NOBODYS),
    ),
    Change("page", FolioPage, _has_folios, lambda _: hasattr(extensions.page, "index")),
    Change("inode", FolioInode, _has_folios, lambda _: hasattr(extensions.page, "index")),
    Change(
        "kobject",
        ModuleKobject,
        lambda table: _has(table, "module_notes_attrs", "grp") and _has(table, "module_kobject", "mod"),
        lambda table: table.get_type_class("kobject") is not extensions.kobject,
    ),
    Change(
        "kernel_symbol",
        RelativeKernelSymbol,
        lambda table: _has(table, "kernel_symbol", "name_offset", "value_offset"),
        lambda _: not hasattr(extensions.kernel_symbol, "_offset_to_ptr"),
    ),
)


def know_changes(table: Any) -> None:
    """Give a table of ours the classes that its kernel needs."""
    for change in CHANGES:
        if change.is_there(table) and not change.is_known(table):
            table.set_type_class(change.struct, change.our_class)
