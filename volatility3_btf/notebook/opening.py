# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""How an image is opened."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

from .image import Image
from .running import names
from .running.session import Session


def open_image(
    image: str | os.PathLike[str],
    *,
    kernel: str | int = "",
    output: str | os.PathLike[str] = ".",
    plugin_dirs: Sequence[str | os.PathLike[str]] = (),
    progress: bool = True,
) -> Image:
    """Open a memory image; nothing of it is read before it is needed.

    Args:
        image: the file, of any format that Volatility or this project reads.
        kernel: which of several kernels to use: its release, or the address of its BTF. By default the one
            that was running.
        output: the folder for files that plugins write.
        plugin_dirs: more folders with plugins, as for `vol -p`; they apply to the whole process.
        progress: whether to show progress bars.

    Raises:
        NoImageError: there is no such file, or it cannot be searched (a pipe, a folder).
    """
    names.add_folders(plugin_dirs)
    wanted = hex(kernel) if isinstance(kernel, int) else kernel
    return Image(Session(Path(image).expanduser(), wanted, Path(output), progress))
