# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The user's files: his folder of symbols, the URLs that Volatility has, and opening without ever waiting."""

from __future__ import annotations

import errno
import os
import stat
import urllib.parse
import urllib.request
from pathlib import Path
from typing import BinaryIO

from volatility3 import framework
from volatility3.framework import constants

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


def users_symbols() -> Path | None:
    """The user's own folder among those where Volatility looks for symbol files; it has none before 2.28."""
    last = Path(constants.SYMBOL_BASEPATHS[-1])
    return None if Path(framework.__file__).parent in last.parents else last


def searched_symbols() -> Path:
    """The folder for symbol files of the user's that every run of Volatility looks into."""
    return users_symbols() or Path(constants.SYMBOL_BASEPATHS[-2])
