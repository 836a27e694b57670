# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Which of the kernels in an image a plugin gets: the one asked for, the user's own, or the one that runs."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final, TypeAlias

from volatility3.framework import interfaces

from ...memory.memory import Run
from ...survey import Survey
from ..lines import one_line
from .glance import Glance
from .kernel_layer import SpaceError, space_of

if TYPE_CHECKING:
    from ...kernel import Kernel

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface

OPTION: Final = "btf_kernel"
"""The automagic's option; on the command line it is --btf-kernel."""

HOW: Final = "--btf-kernel "
"""How the user asks for a kernel, for a message."""

_CONFIG: Final = f"automagic.BtfSymbols.{OPTION}"


class NoTableError(Exception):
    """Why no symbol table can be made, for the user."""


@dataclass(frozen=True)
class Taken:
    """The kernel that a plugin gets.

    Attributes:
        kernel: it.
        others: those to try where its address space cannot be set up after all, best first.
        is_alone: whether no other kernel was found.
    """

    kernel: Kernel
    others: Sequence[Kernel] = ()
    is_alone: bool = False


def asked(context: Context) -> str:
    """What the user said with --btf-kernel; empty if nothing."""
    return str(context.config.get(_CONFIG, None) or "")


def running_kernel(
    survey: Survey,
    glance: Glance | None = None,
    wanted: str = "",
    owns: Callable[[bytes], bool] = lambda _: False,
    root: int | None = None,
    home: Sequence[Run] = (),
    place: int | None = None,
) -> Taken:
    """Choose a kernel that an address space can be set up for: the user's choice, or the best one.

    Args:
        survey: the pass over the image.
        glance: what was seen in it, for the message.
        wanted: the release of the kernel that the user asks for, or where its BTF lies.
        owns: whether the user has a symbol file of their own for a banner.
        root: where the top page table lies of the kernel of a saved configuration.
        home: where the kernel lies, if that is known already.
        place: where its BTF lies, likewise: no other's is looked for then, unless this one's is damaged.

    Raises:
        NoTableError, SpaceError: there is none; the error is about the best one.
    """
    from ...kernel.identify.asked import NotThereError, asked_for, one_of_several

    kernels = _kernel_at(survey, home, place) if place is not None else []
    kernels = kernels or _kernels(survey, glance, home, only_running=bool(home) or not (wanted or root))
    try:
        meant = asked_for(kernels, wanted)
    except NotThereError as error:
        raise NoTableError(str(error)) from error
    usable, first = _usable(meant)
    if not usable:
        raise first or NoTableError("its kernel BTF could not be tied to a kernel")
    saved = [
        kernel for kernel in usable if kernel.page_tables is not None and kernel.page_tables.root == root
    ]
    if saved:
        return Taken(saved[0])
    guests = [kernel for kernel in usable if kernel.layer_base is not None and not kernel.is_at_home]
    own_machines = usable if len(guests) == len(usable) else [one for one in usable if one not in guests]
    own = [kernel for kernel in own_machines if not wanted and owns(kernel.banner or b"")]
    chosen = own[0] if own else usable[0]
    if not wanted:
        _tell(kernels, usable, chosen, bool(own), first)
    elif len(usable) > 1:
        log.warning(
            "%s", one_line(one_of_several(chosen, usable[1], f"{len(usable)} kernels are {wanted}", HOW))
        )
    return Taken(chosen, [kernel for kernel in usable if kernel is not chosen], len(kernels) == 1)


def _kernels(survey: Survey, glance: Glance | None, home: Sequence[Run], only_running: bool) -> list[Kernel]:
    from ...blobs.scan import find_sound_btf
    from ...kernel import identify_kernels, identify_running
    from ...kernel.arch.started import started_kernel

    memory = survey.memory
    home = home or started_kernel(memory)
    if only_running:
        kernels = identify_running(memory, None, survey, home)
    else:
        blobs, others = find_sound_btf(memory, survey=survey, home=home)
        kernels = identify_kernels(memory, blobs, None, survey, others, home) if blobs else []
    if not kernels:
        named = ", ".join((glance or Glance()).releases) or "of unknown release"
        raise NoTableError(f"it holds no kernel BTF (Linux {named} was seen); was the kernel built with it?")
    return kernels


def _kernel_at(survey: Survey, home: Sequence[Run], place: int) -> list[Kernel]:
    """The kernel whose BTF is whole and lies at a place; empty where none does, or symbols are missing."""
    from ...blobs.scan import kernel_at
    from ...kernel import identify_kernels

    blob = kernel_at(survey.memory, place)
    if blob is None:
        return []
    kernels = identify_kernels(survey.memory, [blob], survey=survey, home=home, only_running=True)
    return [kernel for kernel in kernels if kernel.symbols is not None]


def _usable(kernels: Sequence[Kernel]) -> tuple[list[Kernel], SpaceError | None]:
    """Those that an address space can be set up for, and what is wrong with the first that is not.

    Where the page tables of one map it to where it lies, those of the others must do so too.
    """
    usable: list[Kernel] = []
    are_mapped = any(_is_mapped(kernel) for kernel in kernels)
    first: SpaceError | None = None
    for kernel in kernels:
        try:
            space = space_of(kernel)
            if are_mapped and not _is_mapped(kernel):
                raise SpaceError(f"the page tables at {space.root:#x} do not map it to where it lies")
        except SpaceError as error:
            log.info("BTF at %#x: %s", kernel.blob.offset, error)
            first = first or error
        else:
            usable.append(kernel)
    return usable, first


def _is_mapped(kernel: Kernel) -> bool:
    return kernel.page_tables is not None and kernel.page_tables.checked


def _tell(
    kernels: Sequence[Kernel],
    usable: Sequence[Kernel],
    chosen: Kernel,
    is_own: bool,
    first: SpaceError | None,
) -> None:
    """Say that there are several kernels, loudly where it cannot be told which one runs."""
    from ...kernel.identify.asked import name_of, one_of_several, undecided

    others = [kernel for kernel in usable if kernel is not chosen]
    if is_own and chosen is not usable[0]:
        reason = "You have a symbol file for a kernel that need not be the one that runs"
        log.warning("%s", one_line(one_of_several(chosen, usable[0], reason, HOW)))
    elif chosen is not kernels[0] and not is_own and kernels[0].symbols is not None:
        log.warning("%s is taken, for the best one cannot be: %s", name_of(chosen), one_line(str(first)))
    elif chosen.life == "ended":
        reasons = [doubt for doubt in chosen.doubts if "shut down" in doubt or "without BTF" in doubt]
        reason = "; ".join(reasons) or "another one ran later"
        log.warning("%s no longer ran when memory was written: %s", name_of(chosen), one_line(reason))
    elif line := undecided(chosen, others, HOW):
        log.warning("%s", one_line(line))
    elif others:
        reason = f"{len(others) + 1} kernels are in this image"
        log.info("%s", one_of_several(chosen, others[0], reason, HOW))
