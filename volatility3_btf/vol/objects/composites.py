# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Structures, unions and arrays."""

from __future__ import annotations

import copyreg
from abc import ABCMeta
from functools import cache
from typing import Any

from volatility3.framework import interfaces, objects

from ..lazily import when_asked
from .facts import Context, Information, LeanObject, Object


class LeanAggregate(LeanObject, objects.AggregateType):
    """A structure or union; its members are made when they are asked for, and kept."""

    def __init__(
        self,
        context: Context,
        type_name: str,
        object_info: Information,
        size: int,
        members: dict[str, tuple[int, interfaces.objects.Template]],
        **arguments: Any,
    ) -> None:
        super().__init__(context, type_name, object_info, size=size, members=members, **arguments)
        self._own_members = members
        self._concrete_members: dict[str, Object] = {}

    def has_member(self, member_name: str) -> bool:
        """Whether there is a member of this name."""
        return member_name in self._own_members

    def __getattr__(self, name: str) -> Any:
        if name in ("_concrete_members", "_own_members"):
            raise AttributeError("Object has not been properly initialized")
        made = self._concrete_members.get(name)
        if made is not None:
            return made
        if name not in self._own_members:
            return super().__getattr__(name)
        offset, template = self._own_members[name]
        info = self._own_information
        made = self._concrete_members[name] = template(
            context=self._context,
            object_info=interfaces.objects.ObjectInformation(
                layer_name=info.layer_name,
                offset=self._own_mask & (self._own_offset + offset),
                member_name=name,
                parent=self,
                native_layer_name=info.native_layer_name or info.layer_name,
                size=template.size,
            ),
        )
        return made

    @when_asked
    def _own_mask(self) -> int:
        """The bits of an address that count, in the object's layer."""
        return int(self._context.layers[self._own_information.layer_name].address_mask)


class Struct(LeanAggregate, objects.StructType):
    """A structure."""


class Union(LeanAggregate, objects.UnionType):
    """A union."""


class Array(LeanObject, objects.Array):
    """An array."""

    def __init__(
        self,
        context: Context,
        type_name: str,
        object_info: Information,
        count: int = 0,
        subtype: interfaces.objects.Template | None = None,
    ) -> None:
        super().__init__(context, type_name, object_info, count=count, subtype=subtype)

    @when_asked
    def _vol(self) -> dict[str, Any]:
        said = super()._vol
        subtype = self._own_arguments["subtype"]
        return {
            **said,
            **self._own_arguments,
            "size": said["count"] * subtype.size if subtype is not None else 0,
        }


class LeanClass(ABCMeta):
    """What a class that `lean` makes is an instance of: pickled, it is what it was made of."""


@cache
def lean(known: type[Any]) -> type[Any]:
    """A class for structures or unions that does what `known` does, on the classes of this package.

    What the framework's class for a structure has of its own comes first, as its own bases come after ours.
    """
    for plain, ours in ((objects.StructType, Struct), (objects.UnionType, Union)):
        if known is plain:
            return ours
        if issubclass(known, plain):
            said = {"__module__": known.__module__, "__doc__": known.__doc__, "made_of": known}
            return LeanClass(known.__name__, (known, ours), said)
    return known


copyreg.pickle(LeanClass, lambda made: (lean, (made.made_of,)))  # type: ignore[arg-type, attr-defined, return-value]
