# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Whether a symbol file of the user's can serve: it has what Volatility must have, and is of this kernel."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from ...bits import ALL_BITS
from ..lines import as_linux_shows

if TYPE_CHECKING:
    from ...kernel import Kernel

MEMBERS: Final = ("comm", "pid", "tasks", "mm")
"""Members of `struct task_struct` without which no process can be shown."""

_FIRST: Final = "init_task"


def unfit(table: Any, kernel: Kernel | None) -> str:
    """Why a symbol table that was read cannot serve; empty if it can.

    The file's class has seen to the types that Volatility registers classes for; what is looked at here, it
    would miss only when a plugin asks.

    Args:
        table: the table, in a context.
        kernel: the kernel in the image, if its BTF is there.
    """
    symbols, types = table.symbols, table.types
    if _FIRST not in symbols:
        return f"it has no symbol {_FIRST}"
    if "task_struct" not in types:
        return "it has no type task_struct"
    task = table.get_type("task_struct")
    missing = [name for name in MEMBERS if not task.has_member(name)]
    if missing:
        return f"its task_struct has no member {', '.join(missing)}"
    return "" if kernel is None else _of_another_build(table, kernel)


def of_another_image(table: Any, kernel: Kernel | None) -> bool:
    """Whether `linux.btfisf` made a table, and not from what this image holds.

    Its metadata has a hash of all that it was made of; tables of earlier versions have none, and are taken
    for another image's.
    """
    from ...isf.document import PRODUCER
    from ...kernel.stored import digest_of

    if kernel is None or table.producer.name != PRODUCER["name"]:
        return False
    sources = table.metadata.get_symbols_sources() if table.metadata else []
    return digest_of(kernel) not in [source.get("hash_value") for source in sources if source]


def _of_another_build(table: Any, kernel: Kernel) -> str:
    """Two builds of one release differ in where symbols lie; the image's are known only if it is exact."""
    known = None if kernel.symbols is None else kernel.symbols.get(_FIRST)
    if kernel.state != "exact" or known is None or kernel.kaslr_shift is None:
        return ""
    mask = table.config.get("symbol_mask", 0) or ALL_BITS
    linked = (known - kernel.kaslr_shift) & mask
    told = table.get_symbol(_FIRST).address & mask
    if told == linked:
        return ""
    there, here = (as_linux_shows(address, mask.bit_length()) for address in (told, linked))
    return f"it is of another build: {_FIRST} is at {there:#x} there, and at {here:#x} in this kernel"
