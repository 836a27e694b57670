# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Templates: what lays a type over memory."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeAlias

from volatility3.framework import interfaces, objects

from ..lazily import when_asked
from .facts import Context, Information, Object

Template: TypeAlias = interfaces.objects.Template


class LeanTemplate(objects.templates.ObjectTemplate):
    """The framework's template, which keeps its objects' arguments and its size."""

    _object_arguments: dict[str, Any] | None = None
    _object_class: Any = None
    _bytes: int | None = None

    @when_asked
    def vol(self) -> interfaces.objects.ReadOnlyMapping:
        """The template's values."""
        return interfaces.objects.ReadOnlyMapping(self._vol)

    @property
    def size(self) -> int:
        """Bytes."""
        if self._bytes is None:
            self._bytes = int(super().size)
        return self._bytes

    def update_vol(self, **new_arguments: Any) -> None:
        """Change values that clones of the template will not have."""
        super().update_vol(**new_arguments)
        self._object_arguments = self._bytes = None

    def __call__(self, context: Context, object_info: Information) -> Object:
        """Lay the type over memory."""
        arguments = self._object_arguments
        if arguments is None:
            arguments = self._object_arguments = dict(self._vol)
            self._object_class = arguments.pop("object_class")
        made: Object = self._object_class(context=context, object_info=object_info, **arguments)
        return made


class PutOffTemplate(LeanTemplate):
    """Stands for a template until somebody wants to know something of it.

    Args:
        make: gives the real template.
    """

    def __init__(self, make: Callable[[], Template]) -> None:
        self._make = make

    @when_asked
    def _real(self) -> Template:
        return self._make()

    @property
    def vol(self) -> Any:
        """The real template's values."""
        return self._real.vol

    @property
    def size(self) -> int:
        """Bytes."""
        return int(self._real.size)

    @property
    def children(self) -> list[Template]:
        """None, so that resolving a type does not go on to all that it points to."""
        return []

    def relative_child_offset(self, child: str) -> int:
        """A member's offset, in bytes."""
        return int(self._real.relative_child_offset(child))

    def child_template(self, child: str) -> Template:
        """A member's template."""
        return self._real.child_template(child)

    def has_member(self, member_name: str) -> bool:
        """Whether there is a member of this name."""
        return bool(self._real.has_member(member_name))

    def clone(self) -> Template:
        """A copy of the real template."""
        return self._real.clone()

    def update_vol(self, **new_arguments: Any) -> None:
        """Change the real template's values."""
        self._real.update_vol(**new_arguments)

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._real, name)

    def __call__(self, context: Context, object_info: Information) -> Object:
        """Lay the type over memory."""
        return self._real(context=context, object_info=object_info)
