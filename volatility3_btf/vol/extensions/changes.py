# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the framework does not know of newer and of big-endian kernels: classes for objects of our own tables.

Each is chosen by what the kernel's types have, never by its version, when the first object of its kind is
made; and it steps aside as soon as the framework has caught up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from volatility3.framework import objects
from volatility3.framework.symbols.linux import extensions

from .folio import FolioInode, FolioPage
from .inet_sock import InetSock
from .interface_address import Inet6Ifaddr, InIfaddr
from .kernel_symbol import RelativeKernelSymbol
from .module import NamingModule
from .module_kobject import ModuleKobject
from .taint_flag import TaintFlag
from .traced_function import TracedFunction

if TYPE_CHECKING:
    from ...btf import Types


@dataclass(frozen=True)
class Change:
    """A structure of the kernel that the framework takes for what it was.

    Attributes:
        our_class: the class for its objects.
        is_there: whether a kernel's types have the change.
        is_known: whether the framework has caught up, by its class for the structure.
    """

    our_class: type[Any]
    is_there: Callable[[Types], bool]
    is_known: Callable[[type[Any]], bool]


def _has(types: Types, struct: str, *members: str) -> bool:
    """Whether there is a structure with all of some members."""
    from ...btf import Composite, Kind

    found = types.find(struct, Kind.STRUCT)
    return isinstance(found, Composite) and all(member in found for member in members)


def _has_folios(types: Types) -> bool:
    """Whether the page cache is made of folios, and what is needed of them is there."""
    later = any(_has(types, "page", name) for name in ("compound_head", "compound_info"))
    index = any(_has(types, "page", name) for name in ("index", "__folio_index"))
    return _has(types, "folio") and later and index and _has(types, "xa_node", "shift", "slots")


CHANGES: Final = {
    "taint_flag": Change(
        TaintFlag,
        lambda types: _has(types, "taint_flag", "c_true") and not _has(types, "taint_flag", "module"),
        lambda known: known is not objects.AggregateType,
    ),
    "page": Change(FolioPage, _has_folios, lambda _: hasattr(extensions.page, "index")),
    "inode": Change(FolioInode, _has_folios, lambda _: hasattr(extensions.page, "index")),
    "kobject": Change(
        ModuleKobject,
        lambda types: _has(types, "module_notes_attrs", "grp") and _has(types, "module_kobject", "mod"),
        lambda known: known is not extensions.kobject,
    ),
    "module": Change(
        NamingModule,
        lambda types: _has(types, "module", "kallsyms", "list"),
        lambda known: known is not extensions.module,
    ),
    "kernel_symbol": Change(
        RelativeKernelSymbol,
        lambda types: _has(types, "kernel_symbol", "name_offset", "value_offset"),
        lambda known: not hasattr(known, "_offset_to_ptr"),
    ),
    "inet_sock": Change(
        InetSock,
        lambda types: (
            _has(types, "sock_common", "skc_v6_daddr")
            and (_has(types, "ipv6_pinfo", "daddr") or types.header.endian == "big")
        ),
        lambda known: known is not extensions.network.inet_sock,
    ),
    "ftrace_func_entry": Change(
        TracedFunction,
        lambda types: _has(types, "ftrace_func_entry", "ip"),
        lambda known: known is not objects.AggregateType,
    ),
}
"""By the structure's name."""

BIG_ENDIAN: Final = {
    "in_ifaddr": Change(
        InIfaddr,
        lambda types: _has(types, "in_ifaddr", "ifa_address") and types.header.endian == "big",
        lambda known: known is not extensions.network.in_ifaddr,
    ),
    "inet6_ifaddr": Change(
        Inet6Ifaddr,
        lambda types: _has(types, "inet6_ifaddr", "addr") and types.header.endian == "big",
        lambda known: known is not extensions.network.inet6_ifaddr,
    ),
}
"""What the framework reads the wrong way round of big-endian kernels, likewise."""


def class_of(struct: str, known: type[Any], types: Types) -> type[Any]:
    """The class for a structure's objects: ours where the framework does not know what the kernel has.

    Args:
        struct: its name.
        known: the framework's class for it.
        types: the kernel's.
    """
    change = CHANGES.get(struct) or BIG_ENDIAN.get(struct)
    is_due = change is not None and change.is_there(types) and not change.is_known(known)
    return change.our_class if change is not None and is_due else known
