# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Lines for the user: whatever bytes of an image are in one, it stays one line of bounded length."""

from __future__ import annotations

from typing import TypeAlias
from weakref import WeakKeyDictionary

from volatility3.framework import interfaces

Context: TypeAlias = interfaces.context.ContextInterface

LONGEST = 400
"""Characters."""


def one_line(text: str) -> str:
    """A text for one line of the log; dots where it is cut."""
    cut = text if len(text) <= LONGEST else text[: LONGEST - 4] + " ..."
    return "".join(character if character.isprintable() else " " for character in cut)


def as_linux_shows(address: int, bits: int) -> int:
    """An address of the kernel's, of which Volatility keeps the lower bits, with the upper ones again.

    Args:
        address: the address.
        bits: how many are kept; below 64 the highest of them stands for all above.
    """
    above = (1 << 64) - (1 << bits)
    return address | above if 32 < bits < 64 and address >> bits - 1 & 1 else address


_put_off: WeakKeyDictionary[Context, dict[str, str]] = WeakKeyDictionary()


def put_off(context: Context, path: str, reason: str) -> None:
    """Keep a line that is for the user only if nobody else configures the layer at this path."""
    _put_off.setdefault(context, {})[path] = reason


def still_true(context: Context) -> list[str]:
    """The lines that were put off and are due now; each is given once."""
    reasons = _put_off.pop(context, {})
    return [
        reason for path, reason in reasons.items() if context.config.get(path, None) not in context.layers
    ]
