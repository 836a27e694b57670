# SPDX-License-Identifier: Apache-2.0
"""A chain of the kernel's (`struct hlist_head`, include/linux/types.h), followed with its back pointers.

The last element's `next` is NULL. An element's `pprev` is where the pointer to it lies: the address of the
one before it, whose first member is `next`, or of the head. Nothing leads to the chain's end from behind, so
what lies beyond a pointer that leads nowhere cannot be had; what one skips can.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Final, Literal

from .torn_ring import Belongs, Links

NEXT: Final = 0
PPREV: Final = 1

End = Literal["whole", "unreadable", "cycle", "strange", "long"]
"""whole: came to NULL; unreadable: an element cannot be read; cycle: one was there before; strange: one has
no tie to the chain; long: more elements than were to be followed."""


@dataclass
class Chain:
    """A chain as far as it could be followed.

    Attributes:
        elements: addresses of the elements' `hlist_node`, in order, each once.
        end: how it ended.
        at: the address that ended it; 0 if it is whole.
        skipped: how many elements the pointers from the head on had left out.
        unlinked: how many of the elements had been taken out of the chain.
    """

    elements: list[int] = field(default_factory=list)
    end: End = "whole"
    at: int = 0
    skipped: int = 0
    unlinked: int = 0

    @property
    def is_torn(self) -> bool:
        """Whether something does not fit."""
        return self.end != "whole" or self.skipped > 0 or self.unlinked > 0


def follow_chain(first: int, links: Links, head: int, most: int, belongs: Belongs | None = None) -> Chain:
    """Follow a chain to its end.

    Args:
        first: the head's pointer.
        links: reads `next` and `pprev` at an address.
        head: the head's address.
        most: elements that are followed.
        belongs: whether what is around an element says that it is of this chain, where that can be asked.
    """
    chain, known = Chain(), {head}
    at, before = first, {head}
    while at:
        mine = None if len(chain.elements) >= most else links(at)
        if mine is None or at in known:
            chain.end = "long" if len(chain.elements) >= most else "cycle" if at in known else "unreadable"
            chain.at = at
            return chain
        is_tied = mine[PPREV] in before
        skipped = [] if is_tied else _back(at, links, known, most)
        if not is_tied and not skipped:
            says = belongs(at) if belongs else None
            if says is False or not (says or _was_taken_out(at, mine, links, before)):
                chain.end, chain.at = "strange", at
                return chain
            chain.unlinked += 1
        chain.skipped += len(skipped)
        chain.elements += [*skipped, at]
        known.update(skipped, [at])
        before = {at} if is_tied or skipped else {*before, at}
        at = mine[NEXT]
    return chain


def _back(at: int, links: Links, known: set[int], most: int) -> list[int]:
    """What lies between an element and what is known; empty if the back pointers do not lead there."""
    found, there = list[int](), set[int]()
    mine = links(at)
    while mine is not None and len(found) < most:
        before = mine[PPREV]
        if before in known:
            return found[::-1]
        following = links(before)
        if following is None or following[NEXT] != at or before in there:
            return []
        there.add(before)
        found.append(before)
        at, mine = before, following
    return []


def _was_taken_out(at: int, mine: tuple[int, int], links: Links, before: Collection[int]) -> bool:
    """Whether an element's neighbours have closed over it (hlist_del_rcu() leaves it its `next`)."""
    after = links(mine[NEXT]) if mine[NEXT] else None
    is_last = mine[NEXT] == 0 != mine[PPREV]
    return is_last or (after is not None and after[PPREV] in (at, mine[PPREV], *before))
