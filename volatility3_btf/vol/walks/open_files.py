# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The open files of a process: the user is told of a table that is passed over."""

from __future__ import annotations

from typing import Any, Final

from volatility3.framework.symbols.linux import extensions

from .told import tell

MOST_FILES: Final = 500_000
"""Open files of one process; the framework passes over a process that has room for more."""


class WatchedFiles(extensions.files_struct):
    """`struct files_struct` (include/linux/fdtable.h)."""

    def get_max_fds(self) -> Any:
        """How many there is room for."""
        found = super().get_max_fds()
        if int(found) > MOST_FILES:
            text = f"a process has room for {int(found)} open files by its table, which is passed over"
            place = int(self.vol.offset)
            said = f"What is shown is not complete: {text}"
            tell(self._context, "open files", self.vol.layer_name, place, said)
        return found
