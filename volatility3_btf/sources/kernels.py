# SPDX-License-Identifier: Apache-2.0
"""Kernels in a file of any kind: each layer of wrapping is taken off, down to a kernel as it is linked."""

from __future__ import annotations

import hashlib
import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final

from ..files.descriptors import open_file
from ..files.images import FileMemory
from ..files.segments import Segment
from ..memory.memory import BytesMemory, Memory, UnreadableError
from .errors import SourceError
from .images import boot_loaders, bzimage, elf, flat, inside, uki, zboot
from .images.content import Content, Laid
from .kernel_image import KernelImage, KernelMemory
from .packages.members import is_kernel, wanted
from .packages.opening import open_package
from .packed.codecs import LONGEST_START, codec_of
from .packed.stream import MOST_UNPACKED, unpacked

log = logging.getLogger(__name__)

HEAD: Final = 4096
"""Bytes by which a format is recognised."""

MOST_LAYERS: Final = 8
"""Layers of wrapping that are taken off; a UKI with a compressed bzImage has five."""


@dataclass(frozen=True)
class _Found:
    """A file, or what was in one, on the way to a kernel."""

    data: Memory
    member: str | None = None
    layers: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def open_kernels(path: str | os.PathLike[str]) -> Iterator[KernelImage]:
    """The kernels in a file: a kernel image (vmlinux, bzImage, …), or a package of a distribution.

    Each is decompressed as it is come to. The file is only read, and closed when the iterator ends.

    Args:
        path: a regular file.

    Yields:
        Each kernel that can be read. One that cannot, beside others that can, is logged.

    Raises:
        SourceError: there is no kernel in it, or none that can be read: why, in one line that starts with the
            path. (OSError never leaves this function.)
    """
    path = Path(path)
    try:
        descriptor = open_file(path)
        with FileMemory(descriptor, [Segment(0, 0, os.fstat(descriptor).st_size)]) as data:
            yield from _kernels_in(path, data)
    except SourceError as error:
        raise type(error)(f"{path}: {error}") from error
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (ValueError, UnreadableError) as error:
        raise SourceError(f"{path}: {error}") from error


def _kernels_in(path: Path, data: Memory) -> Iterator[KernelImage]:
    failure: SourceError | None = None
    found = 0
    for start in _files_in(data):
        try:
            yield _image(path, start)
            found += 1
        except SourceError as error:
            failure = failure or error
            log.warning("%s: %s", path, error) if found else None
    if not found:
        raise failure or SourceError("no kernel image in it")


def _files_in(data: Memory) -> Iterator[_Found]:
    """The kernel files: the file itself, or those in a package. Raises SourceError."""
    package = open_package(data, data.read_available(0, HEAD))
    if package is None:
        yield _Found(data)
        return
    for member in wanted(package, is_kernel):
        yield _Found(BytesMemory(member.read()), member.name, package.layers)


def _image(path: Path, start: _Found) -> KernelImage:
    """The kernel in a kernel file. Raises SourceError."""
    laid, last = _laid_out(start)
    facts = uki.signature_of(start.data) | last.facts
    return KernelImage(
        path,
        start.member,
        (*last.layers, *laid.layers),
        _digest(start.data),
        KernelMemory(laid.segments),
        laid.base,
        laid.machine,
        laid.endian,
        laid.build_id,
        facts,
    )


def _laid_out(start: _Found) -> tuple[Laid, _Found]:
    """Take off layer after layer."""
    found = start
    for _ in range(MOST_LAYERS):
        head = found.data.read_available(0, HEAD)
        laid = _linked(found.data, head)
        if laid is not None:
            return laid, found
        content = _unwrapped(found.data, head)
        layers = (*found.layers, *content.layers)
        found = replace(found, data=content.data, layers=layers, facts=found.facts | dict(content.facts))
    raise SourceError(f"more than {MOST_LAYERS} layers of wrapping")


def _linked(data: Memory, head: bytes) -> Laid | None:
    """A kernel that nothing is around any more; None for what is still wrapped. Raises SourceError."""
    if head.startswith(elf.ELF_MAGIC):
        return elf.lay_out_elf(data)
    machine = flat.machine_of_image(head)
    if machine is not None:
        return flat.lay_out_flat(data, machine)
    if inside.is_s390_image(data):
        content = inside.take_inside(data, "s390x bzImage") or Content(data, ())
        return flat.lay_out_flat(content.data, "s390x", content.layers)
    return None


def _unwrapped(data: Memory, head: bytes) -> Content:
    """What is in one layer of wrapping. Raises SourceError."""
    if bzimage.is_bzimage(head):
        return bzimage.take_payload(data)
    if zboot.is_zboot(head):
        return zboot.take_payload(data)
    if boot_loaders.is_uimage(head):
        return boot_loaders.take_uimage(data)
    if boot_loaders.is_android(head):
        return boot_loaders.take_android(data)
    codec = codec_of(head[:LONGEST_START])
    if codec is not None:
        whole = data.read_available(0, min(data.end, MOST_UNPACKED))
        return Content(BytesMemory(unpacked(whole, codec)), (codec.name,))
    content = uki.take_kernel(data) if head.startswith(uki.MAGIC) else None
    if content is None:
        raise SourceError("no kernel image")
    return content


def _digest(data: Memory) -> str:
    digest = hashlib.sha256()
    for window in data.windows():
        digest.update(window.data[: window.fresh])
    return digest.hexdigest()
