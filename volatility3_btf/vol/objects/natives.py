# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""The table of C's own types, with the classes of this package."""

from __future__ import annotations

from typing import Any, Final

from volatility3.framework import interfaces, objects
from volatility3.framework.symbols import native

from .composites import Array
from .pointer import Pointer
from .primitives import BitField, Boolean, Char, Enumeration, Float, Integer
from .templates import LeanTemplate

CLASSES: Final[dict[type[Any], type[Any]]] = {
    objects.Integer: Integer,
    objects.Char: Char,
    objects.Boolean: Boolean,
    objects.Float: Float,
    objects.Pointer: Pointer,
    objects.Array: Array,
    objects.Enumeration: Enumeration,
    objects.BitField: BitField,
}
"""The framework's class → ours; a string is cut where it ends, and what it is then is a plain one."""


class LeanNatives(native.NativeTable):
    """The framework's table of native types, whose templates and objects are ours."""

    def __init__(self, name: str, native_dictionary: dict[str, Any]) -> None:
        super().__init__(name, native_dictionary)
        self._known: dict[str, tuple[type[Any], dict[str, Any]]] = {}

    def get_type(self, type_name: str) -> interfaces.objects.Template:
        """A new template; the caller may change it."""
        known = self._known.get(type_name)
        if known is None:
            values: dict[str, Any] = dict(super().get_type(type_name).vol)
            plain: type[Any] = values.pop("object_class")
            known = self._known[type_name] = CLASSES.get(plain, plain), values
        return LeanTemplate(known[0], **known[1])
