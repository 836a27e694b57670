# SPDX-License-Identifier: Apache-2.0
"""The two files of a kernel in a library: its ISF document, and the BTF that it was made from."""

from __future__ import annotations

import hashlib
import json
import lzma
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from ..bits import ALL_BITS
from ..btf import BtfError, Types
from ..kernel import Kernel
from ..kernel.symbols import Symbols

ISF_SUFFIX: Final = ".json.xz"
BTF_SUFFIX: Final = ".btf.xz"

MOST_PACKED: Final = 64 << 20
"""Bytes of one file; a kernel's document has 2 million, its BTF 1.5 million."""

_MOST_DOCUMENT: Final = 512 << 20
_MOST_BTF: Final = 64 << 20
"""Bytes unpacked; a document has 25 million, a BTF 7 million."""

_XZ_MEMORY: Final = 128 << 20
_SHOWN: Final = 3


class TableFileError(ValueError):
    """A file of a library that is damaged, or none; the message says why."""


@dataclass(frozen=True)
class Agreement:
    """How many of an image's symbols a table has at the same address.

    Attributes:
        listed: names that the image lists.
        same: those that the table has at the same link-time address.
        others: a few of those that it has not.
    """

    listed: int
    same: int
    others: tuple[str, ...] = ()

    @property
    def differing(self) -> int:
        """How many are not where the table has them."""
        return self.listed - self.same


def read_document(data: bytes) -> dict[str, Any]:
    """The content of a packed document.

    Raises:
        TableFileError: it is damaged, or has not the parts of one.
    """
    try:
        content = json.loads(unpacked(data, _MOST_DOCUMENT))
    except ValueError as error:
        raise TableFileError(f"not a symbol file: {error}") from error
    parts = ("base_types", "user_types", "enums", "symbols")
    if not isinstance(content, dict) or not all(isinstance(content.get(part), dict) for part in parts):
        raise TableFileError("not a symbol file: it lacks types or symbols")
    return content


def read_btf(data: bytes, digits: str = "") -> Types:
    """The types of packed BTF.

    Args:
        data: the file.
        digits: what the hexadecimal SHA-256 of the BTF must begin with.

    Raises:
        TableFileError: it is damaged, or another BTF.
    """
    btf = unpacked(data, _MOST_BTF)
    if not hashlib.sha256(btf).hexdigest().startswith(digits):
        raise TableFileError("another BTF than its name says")
    try:
        return Types(btf)
    except BtfError as error:
        raise TableFileError(str(error)) from error


def unpacked(data: bytes, most: int) -> bytes:
    """What a file holds that is compressed with xz.

    Raises:
        TableFileError: it is damaged, or holds more than `most` bytes.
    """
    try:
        decompressor = lzma.LZMADecompressor(lzma.FORMAT_XZ, memlimit=_XZ_MEMORY)
        content = decompressor.decompress(data, most)
    except (lzma.LZMAError, EOFError) as error:
        raise TableFileError(f"not whole: {error}") from error
    if not decompressor.eof:
        raise TableFileError("not whole, or far too large")
    return content


def addresses_of(content: Mapping[str, Any]) -> dict[str, int]:
    """The link-time address of each symbol of a document; without those that have none."""
    return {
        name: entry["address"] & ALL_BITS
        for name, entry in content["symbols"].items()
        if isinstance(entry, dict) and isinstance(entry.get("address"), int)
    }


def lowest_addresses(symbols: Symbols, shift: int) -> dict[str, int]:
    """The lowest link-time address of each name, as a document has it.

    Args:
        symbols: what kallsyms lists.
        shift: run-time minus link-time address.
    """
    linked, names = symbols.link_addresses(shift), symbols.names
    order = np.argsort(linked, kind="stable")[::-1]
    addresses = linked.tolist()
    return {names[place]: addresses[place] for place in order.tolist()}


def agreement_of(kernel: Kernel, addresses: Mapping[str, int]) -> Agreement | None:
    """Hold an image's kallsyms against a table; None where it has none, or its KASLR shift is not known.

    A table has the lowest address of a name.
    """
    symbols, shift = kernel.symbols, kernel.kaslr_shift
    if symbols is None or shift is None or not len(symbols):
        return None
    lowest = lowest_addresses(symbols, shift)
    others = [name for name, address in lowest.items() if addresses.get(name) != address]
    return Agreement(len(lowest), len(lowest) - len(others), tuple(sorted(others)[:_SHOWN]))
