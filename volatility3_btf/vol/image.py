# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The image that a plugin of ours looks into, and how what is wrong with it is told."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import TypeAlias

from volatility3.framework import exceptions, interfaces

from ..memory import Memory, UnreadableError
from .layers import layer_memory, physical_layer_name

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


def banners_seen(memory: Memory) -> str:
    """The kernels whose banners are in an image, for a message."""
    from ..kernel import seen_kernels

    banners = seen_kernels(memory)
    shown = "; ".join(banners[:MOST_BANNERS]) or "none"
    return shown + f"; and {len(banners) - MOST_BANNERS} more" * (len(banners) > MOST_BANNERS)
