# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Files that plugins write in a session: into its output folder, under a name that is free, whole or not."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from volatility3.framework import interfaces


class OutputFile(interfaces.plugins.FileHandlerInterface):
    """Writes aside; what is closed has its final name, with a number where that is taken.

    Attributes:
        folder: where the files go; it is made when the first one is opened.
        written: each finished file is added to it.
    """

    folder: Path
    written: list[Path]

    def __init__(self, filename: str) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        descriptor, self._name = tempfile.mkstemp(prefix="tmp_", suffix=".vol3", dir=self.folder)
        self._file = os.fdopen(descriptor, "w+b")
        super().__init__(self.sanitize_filename(filename))
        for name in ("write", "read", "readinto", "seek", "tell", "truncate", "flush", "fileno"):
            setattr(self, name, getattr(self._file, name))
        for name in ("writable", "readable", "seekable"):
            setattr(self, name, lambda: True)

    @property
    def closed(self) -> bool:
        """Whether it has its final name."""
        return self._file.closed

    def close(self) -> None:
        """Give it its final name."""
        if self._file.closed:
            return
        final = _free(self.folder, str(self._preferred_filename))
        self.preferred_filename = final.name
        self._file.close()
        os.rename(self._name, final)
        self.written.append(final)


def handler(folder: Path, written: list[Path]) -> type[interfaces.plugins.FileHandlerInterface]:
    """The class that plugins of one run open their files with."""
    return type("RunsOutputFile", (OutputFile,), {"folder": folder, "written": written})


def _free(folder: Path, name: str) -> Path:
    """A path that nothing has yet."""
    path, number = folder / name, 0
    while os.path.lexists(path):
        number += 1
        path = folder / f"{Path(name).stem}-{number}{Path(name).suffix}"
    return path
