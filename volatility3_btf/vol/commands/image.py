# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The image that a plugin of ours looks into, and how what is wrong with it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeAlias

from volatility3.framework import exceptions, interfaces

from ...memory.memory import Memory, UnreadableError
from ...survey import Survey
from ..layers import layer_memory, physical_layer_name
from ..layers.files.what_file import what_file

Context: TypeAlias = interfaces.context.ContextInterface

MOST_BANNERS = 8
"""Kernel banners that are named where there is no kernel BTF."""


@contextlib.contextmanager
def image_under(context: Context, layer_name: str) -> Iterator[Memory]:
    """The physical layer under a layer, for as long as something is looked for in it.

    Args:
        context: the context that holds the layer.
        layer_name: the layer to start from; address translation is stepped down from.

    Raises:
        LayerException: the file behind it is damaged, or has become shorter meanwhile.
    """
    try:
        yield layer_memory(context, physical_layer_name(context, layer_name))
    except UnreadableError as error:
        raise exceptions.LayerException(layer_name, f"cannot be searched any further: {error}") from error


def kernels_seen(memory: Memory) -> str:
    """What there is in place of kernel BTF, for a message: banners of kernels, and symbols without types."""
    from ...kernel.untyped_table import bare_kernels

    with contextlib.closing(Survey(memory)) as survey:
        told = f"Kernel banners seen: {banners_seen(memory, survey)}"
        bare = bare_kernels(memory, survey=survey)
    for kernel in bare[:MOST_BANNERS]:
        name = f"Linux {kernel.release}" if kernel.release else "a kernel"
        told += f". The symbols of {name} are there, {len(kernel.symbols)} names and addresses"
        told += " without types: linux.btfisf --symbols writes them"
    return told


def seen_instead(context: Context, layer_name: str) -> str:
    """What an image without kernel BTF is instead, to be put behind a sentence: the file, kernels' banners.

    Raises:
        LayerException: the file behind it is damaged, or has become shorter meanwhile.
    """
    reason = what_file(context, layer_name)
    with image_under(context, layer_name) as memory:
        return (f"; {reason}" if reason else "") + f". {kernels_seen(memory)}"


def banners_seen(memory: Memory, survey: Survey | None = None) -> str:
    """The kernels whose banners are in an image."""
    from ...kernel import seen_kernels

    banners = seen_kernels(memory, survey)
    shown = "; ".join(banners[:MOST_BANNERS]) or "none"
    return shown + f"; and {len(banners) - MOST_BANNERS} more" * (len(banners) > MOST_BANNERS)
