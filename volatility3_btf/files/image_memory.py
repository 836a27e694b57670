# SPDX-License-Identifier: Apache-2.0
"""Memory that lies in an open file."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from typing_extensions import Self

from ..memory.memory import Memory


class ImageMemory(Memory):
    """Memory that lies in an open file, which closes with it; use it as a context manager, or `close` it."""

    _file = -1

    def close(self) -> None:
        """Close the file. Reading afterwards raises UnreadableError."""
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __del__(self) -> None:
        self.close()
