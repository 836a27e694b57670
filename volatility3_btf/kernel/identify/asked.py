# SPDX-License-Identifier: Apache-2.0
"""Of several kernels the one that is meant: asked for by release or place, or else the one that runs."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from ..errors import KernelError
from ..kernel import Kernel


class NotThereError(KernelError):
    """No kernel in the image is the one that was asked for; the message names those that are."""


_MOST_NAMED = 8


def asked_for(kernels: Sequence[Kernel], wanted: str | int | None) -> list[Kernel]:
    """Those of the kernels that are meant, in the same order; all of them where nothing is asked for.

    Args:
        kernels: an image's kernels.
        wanted: a release, as uname(1) prints it, or the address of the BTF in the layer; in a text a decimal
            number, or a hexadecimal one behind 0x.

    Raises:
        NotThereError: none of them is.
    """
    if wanted is None or wanted == "":
        return list(kernels)
    offset = wanted if isinstance(wanted, int) else _number(wanted)
    found = [kernel for kernel in kernels if kernel.blob.offset == offset or kernel.release == wanted]
    if not found:
        there = ", ".join(name_of(kernel) for kernel in kernels[:_MOST_NAMED]) or "none"
        raise NotThereError(f"no kernel in this image is {wanted!r}; there are: {there}")
    return found


def rivals_of(chosen: Kernel, kernels: Iterable[Kernel]) -> list[Kernel]:
    """The kernels that may run in place of a chosen one.

    A guest's kernel, or a copy, has other physical addresses; where one is taken, all others are its rivals.
    """
    return [
        kernel
        for kernel in kernels
        if kernel is not chosen
        and kernel.symbols is not None
        and kernel.life != "ended"
        and (kernel.layer_base == chosen.layer_base or not chosen.is_at_home)
    ]


def undecided(chosen: Kernel, kernels: Iterable[Kernel], how: str) -> str:
    """What is to be said where it is not certain which kernel runs; empty where it is.

    Args:
        chosen: the kernel that is taken.
        kernels: all that could be.
        how: how the user asks for another one; its BTF's place goes behind it.
    """
    if chosen.untyped and chosen.life != "running":
        others = (
            f"Linux {chosen.untyped[0]} is in this image too, has no BTF there, and may be the one that runs"
        )
        return f"{others}: {name_of(chosen)} is taken"
    rivals = rivals_of(chosen, kernels)
    if not rivals:
        return ""
    reason = f"{len(rivals) + 1} kernels are in this image, and nothing tells which one runs"
    if chosen.life == "likely":
        reason = f"{len(rivals) + 1} kernels are in this image, and which one runs is likely, not certain"
    return one_of_several(chosen, rivals[0], reason, how)


def one_of_several(chosen: Kernel, other: Kernel, reason: str, how: str) -> str:
    """Which kernel was taken, why that must be said, and how to take the other one."""
    return f"{reason}: {name_of(chosen)} is taken; {how}{other.blob.offset:#x} takes {name_of(other)}"


def name_of(kernel: Kernel) -> str:
    """A kernel's release and the place of its BTF, for a message."""
    return f"Linux {kernel.release or 'of unknown release'} with BTF at {kernel.blob.offset:#x}"


def _number(text: str) -> int | None:
    try:
        return int(text, 0)
    except ValueError:
        return None
