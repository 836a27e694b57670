# SPDX-License-Identifier: Apache-2.0
"""The kernel's circular lists (`struct list_head`, include/linux/types.h), followed with back pointers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from ..memory.addresses import Virtual
from .address_space import AddressSpace

End = Literal["closed", "open", "unreadable", "long"]
"""closed: came back to its head; open: an element's `prev` is not the one before it; unreadable: an element
is not in the image; long: more elements than were to be followed."""

_POINTER: Final = 8


@dataclass(frozen=True)
class Ring:
    """A circular list as far as it could be followed.

    Attributes:
        elements: virtual addresses of the elements' `list_head`, in order, without the list's own head.
        end: how it ended.
    """

    elements: tuple[Virtual, ...]
    end: End

    @property
    def is_closed(self) -> bool:
        """Whether it came back to its head, every element pointing back."""
        return self.end == "closed"


def walk_ring(space: AddressSpace, head: Virtual, endian: str, most: int) -> Ring:
    """Follow `next` from a list's head until it comes round, and see that every `prev` points back.

    Args:
        space: where the list is read.
        head: virtual address of the head.
        endian: byte order of the kernel.
        most: elements that are followed.
    """
    elements: list[Virtual] = []
    order: Literal["little", "big"] = "big" if endian == "big" else "little"
    behind = _links(space, head, order)
    last = None if behind is None else behind[1]
    at = head
    while behind is not None and len(elements) <= most:
        following = behind[0]
        behind = _links(space, following, order) if following != head else (head, last or head)
        if behind is None:
            break
        if behind[1] != at:
            return Ring(tuple(elements), "open")
        if following == head:
            return Ring(tuple(elements), "closed")
        elements.append(following)
        at = following
    return Ring(tuple(elements), "unreadable" if behind is None else "long")


def _links(
    space: AddressSpace, at: Virtual, order: Literal["little", "big"]
) -> tuple[Virtual, Virtual] | None:
    """`next` and `prev` of the `list_head` at a virtual address."""
    data = space.read_available(at, 2 * _POINTER)
    if len(data) < 2 * _POINTER:
        return None
    following, before = (int.from_bytes(half, order) for half in (data[:_POINTER], data[_POINTER:]))
    return Virtual(following), Virtual(before)
