# SPDX-License-Identifier: Apache-2.0
"""Kernels in a file of any kind: a kernel image, or a package of a distribution."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..files.descriptors import open_file
from ..files.images import FileMemory
from ..files.segments import Segment
from ..memory.memory import BytesMemory, Memory, UnreadableError
from .errors import SourceError
from .images import uki
from .kernel_image import KernelImage, KernelMemory
from .packages.members import is_kernel, wanted
from .packages.opening import open_package
from .unwrap import HEAD, Wrapped, lay_out

log = logging.getLogger(__name__)


def open_kernels(path: str | os.PathLike[str]) -> Iterator[KernelImage]:
    """The kernels in a file: a kernel image (vmlinux, bzImage, …), or a package of a distribution.

    Each is decompressed as it is come to. The file is only read, and closed when the iterator ends.

    Args:
        path: a regular file.

    Yields:
        Each kernel that can be read. What cannot, beside others that can, is logged.

    Raises:
        SourceError: there is no kernel in it, or none that can be read: why, in one line that starts with the
            path. (OSError never leaves this function.)
    """
    with opened(path) as data:
        yield from kernels_in(data, Path(path))


@contextmanager
def opened(path: str | os.PathLike[str]) -> Iterator[Memory]:
    """A file's bytes; whatever goes wrong with them becomes a SourceError that starts with the path."""
    try:
        descriptor = open_file(path)
        with FileMemory(descriptor, [Segment(0, 0, os.fstat(descriptor).st_size)]) as data:
            yield data
    except SourceError as error:
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (ValueError, UnreadableError) as error:
        raise SourceError(f"{path}: {error}") from error


def kernels_in(data: Memory, path: Path) -> Iterator[KernelImage]:
    """As `open_kernels`, of a file that is open.

    Args:
        data: the file's bytes.
        path: what to call it.

    Raises:
        SourceError: as of `open_kernels`, without the path.
        UnreadableError: the file has become shorter, or its disk fails.
    """
    failure: SourceError | None = None
    found = 0
    files = _files_in(data)
    while True:
        try:
            file = next(files, None)
            if file is None:
                break
            image = _image(path, file)
        except SourceError as error:
            failure = failure or error
            if found:
                log.warning("%s: %s", path, error)
            continue
        found += 1
        yield image
    if not found:
        raise failure or SourceError("no kernel image in it")


def _files_in(data: Memory) -> Iterator[Wrapped]:
    """The kernel files: the file itself, or those in a package. Raises SourceError."""
    package = open_package(data, data.read_available(0, HEAD))
    if package is None:
        yield Wrapped(data)
        return
    for member in wanted(package, is_kernel):
        yield Wrapped(BytesMemory(member.read()), member.name, package.layers)


def _image(path: Path, file: Wrapped) -> KernelImage:
    """The kernel in a kernel file. Raises SourceError."""
    laid, last = lay_out(file)
    facts = uki.signature_of(file.data) | last.facts
    return KernelImage(
        path,
        file.member,
        (*last.layers, *laid.layers),
        _digest(file.data),
        KernelMemory(laid.segments),
        laid.base,
        laid.machine,
        laid.endian,
        laid.build_id,
        facts,
    )


def _digest(data: Memory) -> str:
    digest = hashlib.sha256()
    for window in data.windows():
        digest.update(window.data[: window.fresh])
    return digest.hexdigest()
