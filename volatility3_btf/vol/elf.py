# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""ELF cores that Volatility's own stacker cannot use: big-endian, 32-bit, or with segments out of order."""

from __future__ import annotations

import logging
from collections.abc import Iterator

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.layers import segmented

from ..images import ELF_MAGIC, FormatError, Segment, elf_segments, tidy_segments
from .segments import Layer, clipped, reader_of

log = logging.getLogger(__name__)

NATIVE = b"\2\1"
"""Class and byte order that the framework's own layer reads: 64 bits, little-endian (elf.h)."""


class ElfCoreLayer(segmented.SegmentedLayer):
    """An ELF core of either byte order and class, its segments put in order of physical address."""

    def _load_segments(self) -> None:
        segments = tidy_segments(_clipped_segments(self.context.layers[self._base_layer]))
        self._segments = [(address, offset, length, length) for address, offset, length in segments]


class ElfCoreStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `ElfCoreLayer` where the framework's `Elf64Layer` fails; leaves all other files to it."""

    stack_order = 9

    @classmethod
    def stack(
        cls,
        context: interfaces.context.ContextInterface,
        layer_name: str,
        progress_callback: constants.ProgressCallback = None,
    ) -> interfaces.layers.DataLayerInterface | None:
        """Return a new layer on top of `layer_name`, or None."""
        layer = context.layers[layer_name]
        if isinstance(layer, interfaces.layers.TranslationLayerInterface):
            return None
        try:
            header = layer.read(layer.minimum_address, 6)
            if not header.startswith(ELF_MAGIC):
                return None
            segments = list(_clipped_segments(layer))
        except (exceptions.InvalidAddressException, FormatError) as error:
            log.info("not an ELF core that can be used: %s", error)
            return None
        if not segments or (header[4:6] == NATIVE and segments == tidy_segments(segments)):
            return None
        name = context.layers.free_layer_name("ElfCoreLayer")
        context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
        return ElfCoreLayer(context, name, name)


def _clipped_segments(layer: Layer) -> Iterator[Segment]:
    """The segments of the ELF file that a layer holds, clipped to it."""
    return clipped(elf_segments(reader_of(layer)), layer)
