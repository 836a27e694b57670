# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""AVML files that are cut short or damaged: what is whole of them."""

from __future__ import annotations

import logging

from volatility3.framework import constants, exceptions, interfaces
from volatility3.framework.layers import avml

from ...files.avml import avml_frames
from ...files.formats import FormatError
from .ranges import Layer, reader_of
from .scans.quick import QuickScans

log = logging.getLogger(__name__)


class AvmlFramesLayer(QuickScans, avml.AVMLLayer):
    """The frames of an AVML file up to where it is cut."""

    def _load_segments(self) -> None:
        base = self.context.layers[self._base_layer]
        frames, _ = avml_frames(reader_of(base), base.maximum_address + 1)
        if not frames:
            raise FormatError("the AVML file holds no memory")
        for address, length, place, stored, is_packed in sorted(frames):
            self._segments.append((address, place, length, stored))
            self._compressed[place] = is_packed


class AvmlFramesStacker(interfaces.automagic.StackerLayerInterface):
    """Stacks `AvmlFramesLayer` where the framework's `AVMLLayer` fails; leaves all other files to it."""

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
        if isinstance(layer, interfaces.layers.TranslationLayerInterface) or not avml.HAS_SNAPPY:
            return None
        try:
            frames, damage = avml_frames(reader_of(layer), layer.maximum_address + 1)
        except exceptions.InvalidAddressException as error:
            log.info("not an AVML file that can be used: %s", error)
            return None
        if damage is None or not frames:
            return None
        name = context.layers.free_layer_name(AvmlFramesLayer.__name__)
        context.config[interfaces.configuration.path_join(name, "base_layer")] = layer_name
        made = AvmlFramesLayer(context, name, name)
        log.warning("the AVML file is cut short or damaged at %#x: memory behind that is missing", damage)
        return made
