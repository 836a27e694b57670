# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Files of the user's: by the URLs that Volatility has for them, and opened without ever waiting."""

from __future__ import annotations

import errno
import os
import stat
import urllib.parse
import urllib.request
from pathlib import Path
from typing import BinaryIO

from ..system import READ_FLAGS


def open_regular(path: Path) -> BinaryIO:
    """Open a regular file to read it.

    Raises:
        OSError: it cannot be opened, or is a folder, a pipe, a socket or a device, which may never answer.
    """
    descriptor = os.open(path, READ_FLAGS)
    if not stat.S_ISREG(os.fstat(descriptor).st_mode):
        os.close(descriptor)
        raise OSError(errno.EINVAL, "not a regular file", str(path))
    return os.fdopen(descriptor, "rb")


def local_path(url: str) -> Path | None:
    """The file that a URL names, one on another machine's share too; None for what is no file."""
    parts = urllib.parse.urlparse(url)
    if parts.scheme != "file":
        return None
    share = "" if parts.netloc in ("", "localhost") else f"//{parts.netloc}"
    try:
        return Path(urllib.request.url2pathname(share + parts.path))
    except (OSError, ValueError):
        return None
