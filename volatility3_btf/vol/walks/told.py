# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What the user hears of lists and trees that are torn: one line for each, a few lines for each kind."""

from __future__ import annotations

import logging
from typing import Final, TypeAlias
from weakref import WeakKeyDictionary

from volatility3.framework import interfaces

from ..lines import one_line

log = logging.getLogger(__name__)

Context: TypeAlias = interfaces.context.ContextInterface

MOST_LINES: Final = 3
"""Of one kind; a directory's list is one of thousands."""

_told: WeakKeyDictionary[Context, dict[str, set[tuple[str, int]]]] = WeakKeyDictionary()
"""What a context's user has heard of: by kind, layer and address."""


def say_again(context: Context) -> None:
    """Have this context's user told once more of lists that are torn: another answer begins."""
    _told.pop(context, None)


def tell(context: Context, kind: str, layer: str, address: int, text: str) -> None:
    """Give the user a line, once for each list, and not too many for each kind.

    Args:
        context: whose user hears it.
        kind: what it is a list of.
        layer: where the list lies.
        address: of its head.
        text: the line.
    """
    told = _told.setdefault(context, {}).setdefault(kind, set())
    if (layer, address) in told or len(told) > MOST_LINES:
        return
    told.add((layer, address))
    if len(told) > MOST_LINES:
        log.warning("More lists of this kind (%s) are torn, which are not told one by one", kind)
    else:
        log.warning("%s", one_line(text))
