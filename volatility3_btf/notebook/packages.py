# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Packages of the extra `notebook`, asked for when they are used."""

from __future__ import annotations

from importlib import import_module
from typing import Any, Final

from .errors import MissingPackageError

EXTRA: Final = 'pip install "volatility3-btf[notebook]"'


def need(name: str) -> Any:
    """A module of a package that need not be installed.

    Raises:
        MissingPackageError: it is not; the message says how to get it.
    """
    try:
        return import_module(name)
    except ImportError as error:
        missing = (error.name or name).partition(".")[0]
        raise MissingPackageError(f"the package {missing} is not installed: {EXTRA}") from error
