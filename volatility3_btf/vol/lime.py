# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""LiME files that Volatility's own stacker refuses: ranges out of order or overlapping, or a damaged end."""

from __future__ import annotations

import logging

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.layers import segmented

from ..images import FormatError, Segment, lime_segments, tidy_segments
from .segments import Layer, clipped, reader_of

log = logging.getLogger(__name__)


class LimeRangesLayer(segmented.SegmentedLayer):
    """A LiME file, its ranges put in order of physical address."""

    def _load_segments(self) -> None:
        segments = tidy_segments(_segments(self.context.layers[self._base_layer]))
        self._segments = [(address, offset, length, length) for address, offset, length in segments]


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
            segments = _segments(layer)
        except (exceptions.InvalidAddressException, FormatError):
            return None
        last = segments[-1]
        is_whole = last.file_offset + last.length == layer.maximum_address + 1
        if is_whole and segments == tidy_segments(segments):
            return None
        name = context.layers.free_layer_name("LimeRangesLayer")
        context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
        return LimeRangesLayer(context, name, name)


def _segments(layer: Layer) -> list[Segment]:
    """The ranges of the LiME file that a layer holds. Raises FormatError if there are none."""
    found = list(clipped(lime_segments(reader_of(layer), layer.maximum_address + 1), layer))
    if not found:
        raise FormatError("the LiME file has no ranges")
    return found
