# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Where else than in its lists a kernel has its modules and processes: what is asked when a list has a gap.

`module_kset` is what /sys/module shows, `mod_tree` finds the module of an address
(kernel/module/tree_lookup.c), `btf_modules` has those with types (kernel/bpf/btf.c). `init_pid_ns.idr` has
every task by its number (kernel/pid.c).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final, TypeAlias

from volatility3.framework import exceptions
from volatility3.framework.symbols import linux

from .pointers import Pointers
from .trees import TreeWalk

FAULTS: Final = (exceptions.VolatilityException, AttributeError)
"""What a witness that this kernel does not have, or that cannot be read, raises."""


def elsewhere(head: Any, what: str) -> dict[int, list[str]]:
    """Addresses of what a list should have, each with the names of the witnesses that have it.

    Args:
        head: an object of the kernel's table.
        what: "modules" or "processes"; there are no witnesses for anything else.
    """
    kernel = linux.LinuxUtilities.get_module_from_volobj_type(head._context, head)
    mask = int(kernel.context.layers[kernel.layer_name].address_mask)
    found: dict[int, list[str]] = {}
    for name, ask in WITNESSES.get(what, {}).items():
        try:
            told = {int(address) & mask for address in ask(kernel)}
        except FAULTS:
            continue
        for address in sorted(told - {0}):
            found.setdefault(address, []).append(name)
    return found


def _in_kset(kernel: Any) -> Iterator[int]:
    """By `struct module_kobject`; parts of the kernel have one too, with no module."""
    kset = kernel.object("pointer", offset=kernel.get_symbol("module_kset").address)
    kind = kernel.get_type("module_kobject")
    place = kind.relative_child_offset("kobj")
    folder = kernel.object("kset", offset=int(kset), absolute=True)
    for kobject in folder.list.to_list(f"{kernel.symbol_table_name}!kobject", "entry"):
        yield kernel.object("module_kobject", offset=kobject.vol.offset - place, absolute=True).mod


def _in_tree(kernel: Any) -> Iterator[int]:
    """By both trees of the latch; each module has a node for each of its pieces of memory."""
    trees = kernel.object("latch_tree_root", offset=kernel.get_symbol("mod_tree").address).tree
    kind = kernel.get_type("mod_tree_node")
    place, size = kind.relative_child_offset("node"), kernel.get_type("rb_node").size
    name = f"{kernel.symbol_table_name}!rb_root"
    pointers = Pointers(kernel.context, kernel.layer_name, name, "rb_node")
    for number, tree in enumerate(trees):
        for at in TreeWalk(pointers).nodes(int(tree.rb_node)):
            yield kernel.object("mod_tree_node", offset=at - place - number * size, absolute=True).mod


def _with_types(kernel: Any) -> Iterator[int]:
    head = kernel.object("list_head", offset=kernel.get_symbol("btf_modules").address)
    for entry in head.to_list(f"{kernel.symbol_table_name}!btf_module", "list"):
        yield entry.module


def _numbered(kernel: Any) -> Iterator[int]:
    """The tasks that are the first of their processes; `pid_links[0]` links a task to its own number."""
    namespace = kernel.object("pid_namespace", offset=kernel.get_symbol("init_pid_ns").address)
    place = kernel.get_type("task_struct").relative_child_offset("pid_links")
    for number in namespace.idr.get_entries():
        try:
            link = int(kernel.object("pid", offset=number, absolute=True).tasks[0].first)
            task = kernel.object("task_struct", offset=link - place, absolute=True)
            if link and task.is_valid() and task.pid == task.tgid:
                yield int(task.vol.offset)
        except exceptions.InvalidAddressException:
            continue


Ask: TypeAlias = Callable[[Any], Iterator[int]]

WITNESSES: Final[dict[str, dict[str, Ask]]] = {
    "modules": {"module_kset": _in_kset, "mod_tree": _in_tree, "btf_modules": _with_types},
    "processes": {"init_pid_ns.idr": _numbered},
}
"""By what they have, and the kernel's name for them."""
