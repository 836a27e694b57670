# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""`struct list_head`: a ring that does not come round goes on from its other end, and the user is told.

The framework ends a walk at an element that cannot be read, and at one that was there before, as it does at
the head; so a list that is cut short looks like one that is whole.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from volatility3.framework import interfaces
from volatility3.framework.symbols.linux import extensions

from ...kernel.torn_ring import NEXT, PREV, Belongs, Pair, TornRing, both_ways
from .directories import FILES, is_in_directory
from .elsewhere import FAULTS, WITNESSES, elsewhere
from .pointers import Pointers
from .told import tell

Context: TypeAlias = interfaces.context.ContextInterface
Object: TypeAlias = interfaces.objects.ObjectInterface

NAMES: Final = {
    ("task_struct", "tasks"): "processes",
    ("task_struct", "thread_group"): "threads",
    ("task_struct", "thread_node"): "threads",
    ("task_struct", "ptrace_entry"): "traced processes",
    ("module", "list"): "modules",
    ("kobject", "entry"): "kobjects",
    ("btf_module", "list"): "modules with BTF",
    ("dentry", "d_child"): FILES,
    ("dentry", "d_u"): FILES,
    ("mount", "mnt_list"): "mounts",
    ("net", "list"): "network namespaces",
    ("net_device", "dev_list"): "network devices",
    ("inet6_ifaddr", "if_list"): "IPv6 addresses",
}
"""What lists hold, for the user, by type and member."""

NEVER_EMPTY: Final = {"processes"}
"""Lists that a kernel that runs has something in."""


class WatchedList(extensions.list_head):
    """A list that says so where it is torn, and then gives what both directions lead to."""

    def to_list(
        self,
        symbol_type: str,
        member: str,
        forward: bool = True,
        sentinel: bool = True,
        layer: str | None = None,
    ) -> Iterator[Object]:
        """The elements, in the framework's order; see there for the arguments."""
        if {layer or self.vol.layer_name, self.vol.native_layer_name} != {self.vol.layer_name}:
            walk: Iterator[Object] = super().to_list(symbol_type, member, forward, sentinel, layer)
            return walk
        return _Walk(self, symbol_type, member, NEXT if forward else PREV).objects(sentinel)


class _Walk:
    """One walk over a list.

    Args:
        head: the list's head.
        symbol_type: the elements' type.
        member: the member that links them.
        way: the direction to begin with.
    """

    def __init__(self, head: Any, symbol_type: str, member: str, way: int) -> None:
        self._list = head
        self._context = head._context
        self._name = head.vol.layer_name
        self._pointers = Pointers(self._context, self._name, head.vol.type_name, "next")
        self._layer, self._mask = self._pointers.layer, self._pointers.mask
        self._head = int(head.vol.offset)
        self._type, self._way = symbol_type, way
        self._place = int(self._context.symbol_space.get_type(symbol_type).relative_child_offset(member))
        kind = symbol_type.rpartition("!")[2]
        self._what = NAMES.get((kind, member), f"{kind}.{member}")

    def objects(self, sentinel: bool) -> Iterator[Object]:
        """The elements; where the list is torn, those of both directions."""
        if not sentinel and self._layer.is_valid(self._head - self._place):
            yield self._object(self._head)
        known = {self._head}
        at = self._head
        ends = links = self._links(at)
        while links is not None:
            following = links[self._way]
            if following == self._head:
                if ends is not None and ends[1 - self._way] == at:
                    yield from self._whole(known)
                    return
                break
            links = self._links(following)
            is_new = following not in known and len(known) <= self._pointers.most
            if links is None or not is_new or links[1 - self._way] != at:
                break
            known.add(following)
            yield self._object(following)
            at = following
        yield from self._torn(known, at)

    def _torn(self, known: set[int], last: int) -> Iterator[Object]:
        """What is left of a list that is torn behind an element; the user is told."""
        count = len(known) - 1
        ring = both_ways(self._directed, self._head, self._pointers.most, self._belongs)
        for node in ring.elements:
            if node not in known:
                known.add(node)
                yield self._object(node)
        where = self._where(count, last)
        text = f"the list of {self._what} cannot be read where it starts"
        if where:
            ways = ("forwards", "backwards") if self._way == NEXT else ("backwards", "forwards")
            text = f"the list of {self._what} is torn: {where}; {_made(ring, ways)}"
        if ring.has_gap:
            yield from self._and_elsewhere(known, text, "may not be" if ring.meets else "is not", ring.meets)
        else:
            self._tell(text[0].upper() + text[1:])

    def _and_elsewhere(
        self, known: set[int], text: str, may: str, is_round: bool = False
    ) -> Iterator[Object]:
        """What the list lacks and others have; the user is told what is wrong with the list.

        Args:
            known: what it has.
            text: what is wrong.
            may: whether what is shown is or may not be complete, where nobody else has more.
            is_round: whether that nobody else has more is enough.
        """
        others = self._elsewhere(known)
        yield from map(self._object, others)
        witnesses = WITNESSES.get(self._what, {})
        if witnesses:
            text += f"; {_said(others, witnesses)}"
        if is_round and witnesses and not others:
            self._tell(text[0].upper() + text[1:])
        else:
            self._tell(f"What is shown {'may not be' if others else may} complete: {text}")

    def _elsewhere(self, known: Container[int]) -> dict[int, list[str]]:
        """What the list should have, and others have, with their names."""
        found = {at + self._place: names for at, names in elsewhere(self._list, self._what).items()}
        return {
            at: names
            for at, names in found.items()
            if at not in known and at != self._head and self._looks_real(at)
        }

    def _links(self, at: int) -> Pair | None:
        """`next` and `prev` of an element that is there, or of the head."""
        found = self._pointers.pair(at)
        is_there = at == self._head or self._layer.is_valid(at - self._place)
        return found if is_there else None

    def _directed(self, at: int) -> Pair | None:
        """The same, the direction to begin with first."""
        links = self._links(at)
        return links if links is None or self._way == NEXT else (links[1], links[0])

    def _object(self, at: int) -> Object:
        return self._context.object(self._type, self._name, offset=at - self._place)

    def _looks_real(self, at: int) -> bool:
        """Whether an object is valid by what the framework knows of its type."""
        found = self._object(at)
        try:
            return bool(found.is_valid()) if hasattr(type(found), "is_valid") else True
        except FAULTS:
            return False

    @property
    def _belongs(self) -> Belongs | None:
        """Whether an element says itself that it is of this list, where its type can say so."""
        if self._what == FILES:
            return lambda at: is_in_directory(self._object(at), self._list.vol.parent)
        if hasattr(self._context.symbol_space.get_type(self._type).vol.object_class, "is_valid"):
            return lambda at: self._looks_real(at) or None
        return None

    def _whole(self, known: set[int]) -> Iterator[Object]:
        """What is to be added to a list that comes round, and yet cannot be what it should be."""
        if self._what not in NEVER_EMPTY:
            return
        found = known - {self._head}
        if not found:
            yield from self._and_elsewhere(known, f"the list of {self._what} is empty", "is not")
        elif not any(self._looks_real(node) for node in found):
            text = f"the list of {self._what} comes round, and none of its {len(found)} looks like one"
            self._tell(f"What is shown is not complete: {text}")

    def _where(self, count: int, last: int) -> str:
        """Where a list is torn; empty where not even its head can be read."""
        found = self._pointers.read(last)
        if found is None:
            return ""
        onward = self._links(found[self._way] & self._mask)
        if onward is None:
            wrong = "cannot be read"
        else:
            wrong = "was there before" if onward[1 - self._way] == last else "does not lead back"
        return f"after {count} it goes on at {found[self._way]:#x}, which {wrong}"

    def _tell(self, text: str) -> None:
        tell(self._context, self._what, self._name, self._head, text)


def _made(ring: TornRing, ways: tuple[str, str]) -> str:
    """What was made of a torn list."""
    text = f"{ways[0]} it gives {ring.forward}, {ways[1]} {ring.backward}, in all {len(ring.elements)}"
    if ring.unlinked:
        text += f" ({len(ring.unlinked)} of them taken out of the list)"
    if ring.left_out:
        text += f"; {len(ring.left_out)} that have no tie to the list are left out"
    if not ring.has_gap:
        text += ", and none of them leads to more"
    return text


def _said(others: Mapping[int, Sequence[str]], witnesses: Iterable[str]) -> str:
    """How much the other witnesses have added."""
    counts = Counter(name for names in others.values() for name in names)
    if not counts:
        return f"no more of them in {', '.join(witnesses)}"
    each = ", ".join(f"{count} in {name}" for name, count in counts.items())
    return f"{len(others)} more are shown that are elsewhere: {each}"
