# SPDX-License-Identifier: Apache-2.0
"""What is known of a kernel's page tables: where their root lies and how they are read."""

from __future__ import annotations

from dataclasses import dataclass

from ...memory.addresses import Place


@dataclass(frozen=True)
class PageTables:
    """The root of the kernel's page tables.

    Attributes:
        root: its address in the layer.
        levels: how many tables an address goes through; None where nothing tells.
        reason: how the number of levels is known, as a sentence.
        checked: whether translating a known address through them gave the right place.
        form: the name of the format (`Format.name`) through which it did; empty where none did.
    """

    root: Place
    levels: int | None
    reason: str
    checked: bool
    form: str = ""
