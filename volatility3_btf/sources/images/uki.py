# SPDX-License-Identifier: Apache-2.0
"""Unified kernel images: an EFI program whose sections hold a kernel and what is said of it.

Source: the UAPI Group's specification "Unified Kernel Image", and systemd-stub(7). pefile reads the headers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, NamedTuple

import pefile

from ...memory.memory import Memory
from ..errors import SourceError
from .content import Content
from .slices import part_of

MAGIC: Final = b"MZ"
LINUX: Final = ".linux"
TOLD: Final = (".osrel", ".uname", ".cmdline", ".sbat", ".profile")
"""Sections with texts that say what the image is."""

_LONGEST: Final = 4096
"""Bytes of such a text that are kept."""

_PLACE: Final = 0x3C
_SIGNATURE: Final = b"PE\0\0"
"""Where a number tells the place of the header, and what that starts with."""

_HEADERS: Final = 64 << 10
"""Bytes in which all headers lie; each section has 40."""

_MOST_SECTIONS: Final = 256
_SECURITY: Final = 4
"""The directory of signatures (PE Format, "Optional Header Data Directories")."""


class _Section(NamedTuple):
    """A section: its name, and where its content lies in the file, in bytes."""

    name: str
    start: int
    length: int


class Pe(NamedTuple):
    """The head of an EFI program.

    Attributes:
        sections: its sections, in the order of the file's table.
        is_signed: whether a signature is in the file. It is not checked.
    """

    sections: tuple[_Section, ...]
    is_signed: bool

    def named(self, name: str) -> Iterator[_Section]:
        """The sections of a name."""
        return (section for section in self.sections if section.name == name)


def read_pe(data: Memory) -> Pe | None:
    """The head of an EFI program; None for a file that is none, or whose headers are damaged."""
    head = data.read_available(0, _HEADERS)  # all it is given: pefile reads whatever headers point to
    place = int.from_bytes(head[_PLACE : _PLACE + 4], "little")
    if not head.startswith(MAGIC) or head[place : place + 4] != _SIGNATURE:
        return None
    try:
        program = pefile.PE(data=head, fast_load=True)
        found = tuple(_section(section) for section in program.sections[:_MOST_SECTIONS])
        directories = program.OPTIONAL_HEADER.DATA_DIRECTORY[: _SECURITY + 1]
        is_signed = len(directories) > _SECURITY and directories[_SECURITY].Size > 0
    except (pefile.PEFormatError, AttributeError, ValueError, IndexError, OverflowError):
        return None
    return Pe(found, is_signed)


def _section(section: pefile.SectionStructure) -> _Section:
    """What is filled up to the file's alignment is left out."""
    name = section.Name.rstrip(b"\0").decode("latin-1")
    length = min(section.Misc_VirtualSize or section.SizeOfRawData, section.SizeOfRawData)
    return _Section(name, section.PointerToRawData, length)


def signature_of(data: Memory) -> dict[str, str]:
    """Whether an EFI program holds a signature, as a fact; no fact where it is none."""
    program = read_pe(data)
    return {} if program is None else {"signed": "yes" if program.is_signed else "no"}


def take_kernel(data: Memory) -> Content | None:
    """The kernel in a unified kernel image, with what the image says of itself; None for other files.

    Raises:
        SourceError: the kernel's section reaches past the end of the file.
    """
    program = read_pe(data)
    section = None if program is None else next(program.named(LINUX), None)
    if program is None or section is None:
        return None
    if not section.length:
        raise SourceError("a unified kernel image whose .linux is empty")
    kernel = part_of(data, section.start, section.length, "the kernel of a unified kernel image")
    facts = {name[1:]: text for name in TOLD for text in _texts(data, program, name)}
    return Content(kernel, ("UKI",), facts)


def _texts(data: Memory, program: Pe, name: str) -> Iterator[str]:
    """The text of the first section of a name, if there is one."""
    for section in list(program.named(name))[:1]:
        raw = data.read_available(section.start, min(section.length, _LONGEST))
        yield raw.partition(b"\0")[0].decode(errors="replace").strip()
