# SPDX-License-Identifier: Apache-2.0
"""A circular list of the kernel's (`struct list_head`) that does not come round: what both directions give.

Memory that is copied while the machine runs is not of one moment: an element's page may be older than its
neighbour's. A `next` then leads to what was taken out since (list_del_rcu() leaves the pointers of what it
takes out, include/linux/rculist.h), whose memory may be something else by now, or past what was added since.
The `prev` of the same elements lie on other pages, and often tell the rest.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final, Literal, TypeAlias

from ..memory.addresses import Virtual

if TYPE_CHECKING:
    from .address_space import AddressSpace

Pair: TypeAlias = tuple[int, int]
"""`next` and `prev`."""

Links: TypeAlias = Callable[[int], Pair | None]
"""The links at an address; None where they cannot be read."""

Belongs: TypeAlias = Callable[[int], bool | None]
"""Whether an element is of a list; None if it does not say."""

NEXT: Final = 0
PREV: Final = 1

_POINTER: Final = 8


@dataclass(frozen=True)
class TornRing:
    """What both directions give of a list.

    Attributes:
        elements: addresses in the list's order, each once, without the head's.
        forward: how many `next` led to, from the head.
        backward: how many `prev` led to.
        meets: whether one direction came round, or came upon what the other had.
        astray: how many links of the head and the elements lead to what is not in the list.
        unlinked: those of the elements that lead into the list, and that nothing in it leads back to.
        left_out: what a link led to, and which has no tie to the list.
    """

    elements: tuple[int, ...] = ()
    forward: int = 0
    backward: int = 0
    meets: bool = False
    astray: int = 0
    unlinked: tuple[int, ...] = ()
    left_out: tuple[int, ...] = ()

    @property
    def has_gap(self) -> bool:
        """Whether there may be more than was found: a link that leads astray may have led there."""
        return not self.meets or self.astray > 0


@dataclass
class _Way:
    """One direction.

    Attributes:
        nodes: the addresses that it leads to, without the head's.
        end: "closed" where it came back to the head, "cycle" to another address, else "open".
        sound: how many of the nodes, from the head on, lead back.
    """

    nodes: list[int] = field(default_factory=list)
    end: Literal["closed", "cycle", "open"] = "open"
    sound: int = 0


def both_ways(links: Links, head: int, most: int, belongs: Belongs | None = None) -> TornRing:
    """Follow a list from its head in both directions.

    Args:
        links: reads the two links at an address.
        head: the head's address.
        most: elements that are followed in each direction.
        belongs: whether what is around an element says that it is of this list, where that can be asked.
    """
    forward, backward = (_follow(links, head, way, most) for way in (NEXT, PREV))
    known = {*forward.nodes, *backward.nodes}
    says = {node: belongs(node) if belongs else None for node in known}
    trusted = {*_trusted(forward, backward), *_trusted(backward, forward)}
    trusted = {node for node in known if says[node] or (node in trusted and says[node] is None)}
    tied = {node for node in trusted if _is_tied(links, node)}
    loose = {node for node in trusted - tied if says[node] or belongs is None}
    unlinked = {node for node in loose if says[node] or _leads_to(links, node, tied | {head})}
    kept = tied | unlinked
    ahead = [node for node in forward.nodes if node in kept]
    behind = [node for node in reversed(backward.nodes) if node in kept]
    elements = merge(ahead, behind)
    return TornRing(
        tuple(elements),
        len(ahead),
        len(behind),
        "closed" in (forward.end, backward.end) or not {*ahead}.isdisjoint(behind),
        sum(link not in kept and link != head for node in (head, *tied) for link in links(node) or (-1,)),
        tuple(node for node in elements if node in unlinked),
        tuple(sorted(known - kept)),
    )


def list_both_ways(space: AddressSpace, head: Virtual, endian: str, most: int) -> TornRing:
    """Follow a list of the kernel's in both directions.

    Args:
        space: where the list is read.
        head: virtual address of the head.
        endian: the kernel's byte order.
        most: elements that are followed in each direction.
    """
    order: Literal["little", "big"] = "big" if endian == "big" else "little"

    def links(at: int) -> Pair | None:
        data = space.read_available(Virtual(at), 2 * _POINTER)
        if len(data) < 2 * _POINTER:
            return None
        return int.from_bytes(data[:_POINTER], order), int.from_bytes(data[_POINTER:], order)

    return both_ways(links, head, most)


def _follow(links: Links, head: int, way: int, most: int) -> _Way:
    """Where one of the two links leads to from the head, until it comes round, or goes nowhere."""
    found, known = _Way(), {head}
    before, at = head, links(head)
    while at is not None and len(found.nodes) < most:
        following = at[way]
        if following in known:
            found.end = "closed" if following == head else "cycle"
            break
        at = links(following)
        if at is not None:
            found.sound += found.sound == len(found.nodes) and at[1 - way] == before
            known.add(following)
            found.nodes.append(following)
            before = following
    return found


def _trusted(way: _Way, other: _Way) -> list[int]:
    """The part of a direction that is of this list.

    Behind a link that nothing answers may come another list: it never comes back to this one, but to
    itself. A piece that ends nowhere may be of this list, unless the other direction gave all of that.
    """
    if way.end == "closed":
        return way.nodes
    shared = set(other.nodes)
    last = max((number for number, node in enumerate(way.nodes, 1) if node in shared), default=0)
    if way.end == "cycle" or other.end == "closed":
        return way.nodes[: max(way.sound, last)]
    return way.nodes


def _is_tied(links: Links, node: int) -> bool:
    """Whether a neighbour that an element has leads back to it."""
    mine = links(node)
    if mine is None or mine[NEXT] == node:
        return False
    after, before = links(mine[NEXT]), links(mine[PREV])
    return (after is not None and after[PREV] == node) or (before is not None and before[NEXT] == node)


def _leads_to(links: Links, node: int, there: set[int]) -> bool:
    mine = links(node)
    return mine is not None and not there.isdisjoint(mine)


def merge(ahead: Sequence[int], behind: Sequence[int]) -> list[int]:
    """Two parts of one order as a whole; what only the second has goes before what both have."""
    places = {node: number for number, node in enumerate(behind)}
    merged, done = dict[int, None](), 0
    for node in ahead:
        place = places.get(node, -1)
        if place >= done:
            merged.update(dict.fromkeys(behind[done:place]))
            done = place + 1
        merged[node] = None
    merged.update(dict.fromkeys(behind[done:]))
    return list(merged)
