# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The kernel's rings of processes and of modules: whoever walks one to where it breaks is told."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final, TypeAlias
from weakref import WeakKeyDictionary

from volatility3.framework import exceptions, interfaces
from volatility3.framework.symbols.linux import extensions

from ..lines import as_linux_shows

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface
Object: TypeAlias = interfaces.objects.ObjectInterface

_told: WeakKeyDictionary[Context, set[tuple[str, int]]] = WeakKeyDictionary()
"""Of which rings a context's user has heard: layer and address of the head."""


def say_again(context: Context) -> None:
    """Have this context's user told once more of rings that do not come round: another answer begins."""
    _told.pop(context, None)


@dataclass(frozen=True)
class Ring:
    """A list whose end is looked at.

    Attributes:
        what: its elements, for the user.
        may_be_empty: whether a kernel that runs can have none.
    """

    what: str
    may_be_empty: bool


RINGS: Final = {
    ("task_struct", "tasks"): Ring("processes", False),
    ("module", "list"): Ring("modules", True),
}
"""By type and member: `init_task.tasks`, and `modules`."""


class WatchedList(extensions.list_head):
    """Volatility's `list_head`, which says so in one line where a ring of `RINGS` does not come round.

    The framework ends a walk at an element that cannot be read, and at one that was there before, as it does
    at the head; so a list that is cut short looks like one that is whole. A whole one costs one more read.
    """

    def to_list(
        self,
        symbol_type: str,
        member: str,
        forward: bool = True,
        sentinel: bool = True,
        layer: str | None = None,
    ) -> Iterator[Object]:
        """The elements, as the framework walks them; see there for the arguments."""
        walk: Iterator[Object] = super().to_list(symbol_type, member, forward, sentinel, layer)
        ring = RINGS.get((symbol_type.rpartition("!")[2], member)) if sentinel else None
        if ring is None:
            return walk
        return self._watched(walk, ring, member, "next" if forward else "prev")

    def _watched(self, walk: Iterator[Object], ring: Ring, member: str, direction: str) -> Iterator[Object]:
        first: Any = None
        last: Any = None
        count = 0
        for last in walk:
            first = first or last
            count += 1
            yield last
        reason = self._cut_short(last, count, ring, member, direction)
        if not reason and not ring.may_be_empty and not (first.is_valid() or last.is_valid()):
            reason = f"the list of {ring.what} comes round, and none of its {count} looks like one"
        if reason:
            self._tell(reason)

    def _cut_short(self, last: Any, count: int, ring: Ring, member: str, direction: str) -> str:
        """Why a walk that has come to its end is no whole list; empty where it came back to the head."""
        try:
            link = self if last is None else getattr(last, member)
            address = int(getattr(link, direction))
        except exceptions.InvalidAddressException:
            return f"the list of {ring.what} cannot be read where it starts"
        layer = self._context.layers[self.vol.layer_name]
        if (address ^ self.vol.offset) & layer.address_mask == 0:
            return "" if count or ring.may_be_empty else f"the list of {ring.what} is empty"
        known = "was there before" if layer.is_valid(address & layer.address_mask) else "cannot be read"
        shown = as_linux_shows(address, layer.address_mask.bit_length())
        where = f"after {count} it goes on at {shown:#x}, which {known}"
        return f"the list of {ring.what} does not come round: {where}"

    def _tell(self, reason: str) -> None:
        told = _told.setdefault(self._context, set())
        key = (self.vol.layer_name, self.vol.offset)
        if key not in told:
            told.add(key)
            log.warning("What is shown is not complete: %s", reason)
