# SPDX-License-Identifier: Apache-2.0
"""What is around a kernel in a file, taken off layer by layer."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Final

from ..files.first_page import begins_with_a_program
from ..memory.memory import BytesMemory, Memory
from .errors import SourceError
from .images import boot_loaders, bzimage, elf, flat, inside, uki, zboot, zimage
from .images.content import Content, Laid
from .images.fit import kernel as fit
from .packages import deb, rpm
from .packed.codecs import LONGEST_START, codec_of
from .packed.reading import reader
from .packed.stream import UnpackedStream, unpacked

HEAD: Final = 4096
"""Bytes by which a format is recognised."""

MOST_LAYERS: Final = 8
"""Layers of wrapping that are taken off; a UKI with a compressed bzImage has five."""

_BANNER: Final = b"Linux version "


@dataclass(frozen=True)
class Wrapped:
    """A file, or what was in one, on the way to a kernel.

    Attributes:
        data: its bytes.
        member: the file's path in a package.
        layers: what was taken off, the outermost first.
        facts: what those layers say of the kernel.
    """

    data: Memory
    member: str | None = None
    layers: tuple[str, ...] = ()
    facts: dict[str, str] = field(default_factory=dict)


def lay_out(wrapped: Wrapped) -> tuple[Laid, Wrapped]:
    """Take off layer after layer, down to a kernel as it is linked.

    Returns:
        The kernel, and the last layer around it.

    Raises:
        SourceError: a layer is damaged, too large, or of no known kind.
    """
    found = wrapped
    for _ in range(MOST_LAYERS):
        head = found.data.read_available(0, HEAD)
        content = zimage.take_kernel(found.data, head)
        laid = None if content else _linked(found.data, head)
        if laid is not None:
            return laid, found
        content = content or _unwrapped(found.data, head)
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
    if fit.is_tree(head):
        return fit.take_kernel(data)
    codec = codec_of(head[:LONGEST_START])
    if codec is not None:
        return Content(BytesMemory(unpacked(reader(data), codec)), (codec.name,))
    content = uki.take_kernel(data) if head.startswith(uki.MAGIC) else None
    if content is None:
        raise SourceError("no kernel image")
    return content


def is_kernel_file(data: Memory) -> bool:
    """Whether a file is a kernel, compressed or not, or a .deb or .rpm, which may hold one.

    Of an ELF file, which may be any program, the kernel's banner is looked for. Memory may begin with the
    first page of either, and goes on far behind.
    """
    head = data.read_available(0, HEAD)
    if head.startswith(elf.ELF_MAGIC):
        return begins_with_a_program(data.read_available, data.end) is None and _is_vmlinux(data)
    if flat.goes_on_behind(head, data.end):
        return False
    if head.startswith(rpm.MAGIC) or deb.is_deb(head):
        return True
    if _is_wrapped_kernel(head) or inside.is_s390_image(data):
        return True
    if head.startswith(uki.MAGIC):
        program = uki.read_pe(data)
        return program is not None and any(program.named(uki.LINUX))
    if fit.is_tree(head):
        return fit.has_kernel(data)
    codec = codec_of(head[:LONGEST_START])
    if codec is None:
        return False
    try:
        start = UnpackedStream(reader(data), codec).read(HEAD)
    except SourceError:
        return False
    return _is_wrapped_kernel(start) or elf.kind_of(start) in elf.PROGRAMS


def _is_wrapped_kernel(head: bytes) -> bool:
    known = (bzimage.is_bzimage, zboot.is_zboot, boot_loaders.is_uimage, boot_loaders.is_android)
    return flat.machine_of_image(head) is not None or any(test(head) for test in known)


def _is_vmlinux(data: Memory) -> bool:
    is_program = elf.kind_of(data.read_available(0, HEAD)) in elf.PROGRAMS
    return is_program and next(data.find(_BANNER), None) is not None
