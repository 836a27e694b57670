# SPDX-License-Identifier: LicenseRef-VSL-1.0
"""Cells of tables: what is read for one, or of what kind its absence is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final

from volatility3.framework import exceptions, interfaces, renderers
from volatility3.framework.renderers import format_hints

MOST_TEXT: Final = 128 << 10
"""Bytes of a text in a process's memory that are read (MAX_ARG_STRLEN, include/uapi/linux/binfmts.h)."""

_LONGEST_NAME: Final = 256
"""Bytes of a string in the kernel's memory that are read."""


def read(what: Callable[[], Any]) -> Any:
    """What a function reads from memory; Volatility's UnreadableValue where the memory is not there."""
    try:
        return what()
    except exceptions.InvalidAddressException:
        return renderers.UnreadableValue()


def member(structure: Any, *names: str) -> Any:
    """A member of a member of a structure; NotAvailableValue where this kernel has none, as of `read`."""
    for name in names:
        if not structure.has_member(name):
            return renderers.NotAvailableValue()
        try:
            structure = structure.member(name)
        except exceptions.InvalidAddressException:
            return renderers.UnreadableValue()
    return structure


def hexadecimal(value: Any) -> Any:
    """A number as an address; what is absent stays so."""
    return format_hints.Hex(value) if isinstance(value, int) else value


def kernel_string(pointer: Any) -> Any:
    """The text that a `char *` of the kernel's leads to; NotApplicableValue for a null pointer."""
    if isinstance(pointer, interfaces.renderers.BaseAbsentValue):
        return pointer
    if not pointer:
        return renderers.NotApplicableValue()
    return read(
        lambda: str(pointer.dereference().cast("string", max_length=_LONGEST_NAME, errors="backslashreplace"))
    )


def process_text(task: Any, start: int, end: int) -> Any:
    """Strings in a process's memory, with blanks between them.

    Args:
        task: the process; one without memory of its own has NotApplicableValue.
        start: where they begin.
        end: where they end.
    """
    size = end - start
    if size == 0:
        return renderers.NotApplicableValue()
    if not 0 < size <= MOST_TEXT:
        return renderers.UnparsableValue()
    layer = task.get_address_space_layer()
    if layer is None:
        return renderers.UnreadableValue()
    data = read(lambda: layer.read(start, size))
    if not isinstance(data, bytes):
        return data
    return data.rstrip(b"\0").replace(b"\0", b" ").decode("utf-8", "backslashreplace")
