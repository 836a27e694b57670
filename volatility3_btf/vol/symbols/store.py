# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernels that were found in images, kept as symbol tables for later runs.

They lie in the folder `symbols/btf` of Volatility's cache. Their suffix is not one of those that Volatility's
own cache looks for: a table from here serves the very kernel it was made of, and can never take the place of
a symbol file that the user put there. Any of the files may be deleted at any time.

A file's name has the kernel's release, the hash of its BTF, and a hash of all that is in the file: the BTF,
the banner and the symbols. So another build with the same banner has another file, and so has an image whose
kallsyms was damaged or forged. `isf.compact` knows what is inside. All of them together have a bound, beyond
which the oldest go.
"""

from __future__ import annotations

import contextlib
import logging
import time
from pathlib import Path
from typing import TYPE_CHECKING

from volatility3.framework import constants

from ..files import local_path, open_regular, users_symbols

if TYPE_CHECKING:
    from ...kernel import Kernel

log = logging.getLogger(__name__)

SUFFIX = ".btfsym"
MAX_FILE = 1 << 28
"""Bytes; what a stored table may have (a kernel's has 12 MB)."""

MAX_STORE = 1 << 29
"""Bytes; what all tables together may have: forty to sixty kernels."""

ABANDONED = 3600
"""Seconds after which a half-written file is known to be left over from a killed run."""


class StoreError(Exception):
    """A stored table that is missing or damaged; the message is for the user."""


def folder() -> Path:
    """Where tables are kept."""
    return (users_symbols() or Path(constants.CACHE_PATH) / "symbols") / "btf"


def stored() -> list[Path]:
    """The files of all stored tables, by name."""
    return sorted(folder().glob(f"*{SUFFIX}"))


def keep(kernel: Kernel) -> tuple[Path, bool]:
    """Make sure that the store has a kernel's table, whole.

    Returns:
        The file, and whether it was there already.

    Raises:
        OSError: it was not, and the folder cannot be written. The error's `filename` is the file.
    """
    from ...isf.document import stem_of
    from ...kernel.stored import pack_kernel

    data = pack_kernel(kernel)
    path = folder() / f"{stem_of(kernel)}-{data[-32:].hex()[:12]}{SUFFIX}"
    if _holds(path, data):
        return path, True
    try:
        add(path, data, MAX_STORE)
    except OSError as error:
        if _holds(path, data):  # another run was faster, and on Windows has it open
            return path, True
        raise OSError(error.errno, error.strerror, str(path)) from error
    return path, False


def add(path: Path, data: bytes, most: int) -> None:
    """Write a file whole, into a folder that is made where it is missing; the oldest of its kind may go.

    Args:
        path: the file.
        data: what it is to hold.
        most: bytes that all files with its suffix may have together.

    Raises:
        OSError: it cannot be written.
    """
    from ...isf.document import write_aside

    path.parent.mkdir(parents=True, exist_ok=True)
    _remove_abandoned(path.parent)
    write_aside(path, data)
    _make_room(path, most)


def _holds(path: Path, data: bytes) -> bool:
    """Whether a file is there and has this content."""
    try:
        with open_regular(path) as file:
            if file.read(len(data) + 1) == data:
                return True
        log.info("%s is damaged: it is made again", path)
    except OSError as error:
        log.debug("not stored yet: %s", error)
    return False


def read_kernel(path: Path) -> Kernel:
    """Read a stored kernel; its addresses are link-time ones.

    Raises:
        StoreError: the file is missing or damaged.
    """
    from ...kernel.stored import CompactError, unpack_kernel

    try:
        with open_regular(path) as file:
            data = file.read(MAX_FILE)
        return unpack_kernel(data)
    except OSError as error:
        raise StoreError(f"{path}: {error.strerror or error}") from error
    except CompactError as error:
        raise StoreError(f"{path}: {error}") from error


def path_of(url: str) -> Path:
    """The path that a file URL names. Raises StoreError for any other URL."""
    path = local_path(url)
    if path is None:
        raise StoreError(f"not a stored symbol table: {url}")
    return path


def _remove_abandoned(place: Path) -> None:
    """Remove what killed runs left half written."""
    for path in place.glob(".*.part"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > ABANDONED:
                path.unlink()


def _make_room(newest: Path, most: int) -> None:
    """Delete the oldest files as long as all are too many; other runs may do so at the same time."""
    files: list[tuple[float, int, Path]] = []
    for path in newest.parent.glob(f"*{newest.suffix}"):
        with contextlib.suppress(OSError):
            state = path.lstat()
            files.append((state.st_mtime, state.st_size, path))
    size = sum(length for _, length, _ in files)
    for _, length, path in sorted(files):
        if size <= most:
            return
        if path != newest:
            with contextlib.suppress(OSError):
                path.unlink()
            size -= length
