# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""ELF cores that Volatility's own stackers cannot use: big-endian, 32-bit, or with segments out of order.

And those that they need minutes for: Xen's, and any with very many segments. And flat memory that only begins
like an ELF file.
"""

from __future__ import annotations

import logging

from volatility3.framework import constants, exceptions, interfaces

from ...files.first_page import LINE, PAGE, begins_with_a_program
from ...files.formats import FormatError
from ...files.segments import ELF_MAGIC, Segment, in_order
from ...files.xen_core import core_segments, xen_segments
from .ranges import Layer, RangesLayer, clipped, reader_of

log = logging.getLogger(__name__)

NATIVE = b"\2\1"
"""Class and byte order that the framework's own layer reads: 64 bits, little-endian (elf.h)."""


MANY = 1 << 10
"""Segments of which the framework's layer makes objects one by one, in a hundred microseconds each."""


class ElfCoreLayer(RangesLayer):
    """An ELF core of either byte order and class, Xen's too."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """The segments of the ELF file that a layer holds, clipped to it. Raises FormatError."""
        return list(clipped(core_segments(reader_of(layer)), layer))


class FlatLayer(RangesLayer):
    """Flat memory without its first page, which would have the framework take the file for an ELF file."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """All but the first page."""
        return [Segment(PAGE, PAGE, layer.maximum_address + 1 - PAGE)]


class ElfCoreStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `ElfCoreLayer` or `FlatLayer` where the framework's `Elf64Layer` fails; leaves others to it."""

    stack_order = 9

    @classmethod
    def stack(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        progress_callback: constants.ProgressCallback = None,
    ) -> Layer | None:
        """Return a new layer on top of `layer_name`, or None."""
        layer = context.layers[layer_name]
        if isinstance(layer, interfaces.layers.TranslationLayerInterface):
            return None
        try:
            header = layer.read(layer.minimum_address, 6)
            if not header.startswith(ELF_MAGIC):
                return None
            behind = begins_with_a_program(reader_of(layer), layer.maximum_address + 1)
            if behind is not None:
                log.warning("%s, and which is left out", LINE.format(behind >> 20))
                return FlatLayer.over(context, layer_name)
            segments = ElfCoreLayer.find(layer)
        except (exceptions.InvalidAddressException, FormatError) as error:
            log.info("not an ELF core that can be used: %s", error)
            return None
        is_native = header[4:6] == NATIVE and len(segments) < MANY and not xen_segments(reader_of(layer))
        if not segments or (is_native and in_order(segments)):
            return None
        return ElfCoreLayer.over(context, layer_name)
