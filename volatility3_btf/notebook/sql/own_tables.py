# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Tables that are no plugin's: which plugins there are, what was run, the kernel and its symbols."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import numpy as np
import pyarrow as pa

from ..errors import NoKernelError
from ..running import names
from ..running.options import options_of
from .tables import Table

if TYPE_CHECKING:
    from ..running.runs import Runs


def _plugins(image: Runs) -> Table:
    listed = names.every()
    columns = {
        "table_name": [each.short for each in listed],
        "name": [each.name for each in listed],
        "about": [each.about for each in listed],
        "options": [list(options_of(each)) for each in listed],
    }
    comments = ("what the table is called", "what vol calls the plugin", "what it shows", "its options")
    return Table("plugins", pa.table(columns), ABOUT["plugins"], comments)


def _runs(image: Runs) -> Table:
    from ..save import described

    return Table("runs", described(image.results), ABOUT["runs"])


def _kernels(image: Runs) -> Table:
    found = image.kernels
    columns = {
        "release": [each.release for each in found],
        "architecture": [each.architecture for each in found],
        "state": [each.state for each in found],
        "life": [each.life for each in found],
        "btf_offset": pa.array([each.blob.offset for each in found], pa.uint64()),
        "btf_sha256": [each.blob.sha256 for each in found],
        "kaslr_shift": pa.array([each.kaslr_shift for each in found], pa.int64()),
        "evidence": pa.array([list(each.evidence) for each in found], pa.list_(pa.string())),
        "doubts": pa.array([list(each.doubts) for each in found], pa.list_(pa.string())),
    }
    return Table("kernels", pa.table(columns), ABOUT["kernels"], addresses=frozenset({"btf_offset"}))


def _symbols(image: Runs) -> Table:
    symbols = image.kernels[0].symbols
    if symbols is None:
        raise NoKernelError("The kernel's symbols (kallsyms) could not be read")
    letters = np.asarray(symbols.letters, np.uint8).tobytes().decode("latin-1")
    columns = {
        "address": pa.array(symbols.addresses, pa.uint64()),
        "type": pa.array(list(letters), pa.string()),
        "name": pa.array(symbols.names, pa.string()),
    }
    comments = ("where it is: an address", "the letter that nm(1) prints", "the symbol")
    return Table(
        "kernel_symbols",
        pa.table(columns),
        ABOUT["kernel_symbols"],
        comments,
        frozenset({"address"}),
        image.lines,
    )


ABOUT: Final = {
    "plugins": "the tables that are plugins, and what each one shows",
    "runs": "what was run so far, with which options, and what was said meanwhile",
    "kernels": "the kernels in the image, the one that plugins get first, with evidence and doubts",
    "kernel_symbols": "the kernel's own symbols at run-time addresses, as /proc/kallsyms has them",
}

MAKERS: Final[dict[str, Callable[[Runs], Table]]] = {
    "plugins": _plugins,
    "runs": _runs,
    "kernels": _kernels,
    "kernel_symbols": _symbols,
}

CHANGING: Final = ("runs",)
"""Those that are made anew for each query."""
