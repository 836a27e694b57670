# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Numbers: integers, characters, truth values, floating-point numbers, bit fields and enumerations."""

from __future__ import annotations

from typing import Any

from volatility3.framework import objects

from ..lazily import when_asked
from .facts import Context, Information, LeanObject


class LeanPrimitive(LeanObject, objects.PrimitiveObject):
    """A number; it can be copied and sent to another process without its image."""

    def __init__(
        self,
        context: Context,
        type_name: str,
        object_info: Information,
        data_format: objects.DataFormatInfo,
        **arguments: Any,
    ) -> None:
        arguments.pop("new_value", None)
        super().__init__(context, type_name, object_info, data_format=data_format, **arguments)
        self._data_format = data_format

    def __getnewargs_ex__(self) -> tuple[tuple[Any, ...], dict[str, Any]]:
        value = self._struct_type(self)
        others = {name: said for name, said in self._own_arguments.items() if name != "data_format"}
        return (self._context, self._own_type, self._own_information, self._data_format), others | {
            "new_value": value
        }


class LeanInteger(LeanPrimitive):
    """What is read as an integer."""

    @classmethod
    def _unmarshall(
        cls, context: Context, data_format: objects.DataFormatInfo, object_info: Information
    ) -> int:
        length, order, is_signed = data_format
        data = context.layers.read(object_info.layer_name, object_info.offset, length) if length else b""
        return int.from_bytes(data, order, signed=is_signed)


class Integer(LeanInteger, objects.Integer):
    """An integer."""


class Char(LeanInteger, objects.Char):
    """A character, as a number."""


class Boolean(LeanInteger, objects.Boolean):
    """A truth value, as a number."""


class Float(LeanPrimitive, objects.Float):
    """A floating-point number."""


class BitField(LeanObject, objects.BitField):
    """Some bits of an integer."""


class Enumeration(LeanObject, objects.Enumeration):
    """An integer that stands for a name; the names are put into order when one is asked for."""

    @when_asked
    def _inverse_choices(self) -> dict[int, str]:
        names: dict[int, str] = self._generate_inverse_choices(self._own_arguments["choices"])
        return names
