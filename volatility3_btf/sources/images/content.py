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
        layer: what was taken off ("bzImage", "xz", …).
        facts: what the layer says of the kernel.
    """

    data: Memory
    layer: str
    facts: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Laid:
    """A kernel as it is linked: what no layer of wrapping is around any more.

    Attributes:
        segments: address and bytes of each part; addresses are link-time ones less `base`.
        base: link-time virtual address of the address 0 of `segments`.
        layer: the format ("ELF", "Image", …).
        machine: the processor, as `Kernel.architecture` names it; None where nothing tells.
        endian: its byte order; None where nothing tells.
        build_id: hexadecimal digits of the GNU build ID; None without one.
    """

    segments: tuple[tuple[int, bytes], ...]
    base: int
    layer: str
    machine: str | None = None
    endian: str | None = None
    build_id: str | None = None
