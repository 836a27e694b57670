# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The plain file under a layer, where there is one: opened once more, for reading past the framework."""

from __future__ import annotations

import io
import os
import stat
import urllib.response
from pathlib import Path

from volatility3.framework.layers import physical

from ....system import READ_FLAGS


def path_of(layer: physical.FileLayer) -> Path | None:
    """Where the layer's file lies, if it is a plain one (not decompressed, not remote)."""
    file = _plain(layer)
    return None if file is None else Path(os.fsdecode(file.name))


def reopened(layer: physical.FileLayer) -> int | None:
    """A descriptor of our own for the layer's file, if that is a plain one.

    The layer's own descriptor will not do: searching for holes moves its offset under the layer's buffer.
    """
    file = _plain(layer)
    if file is None:
        return None
    try:
        descriptor = os.open(file.name, READ_FLAGS)
    except (OSError, TypeError):
        return None
    if os.path.samestat(os.fstat(file.fileno()), os.fstat(descriptor)):
        return descriptor
    os.close(descriptor)
    return None


def _plain(layer: physical.FileLayer) -> io.BufferedReader | None:
    """The layer's file, if it is a plain one."""
    opened = layer._file
    if type(opened) is urllib.response.addinfourl:
        opened = opened.fp
    if type(opened) is not io.BufferedReader or not isinstance(opened.raw, io.FileIO):
        return None
    mode = os.fstat(opened.fileno()).st_mode
    return opened if stat.S_ISREG(mode) or stat.S_ISBLK(mode) else None
