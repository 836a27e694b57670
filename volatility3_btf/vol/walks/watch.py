# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The classes that walk lists and trees, for a table's objects."""

from __future__ import annotations

from typing import Final

from volatility3.framework.symbols import linux

from .chains import WatchedChain
from .mappings import WatchedMapleTree, WatchedMappings
from .numbered import WatchedIdr
from .open_files import WatchedFiles
from .rings import WatchedList
from .trees import WatchedTree

CLASSES: Final = {
    "list_head": WatchedList,
    "hlist_head": WatchedChain,
    "rb_root": WatchedTree,
    "idr": WatchedIdr,
    "maple_tree": WatchedMapleTree,
    "mm_struct": WatchedMappings,
    "files_struct": WatchedFiles,
}
"""By the structure's name."""


def watch_walks(table: linux.LinuxKernelIntermedSymbols) -> None:
    """Have a kernel's lists and trees walked by our classes, ours or the user's own as the table may be.

    A structure that the table does not have stays without.
    """
    for struct, kind in CLASSES.items():
        table.optional_set_type_class(struct, kind)
