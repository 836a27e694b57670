# SPDX-License-Identifier: Apache-2.0
"""Types from any file that holds them: BTF itself, a kernel's ELF file, a memory image."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path
from typing import Final

from ..btf import BtfError, Types, outline
from ..btf.format.header import MAGIC
from ..files.descriptors import open_file
from ..files.images import open_memory
from ..kernel import NoKernelError
from ..kernel.loaded.choose_types import choose_types
from ..memory.memory import Memory, UnreadableError
from ..memory.progress import Progress
from .errors import SourceError
from .images import elf
from .kernels import kernels_in, opened
from .modules import open_modules
from .packages.members import is_module
from .unwrap import is_kernel_file

MAX_FILE: Final = 64 << 20
"""Bytes of a file that may hold BTF, or an image of it."""

Opener = Callable[[str | os.PathLike[str]], Memory]


def read_types(
    path: str | os.PathLike[str],
    module: str | None = None,
    base: Types | None = None,
    progress: Progress | None = None,
    opener: Opener = open_memory,
) -> Types:
    """Read the types of a kernel, or of one of its modules, from a file.

    Args:
        path: BTF as in /sys/kernel/btf, a kernel file or package as `open_kernels` reads it, a module's file,
            or a memory image.
        module: in a memory image, the module to take; None for the kernel.
        base: the kernel's types, for a file with a module's split BTF.
        progress: told the percentage done.
        opener: opens a memory image.

    Raises:
        SourceError: the file cannot be read, or holds no such types.
    """
    try:
        with os.fdopen(open_file(path), "rb") as file:
            if file.read(2) in MAGIC:
                return _read_blob(Path(path), base)
        on_disk = _on_disk(Path(path), module, base)
        if on_disk is not None:
            return on_disk
        return choose_types(opener(path), module, progress).types
    except SourceError:
        raise
    except NoKernelError:
        raise SourceError(f"{path} holds no kernel BTF") from None
    except OSError as error:
        raise SourceError(f"{path}: {error.strerror or error}") from error
    except (ValueError, UnreadableError) as error:
        raise SourceError(f"{path}: {error}") from error


def _on_disk(path: Path, module: str | None, base: Types | None) -> Types | None:
    """The types in a kernel's file or a module's; None for other files. Raises SourceError, BtfError."""
    with opened(path) as data:
        if elf.kind_of(data.read_available(0, 64)) == elf.OBJECT or is_module(path.name):
            if base is None:
                raise SourceError("a module's BTF, for which the kernel's types are needed")
            return next(open_modules(path)).read(base).types
        if not is_kernel_file(data):
            return None
        if module is not None:
            raise SourceError("a kernel as it lies on disk has no modules: name the module's own file")
        return next(kernels_in(data, path)).types


def _read_blob(path: Path, base: Types | None) -> Types:
    """The types in a file that is BTF from its first byte on. Raises BtfError, OSError."""
    with path.open("rb") as file:
        data = file.read(MAX_FILE + 1)
    if len(data) > MAX_FILE:
        raise BtfError("too large for BTF")
    sketch = outline(data)
    if not sketch.split:
        return Types(data)
    if base is None or not sketch.fits(base):
        raise BtfError("a module's BTF, and not one of this kernel's build")
    return Types(data, base=base)
