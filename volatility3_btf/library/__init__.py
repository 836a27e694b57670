# SPDX-License-Identifier: Apache-2.0
"""A library of symbol tables: made before the incident, of every kernel that a fleet may run.

The names below are loaded when they are used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .build import Summary, build
    from .catalogue import Catalogue
    from .folder import LibraryError

__all__ = ["Catalogue", "LibraryError", "Summary", "build"]

_HOMES = {"Catalogue": "catalogue", "LibraryError": "folder", "Summary": "build", "build": "build"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = globals()[name] = getattr(import_module(f".{_HOMES[name]}", __name__), name)
    return value
