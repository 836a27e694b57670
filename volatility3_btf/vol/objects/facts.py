# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""What an object says of itself under `vol`, put together when somebody asks.

The framework keeps it as four mappings that are searched in turn, wraps them anew at each access, and makes
them for each object, of which most are asked for their value or a member only.
"""

from __future__ import annotations

from typing import Any, Final, TypeAlias

from volatility3.framework import constants, interfaces

from ..lazily import when_asked

Context: TypeAlias = interfaces.context.ContextInterface
Information: TypeAlias = interfaces.objects.ObjectInformation
Object: TypeAlias = interfaces.objects.ObjectInterface


_TOLD: Final = ("layer_name", "native_layer_name", "member_name", "parent", "size")
"""What `ObjectInformation` tells of an object besides its offset; before 2.27 it is no dataclass."""


class ObjectFacts(interfaces.objects.ReadOnlyMapping):
    """The values under `vol`, by key or as attributes."""

    def __getattr__(self, name: str) -> Any:
        if name == "_dict":
            raise AttributeError(name)
        try:
            return self._dict[name]
        except KeyError:
            raise AttributeError(f"Object has no attribute: {type(self).__name__}.{name}") from None


class LeanObject(interfaces.objects.ObjectInterface):
    """The part that all classes of this package share; stands before a framework class among the bases."""

    def __init__(self, context: Context, type_name: str, object_info: Information, **arguments: Any) -> None:
        self._context = context
        self._own_type = type_name
        self._own_information = object_info
        self._own_arguments = arguments

    @when_asked
    def _vol(self) -> dict[str, Any]:
        return {
            **self._own_arguments,
            **{name: getattr(self._own_information, name) for name in _TOLD},
            "type_name": self._own_type,
            "offset": self._own_offset,
        }

    @when_asked
    def vol(self) -> ObjectFacts:
        """What is known of the object itself: its type, layer, offset and more."""
        return ObjectFacts(self._vol)

    @when_asked
    def _own_offset(self) -> int:
        """The address of the object, in its layer."""
        info = self._own_information
        return int(info.offset & self._context.layers[info.layer_name].address_mask)

    def cast(self, new_type_name: str, **additional: Any) -> Object:
        """The object as one of another type, at the same place; of the same table if the name has none."""
        if additional or constants.BANG in new_type_name or constants.BANG not in self._own_type:
            return super().cast(new_type_name, **additional)
        table = self._own_type[: self._own_type.index(constants.BANG)]
        template = self._context.symbol_space.get_type(table + constants.BANG + new_type_name)
        info = self._own_information
        return template(
            context=self._context,
            object_info=interfaces.objects.ObjectInformation(
                layer_name=info.layer_name,
                offset=self._own_offset,
                member_name=info.member_name,
                parent=info.parent,
                native_layer_name=info.native_layer_name or info.layer_name,
                size=template.size,
            ),
        )
