# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What a file is that nothing could make memory of."""

from __future__ import annotations

from typing import TypeAlias

from volatility3.framework import exceptions, interfaces
from volatility3.framework.layers import physical

from ....files.formats import FLATTENED, HEAD, KDUMP, FormatError, format_of, is_stream, sentence
from ....files.segments import ELF_MAGIC
from ....files.xen_core import core_segments
from .. import FAULTS, physical_layer_name
from ..kdump import open_dump
from ..ranges import reader_of
from .packed import unpacked_file

Context: TypeAlias = interfaces.context.ContextInterface


def what_file(context: Context, layer_name: str) -> str:
    """What the file under a layer is and what to do, where nothing could make memory of it; else nothing.

    Args:
        context: the context that holds the layer.
        layer_name: the layer to start from; address translation is stepped down from.
    """
    layer = context.layers[physical_layer_name(context, layer_name)]
    if not isinstance(layer, physical.FileLayer):
        return ""
    try:
        return _named(layer)
    except (FormatError, exceptions.InvalidAddressException, *FAULTS) as error:
        return str(error)


def _named(layer: physical.FileLayer) -> str:
    """The same of a file's layer. Raises FormatError, which says it."""
    unpacked_file(layer.location)
    read_at = reader_of(layer)
    head = read_at(0, HEAD)
    if is_stream(head):
        from ....files.qemu_stream import read_stream

        read_stream(read_at, layer.maximum_address + 1)
    if head.startswith((KDUMP, FLATTENED)):
        open_dump(layer)
    if head.startswith(ELF_MAGIC):
        core_segments(read_at)
    known = format_of(head)
    return sentence(known) if known else ""
