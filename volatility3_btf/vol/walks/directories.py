# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Files in a directory (`struct dentry`, include/linux/dcache.h): each says which directory it is in."""

from __future__ import annotations

from typing import Any, Final

from volatility3.framework import exceptions

FILES: Final = "files in a directory"
"""What the lists hold, for the user."""


def is_in_directory(file: Any, directory: Any) -> bool | None:
    """Whether a file's `d_parent` is a directory; None where it cannot be read.

    Args:
        file: a `struct dentry`.
        directory: another one.
    """
    try:
        return bool(file.d_parent == directory.vol.offset)
    except (exceptions.VolatilityException, AttributeError):
        return None
