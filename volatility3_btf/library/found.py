# SPDX-License-Identifier: Apache-2.0
"""The kernels in a file of any kind: a kernel image, a package, a memory image."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from ..files.descriptors import open_file, read_from
from ..files.images import open_memory
from ..kernel import Kernel, identify_kernels, seen_kernels
from ..memory.memory import Memory, UnreadableError
from ..sources.errors import MissingReaderError, SourceError
from ..sources.images.notes import find_build_id
from ..sources.kernel_image import KernelImage
from ..sources.kernels import open_kernels

_MEMORY_IMAGES: Final = (b"EMiL", b"AVML", b"QEVM")
"""How files begin that are memory images at first sight: LiME, AVML, QEMU's stream."""

_CORE: Final = 4
"""`e_type` of an ELF core (ELF specification, ET_CORE)."""

_HEAD: Final = 4096
_MOST_NOTES: Final = 1 << 16
"""Bytes of `.notes` that are read; a kernel's have some hundred."""


class NothingFoundError(ValueError):
    """A file that has no kernel a table can be made of; the message says why."""


class NotHereError(NothingFoundError):
    """A file that this machine cannot read: a Python package is missing, and the message says which."""


@dataclass(frozen=True, eq=False)
class Found:
    """A kernel, and where it was found.

    Attributes:
        kernel: the kernel.
        memory: what it was found in.
        member: the kernel's path in a package, or where its BTF lies in a memory image; None for
            a kernel file.
        layers: what was taken off, the outermost first, and the format at last.
        sha256: hexadecimal SHA-256 of the kernel file inside a package; None for memory images.
        build_id: hexadecimal digits of the GNU build ID; None where it was not found.
        has_run: whether it is from a memory image.
    """

    kernel: Kernel
    memory: Memory
    member: str | None
    layers: tuple[str, ...]
    sha256: str | None = None
    build_id: str | None = None
    has_run: bool = False


def kernels_in(path: str | os.PathLike[str]) -> Iterator[Found]:
    """Find the kernels in a file; each is let go of when the next one is asked for.

    Args:
        path: a kernel image, a package with one, or a memory image.

    Raises:
        NothingFoundError: it has none, or cannot be read: why, in one line without the path.
    """
    path = Path(path)
    try:
        if _is_memory_image(path):
            yield from _in_memory(path)
        else:
            yield from _on_disk(path)
    except OSError as error:
        raise NothingFoundError(error.strerror or str(error)) from error
    except MissingReaderError as error:
        raise NotHereError(_without(path, error)) from error
    except (ValueError, UnreadableError) as error:
        raise NothingFoundError(_without(path, error)) from error


def _without(path: Path, error: Exception) -> str:
    """What an error says, without the path."""
    text = str(error)
    while (shorter := text.removeprefix(str(path)).lstrip(": ")) != text:
        text = shorter
    return text


def _on_disk(path: Path) -> Iterator[Found]:
    """The kernels in a kernel file or package; what is neither is taken for raw memory."""
    count = 0
    try:
        for image in open_kernels(path):
            yield _from_image(image)
            count += 1
        return
    except SourceError as error:
        if count:
            raise
        reason = error
    try:
        yield from _in_memory(path)
    except NothingFoundError:
        raise reason from None


def _from_image(image: KernelImage) -> Found:
    """A kernel on disk; where its symbols tell of the notes, the build ID is the one there."""
    kernel = image.kernel
    build_id = _build_id(image.memory, kernel) or image.build_id
    return Found(kernel, image.memory, image.member, image.layers, image.sha256, build_id)


def _in_memory(path: Path) -> Iterator[Found]:
    with open_memory(path) as memory:
        kernels = identify_kernels(memory)
        for kernel in kernels:
            place = f"BTF at {kernel.blob.offset:#x}"
            build_id = _build_id(memory, kernel)
            yield Found(kernel, memory, place, ("memory image",), None, build_id, has_run=True)
        if not kernels:
            seen = "; ".join(seen_kernels(memory)) or "no kernel's banner is in it either"
            raise NothingFoundError(f"no kernel BTF in it: {seen}")


def _build_id(memory: Memory, kernel: Kernel) -> str | None:
    """The build ID in the notes of a kernel in memory (include/asm-generic/vmlinux.lds.h, NOTES)."""
    start, stop = kernel.find("__start_notes"), kernel.find("__stop_notes")
    if start is None or stop is None or not 0 <= start < stop <= start + _MOST_NOTES:
        return None
    notes = memory.read_available(start, stop - start)
    return find_build_id(notes, ">" if kernel.blob.endian == "big" else "<")


def _is_memory_image(path: Path) -> bool:
    descriptor = open_file(path)
    try:
        head = read_from(descriptor, 0, _HEAD)
    finally:
        os.close(descriptor)
    if head.startswith(b"\x7fELF"):
        return int.from_bytes(head[16:18], "little" if head[5:6] == b"\1" else "big") == _CORE
    return head.startswith(_MEMORY_IMAGES)
