# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The physical layer of an image, whatever its format: the user's, and of others beside it."""

from __future__ import annotations

import os
from typing import Any, TypeAlias

from volatility3 import framework
from volatility3.framework import contexts, exceptions, interfaces, layers
from volatility3.framework.automagic import stacker
from volatility3.framework.configuration import requirements
from volatility3.framework.layers import physical

from ...files.descriptors import open_file
from ...files.formats import FormatError
from ...files.images import FileMemory, open_memory
from ...files.segments import ELF_MAGIC
from ...memory.memory import Memory
from . import FAULTS, layer_memory

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


def open_image(context: Context, path: str | os.PathLike[str], progress: Any = None) -> Memory:
    """Open another image than the user's in any format that Volatility reads, as `Memory`.

    ELF files, kernels (vmlinux) among them, and what Volatility has no format for are left to `open_memory`.

    Args:
        context: the user's context, for the stackers that he named; it is not changed.
        path: the image.
        progress: Volatility's progress callback.

    Raises:
        FormatError, OSError: the image cannot be opened.
    """
    with os.fdopen(open_file(path), "rb") as file:
        if file.read(len(ELF_MAGIC)) == ELF_MAGIC:
            return open_memory(path)
    fresh = contexts.Context()
    fresh.config[LOCATION] = requirements.URIRequirement.location_from_file(os.path.abspath(path))
    if STACKERS in context.config:
        fresh.config[STACKERS] = context.config[STACKERS]
    try:
        copy, name = stack_physical(fresh, "other", progress)
        memory = layer_memory(copy, name)
    except (exceptions.VolatilityException, *FAULTS) as error:
        raise FormatError(str(error)) from error
    is_plain = type(copy.layers[name]) is physical.FileLayer and isinstance(memory, FileMemory)
    return open_memory(path) if is_plain else memory


def leave_formats_only(context: Context) -> None:
    """Keep the framework from putting a layer for another processor on an image."""
    context.config[STACKERS] = [kind.__name__ for kind in _stackers(context)]


def _stackers(context: Context) -> list[type[interfaces.automagic.StackerLayerInterface]]:
    """The stackers of file formats, in order; only those that the user named, if he did."""
    named = context.config.get(STACKERS, None) or ()
    known = framework.class_subclasses(interfaces.automagic.StackerLayerInterface)
    formats = [kind for kind in known if kind.stack_order < FIRST_TRANSLATION]
    chosen = [kind for kind in formats if not named or kind.__name__ in named]
    return sorted(chosen, key=lambda kind: kind.stack_order)
