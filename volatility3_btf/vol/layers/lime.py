# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""LiME files that Volatility's own stacker refuses: ranges out of order or overlapping, or a damaged end."""

from __future__ import annotations

import logging

from volatility3.framework import constants, exceptions, interfaces

from ...files.formats import FormatError
from ...files.segments import Segment, in_order, lime_segments
from .ranges import Layer, RangesLayer, clipped, reader_of

log = logging.getLogger(__name__)


class LimeRangesLayer(RangesLayer):
    """A LiME file."""

    @classmethod
    def find(cls, layer: Layer) -> list[Segment]:
        """The ranges of the LiME file that a layer holds, clipped to it. Raises FormatError."""
        found = list(clipped(lime_segments(reader_of(layer), layer.maximum_address + 1), layer))
        if not found:
            raise FormatError("the LiME file has no ranges")
        return found


class LimeRangesStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `LimeRangesLayer` where the framework's `LimeLayer` fails; leaves all other files to it."""

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
            segments = LimeRangesLayer.find(layer)
        except (exceptions.InvalidAddressException, FormatError):
            return None
        last = segments[-1]
        is_whole = last.file_offset + last.length == layer.maximum_address + 1
        if is_whole and in_order(segments):
            return None
        return LimeRangesLayer.over(context, layer_name)
