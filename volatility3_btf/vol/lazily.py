# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Attributes that are made at the first access."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Generic, TypeVar

Made = TypeVar("Made")


class when_asked(Generic[Made]):
    """An attribute that is made at the first access and then kept in the object.

    As `functools.cached_property`, without the lock that this has before Python 3.12.
    """

    def __init__(self, make: Callable[[Any], Made]) -> None:
        self._make = make
        self.__doc__ = make.__doc__

    def __set_name__(self, owner: type[Any], name: str) -> None:
        self._name = name

    def __get__(self, instance: Any, owner: type[Any] | None = None) -> Made:
        made = instance.__dict__[self._name] = self._make(instance)
        return made
