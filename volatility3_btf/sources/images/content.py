# SPDX-License-Identifier: Apache-2.0
"""What a layer of wrapping holds, and what was learnt on the way to it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ...memory.memory import Memory


@dataclass(frozen=True)
class Content:
    """What was taken out of a layer of wrapping.

    Attributes:
        data: the bytes, from address 0 on.
        layers: what was taken off, the outermost first ("bzImage", "xz", …).
        facts: what the layer says of the kernel.
    """

    data: Memory
    layers: tuple[str, ...]
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Laid:
    """A kernel as it is linked: what no layer of wrapping is around any more.

    Attributes:
        segments: address and bytes of each part; addresses are link-time ones less `base`.
        base: link-time virtual address of the address 0 of `segments`; None where nothing tells but the
            kernel's symbols.
        layers: the format ("ELF", "Image", …), behind what was taken off to come to it.
        machine: the processor, as `Kernel.architecture` names it; None where nothing tells.
        endian: its byte order; None where nothing tells.
        build_id: hexadecimal digits of the GNU build ID; None without one.
    """

    segments: tuple[tuple[int, bytes], ...]
    base: int | None
    layers: tuple[str, ...]
    machine: str | None = None
    endian: str | None = None
    build_id: str | None = None
