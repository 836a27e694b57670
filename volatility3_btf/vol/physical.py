# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The physical layer of an image, stacked in a copy of the context before Volatility stacks its own."""

from __future__ import annotations

from typing import Any, TypeAlias

from volatility3 import framework
from volatility3.framework import interfaces, layers
from volatility3.framework.automagic import stacker
from volatility3.framework.layers import physical

FIRST_TRANSLATION = 34
"""The lowest `stack_order` of the framework's stackers that translate virtual addresses."""

LOCATION = "automagic.LayerStacker.single_location"
STACKERS = "automagic.LayerStacker.stackers"

Context: TypeAlias = interfaces.context.ContextInterface


def stack_physical(context: Context, config_path: str, progress: Any = None) -> tuple[Context, str]:
    """Open the image that the user named, whatever its format.

    Args:
        context: the user's context; it is not changed.
        config_path: where the layers' configuration goes in the copy.
        progress: Volatility's progress callback.

    Returns:
        A copy of the context, and in it the name of the physical layer.

    Raises:
        VolatilityException, OSError: the image cannot be opened.
    """
    framework.import_files(layers)
    copy = context.clone()
    name = copy.layers.free_layer_name("FileLayer")
    path = interfaces.configuration.path_join(config_path, "stack", name)
    copy.config[interfaces.configuration.path_join(path, "location")] = context.config[LOCATION]
    copy.add_layer(physical.FileLayer(copy, path, name))
    stacked = stacker.LayerStacker.stack_layer(copy, name, _stackers(context), progress)
    return copy, stacked[0]


def _stackers(context: Context) -> list[type[interfaces.automagic.StackerLayerInterface]]:
    """The stackers of file formats, in order; only those that the user named, if he did."""
    named = context.config.get(STACKERS, None) or ()
    known = framework.class_subclasses(interfaces.automagic.StackerLayerInterface)
    formats = [kind for kind in known if kind.stack_order < FIRST_TRANSLATION]
    chosen = [kind for kind in formats if not named or kind.__name__ in named]
    return sorted(chosen, key=lambda kind: kind.stack_order)
