# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Views over the plugins' tables."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True)
class View:
    """A query that has a name.

    Attributes:
        about: what it shows.
        query: it.
        addresses: its columns that hold addresses, beyond those of its tables.
    """

    about: str
    query: str
    addresses: frozenset[str] = frozenset()


VIEWS: Final[dict[str, View]] = {}
