# SPDX-License-Identifier: Apache-2.0
"""The types that somebody asks for: a kernel's, or a loaded module's on top of them."""

from __future__ import annotations

from dataclasses import dataclass

from ...btf import Types
from ...memory.memory import Memory
from ...memory.progress import Progress
from ...survey import EVERYTHING, surveyed
from ..errors import KernelError
from ..identify.identify import identify_kernel
from ..kernel import Kernel
from .loaded_btf import loaded_btf


class NoModuleError(KernelError):
    """No module of that name is loaded, or it has no BTF."""


@dataclass(frozen=True)
class ChosenTypes:
    """Types, and what they are the types of.

    Attributes:
        kernel: the kernel.
        types: its types, or the module's.
        module: the module's name; None for the kernel's own types.
    """

    kernel: Kernel
    types: Types
    module: str | None = None


def choose_types(
    memory: Memory, module: str | None = None, progress: Progress | None = None, wanted: str | None = None
) -> ChosenTypes:
    """The types of the kernel that runs, or of a module that it has loaded.

    Args:
        memory: the image.
        module: the module's name; `-` and `_` are one.
        progress: told the percentage done.
        wanted: the release of another kernel in the image, or the address of its BTF.

    Raises:
        NotThereError: that kernel is not in the image.
        NoKernelError: the image holds no kernel BTF.
        NoModuleError: no such module is loaded, or it has no BTF.
        BtfError: the module's BTF is damaged.
    """
    with surveyed(memory, None, EVERYTHING, progress, "Searching BTF") as survey:
        kernel = identify_kernel(memory, wanted=wanted, survey=survey)
        if module is None:
            return ChosenTypes(kernel, kernel.blob.types)
        loaded = loaded_btf(memory, kernel, survey=survey)
    entry = loaded.module(module)
    if entry is not None:
        return ChosenTypes(kernel, entry.read().types, entry.name)
    if loaded.space is None:
        raise NoModuleError("which modules are loaded cannot be told from this image")
    names = ", ".join(entry.name for entry in loaded.entries if entry.kind == "module") or "none"
    raise NoModuleError(f"no module {module} with BTF is loaded; those that are: {names}")
