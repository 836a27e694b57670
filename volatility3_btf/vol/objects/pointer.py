# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Pointers."""

from __future__ import annotations

from typing import Any

from volatility3.framework import interfaces, objects

from .facts import Context, Information, Object
from .primitives import Integer


class Pointer(Integer, objects.Pointer):
    """A pointer; what it points to is laid over memory once for each layer."""

    def __init__(
        self,
        context: Context,
        type_name: str,
        object_info: Information,
        data_format: objects.DataFormatInfo,
        subtype: interfaces.objects.Template | None = None,
        **arguments: Any,
    ) -> None:
        super().__init__(context, type_name, object_info, data_format, subtype=subtype, **arguments)
        self._own_subtype: Any = subtype
        self._cache: dict[str, Object] = {}

    @classmethod
    def _unmarshall(
        cls, context: Context, data_format: objects.DataFormatInfo, object_info: Information
    ) -> int:
        length, order, is_signed = data_format
        if is_signed:
            raise ValueError("Pointers cannot have signed values")
        layers = context.layers
        data = layers.read(object_info.layer_name, object_info.offset, length)
        mask: int = layers[object_info.native_layer_name].address_mask
        return int.from_bytes(data, order) & mask

    def dereference(self, layer_name: str | None = None) -> Object:
        """What the pointer points to, in its own layer if none is named."""
        name = layer_name or self._own_information.native_layer_name
        known = self._cache.get(name)
        if known is None:
            subtype = self._own_subtype
            known = self._cache[name] = subtype(
                context=self._context,
                object_info=interfaces.objects.ObjectInformation(
                    layer_name=name,
                    offset=self & self._context.layers[name].address_mask,
                    parent=self,
                    size=subtype.size,
                    native_layer_name=name,
                ),
            )
        return known

    def has_member(self, member_name: str) -> bool:
        """Whether what is pointed to has a member of this name."""
        return bool(self._own_subtype.has_member(member_name))

    def __getattr__(self, name: str) -> Any:
        if name in ("_cache", "_own_information", "_own_subtype"):
            raise AttributeError("Pointer not initialized before use")
        return getattr(self.dereference(), name)
