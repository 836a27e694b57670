# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""A flat image whose parts belong elsewhere than they lie, as a layer of physical addresses."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Any, TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.configuration import requirements

from ...files.formats import FormatError
from ...files.segments import Segment
from .ranges import Layer, RangesLayer, clipped

if TYPE_CHECKING:
    from ...kernel import Kernel
    from ...kernel.identify.arrangement import Arrangement
    from ...memory.memory import Memory

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
join = interfaces.configuration.path_join

MOST_PARTS = 1 << 12
"""Parts that a configuration may name; the kernel's map has a few."""


MOST_SHOWN = 4
"""Parts that the line names."""


class ArrangedLayer(RangesLayer):
    """Physical memory whose parts lie in a flat file one behind the other.

    Its configuration names the parts as numbers in bytes: address, offset in the file, length, and so on.
    """

    @classmethod
    def get_requirements(cls) -> list[interfaces.configuration.RequirementInterface]:
        """The file, and where its parts belong."""
        parts = requirements.ListRequirement(
            name="parts", element_type=int, min_elements=3, max_elements=3 * MOST_PARTS
        )
        return [*super().get_requirements(), parts]

    def _load_segments(self) -> None:
        numbers = self.config["parts"]
        if len(numbers) % 3:
            raise FormatError("a part is an address, an offset and a length")
        parts = [Segment(*numbers[at : at + 3]) for at in range(0, len(numbers), 3)]
        held = clipped(parts, self.context.layers[self._base_layer])
        self._segments = [(address, offset, length, length) for address, offset, length in sorted(held)]


def laid_out(context: Context, physical: str, memory: Memory, kernel: Kernel) -> str | None:
    """Lay a flat image out as its kernel says, where it is not laid out so.

    Args:
        context: gets the new layer.
        physical: the name of the image's layer.
        memory: the image.
        kernel: the kernel in it.

    Returns:
        The name of a layer of physical addresses; None where the image is one itself.
    """
    from ...kernel.identify.arrangement import arrangement_of

    arrangement = arrangement_of(memory, kernel)
    if arrangement is None:
        return None
    name = context.layers.free_layer_name("ArrangedLayer")
    path = join("BtfSymbols", name)
    numbers: list[Any] = [number for part in arrangement.parts for number in part]
    context.config[join(path, "base_layer")] = physical
    context.config[join(path, "parts")] = numbers
    layer: Layer = ArrangedLayer(context, path, name)
    context.add_layer(layer)
    log.warning("%s", _told(arrangement))
    return str(name)


def _told(arrangement: Arrangement) -> str:
    """What was done, in one line."""
    first, *others = arrangement.parts
    if not others:
        start = f"Address {first.offset:#x} of this image is physical address {first.address:#x}"
        return f"{start}, by {arrangement.how}: it was laid out so"
    shown = ", ".join(f"{part.offset:#x} is {part.address:#x}" for part in arrangement.parts[:MOST_SHOWN])
    return (
        "This image leaves out what lies between its ranges of physical memory: "
        f"they were laid out by {arrangement.how} ({shown})"
    )
