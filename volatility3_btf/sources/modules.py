# SPDX-License-Identifier: Apache-2.0
"""Kernel modules as files (.ko, .ko.xz, .ko.zst, .ko.gz), by themselves or in a package: their types."""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from ..blobs.blob import MAX_BLOB, Blob
from ..btf import BtfError, Header, Types, outline
from ..btf.distilled import relocated
from ..btf.spelling import printable
from ..memory.memory import BytesMemory, Memory
from .errors import SourceError
from .images import elf
from .images.notes import build_id_of
from .images.sections import Section, sections_of
from .images.slices import part_of
from .kernels import opened
from .packages.members import is_module, wanted
from .packages.opening import open_package
from .packed.codecs import LONGEST_START, codec_of
from .packed.reading import reader
from .packed.stream import unpacked

log = logging.getLogger(__name__)

_LONGEST_NAME: Final = 64
_NOTE: Final = ".note.gnu.build-id"
_BASE: Final = ".BTF.base"


@dataclass(frozen=True, eq=False)
class ModuleImage:
    """One module's file.

    Attributes:
        path: the file.
        member: the module's path inside a package; None where the file is the module.
        layers: what was taken off, the outermost first.
        name: as the kernel calls it, with `_` for each `-`.
        btf: its BTF, which stands on its kernel's; or on `base`, if there is one.
        build_id: hexadecimal digits of the GNU build ID; None without one.
        base: the distilled base that a module brings along which was built apart from its kernel (6.11).
    """

    path: Path
    member: str | None
    layers: tuple[str, ...]
    name: str
    btf: bytes = field(repr=False)
    build_id: str | None = None
    base: bytes | None = field(default=None, repr=False)

    def read(self, kernel: Types) -> Blob:
        """Its BTF, decoded on the kernel's types; from a distilled base it is moved onto these first.

        Raises:
            BtfError: it is damaged, or another kernel's; or what its base names is not in this kernel.
        """
        btf = self.btf if self.base is None else self._moved(self.base, kernel)
        if not outline(btf).fits(kernel):
            raise BtfError(f"the BTF of module {printable(self.name)} is not of this kernel's build")
        types = Types(btf, base=kernel)
        return Blob(0, Header.parse(btf), "module", "complete", btf, "", types.counts, types)

    def _moved(self, base: bytes, kernel: Types) -> bytes:
        """Its BTF as the kernel has it once the module is loaded. Raises BtfError."""
        distilled = Types(base)
        if not outline(self.btf).fits(distilled):
            raise BtfError(f"the BTF of module {printable(self.name)} does not stand on its .BTF.base")
        try:
            return relocated(Types(self.btf, base=distilled), kernel)
        except BtfError as error:
            raise BtfError(
                f"the BTF of module {printable(self.name)} cannot be tied to this kernel: {error}"
            ) from error


def open_modules(path: str | os.PathLike[str]) -> Iterator[ModuleImage]:
    """The modules with BTF in a file: a module, or a package of many.

    Args:
        path: a regular file.

    Yields:
        Each module that can be read. What cannot, and modules without BTF, in a package are logged.

    Raises:
        SourceError: the file is no module and no package, is damaged, or holds no module with BTF: why, in
            one line that starts with the path.
    """
    with opened(path) as data:
        yield from modules_in(data, Path(path))


def modules_in(data: Memory, path: Path) -> Iterator[ModuleImage]:
    """As `open_modules`, of a file that is open.

    Args:
        data: the file's bytes.
        path: what to call it; the name of a module follows from it.

    Raises:
        SourceError: as of `open_modules`, without the path.
    """
    package = open_package(data, data.read_available(0, 4096))
    if package is None:
        yield _module(data, path, None, (), path.name)
        return
    found = 0
    for member in wanted(package, is_module):
        try:
            file = BytesMemory(member.read())
            module = _module(file, path, member.name, package.layers, member.name.rpartition("/")[2])
        except SourceError as error:
            log.info("%s: %s: %s", path, member.name, error)
            continue
        found += 1
        yield module
    if not found:
        raise SourceError("no module with BTF in it")


def _module(
    data: Memory, path: Path, member: str | None, layers: tuple[str, ...], file_name: str
) -> ModuleImage:
    codec = codec_of(data.read_available(0, LONGEST_START))
    if codec is not None:
        data, layers = BytesMemory(unpacked(reader(data), codec)), (*layers, codec.name)
    if elf.kind_of(data.read_available(0, 64)) != elf.OBJECT:
        raise SourceError("no kernel module")
    order = elf.read_elf(data).order
    sections = sections_of(data)
    if ".BTF" not in sections:
        raise SourceError("a module without BTF")
    btf = _btf_in(data, sections[".BTF"])
    base = _btf_in(data, sections[_BASE]) if _BASE in sections else None
    notes = sections.get(_NOTE)
    build_id = None if notes is None else build_id_of(data.read_available(notes.start, notes.length), order)
    stem = file_name.partition(".ko")[0].replace("-", "_")[:_LONGEST_NAME]
    return ModuleImage(path, member, (*layers, "ELF"), stem, btf, build_id, base)


def _btf_in(data: Memory, section: Section) -> bytes:
    """The BTF in a section. Raises SourceError."""
    if section.length > MAX_BLOB:
        raise SourceError("a module whose BTF is too large")
    return part_of(data, *section, "the BTF of a module").read(0, section.length)
