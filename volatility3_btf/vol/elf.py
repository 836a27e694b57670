# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""ELF cores that Volatility's own stacker cannot use: big-endian, 32-bit, or with segments out of order."""

from __future__ import annotations

import logging

from volatility3.framework import constants, exceptions, interfaces

from ..images import ELF_MAGIC, FormatError, Segment, elf_segments, tidy_segments
from .segments import Layer, RangesLayer, clipped, reader_of

log = logging.getLogger(__name__)

NATIVE = b"\2\1"
"""Class and byte order that the framework's own layer reads: 64 bits, little-endian (elf.h)."""


class ElfCoreLayer(RangesLayer):
    """An ELF core of either byte order and class."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """The segments of the ELF file that a layer holds, clipped to it. Raises FormatError."""
        return list(clipped(elf_segments(reader_of(layer)), layer))


class ElfCoreStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `ElfCoreLayer` where the framework's `Elf64Layer` fails; leaves all other files to it."""

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
            segments = ElfCoreLayer.find(layer)
        except (exceptions.InvalidAddressException, FormatError) as error:
            log.info("not an ELF core that can be used: %s", error)
            return None
        if not segments or (header[4:6] == NATIVE and segments == tidy_segments(segments)):
            return None
        return ElfCoreLayer.over(context, layer_name)
